//! What clients ask before they send: is this Elasticsearch, which version, may I, is my index
//! template there. Everything they want to set up is there already, or acknowledged.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, head};
use axum::{Router, middleware};
use serde_json::{Value, json as value};

use super::{PRODUCT, error, unauthorised};
use crate::input::http::{Door, json};

/// One name for the cluster, its node and its license: there is only one.
const NAME: &str = "yagura";
const UUID: &str = "00000000-0000-4000-8000-796167757261";

/// Things that clients create, look for and delete by name.
const SETTINGS: [&str; 12] = [
    "/_ilm/policy/{name}",
    "/_index_template/{name}",
    "/_component_template/{name}",
    "/_template/{name}",
    "/_ingest/pipeline/{name}",
    "/_data_stream/{name}",
    "/_alias/{name}",
    "/_cluster/settings",
    "/_ilm/status",
    "/{index}/_settings",
    "/{index}/_mapping",
    "/{index}/_alias/{name}",
];

pub(super) fn router(door: Arc<Door>, version: &str) -> Router {
    let root = root(version);
    let nodes = nodes(version);
    let mut router = Router::new()
        .route("/", answers(root))
        .route("/_license", answers(license()))
        .route("/_xpack", answers(xpack()))
        .route("/_xpack/usage", answers(value!({})))
        .route("/_security/_authenticate", answers(user()))
        .route("/_cluster/health", answers(health()))
        .route("/_cluster/health/{index}", answers(health()))
        .route("/_cat/health", get(async || "yagura green\n"))
        .route("/_nodes", answers(nodes.clone()))
        .route("/_nodes/{*what}", answers(nodes))
        .route("/{index}", head(async || StatusCode::OK).put(acknowledge));
    for path in SETTINGS {
        router = router.route(path, any(acknowledge));
    }
    router.layer(middleware::from_fn_with_state(door, admit))
}

async fn admit(
    State(door): State<Arc<Door>>,
    request: Request<Body>,
    next: middleware::Next,
) -> Response {
    let source = door.source(request.extensions());
    if door.admit(request.headers(), &source).is_err() {
        return unauthorised();
    }
    ([PRODUCT], next.run(request).await).into_response()
}

fn answers(body: Value) -> axum::routing::MethodRouter {
    get(async move || json(StatusCode::OK, &body))
}

/// Found, if it is looked for; done, if it is set.
async fn acknowledge(method: Method) -> Response {
    match method {
        Method::GET | Method::HEAD => json(StatusCode::OK, &value!({})),
        Method::PUT | Method::POST | Method::DELETE => {
            json(StatusCode::OK, &value!({ "acknowledged": true }))
        }
        _ => error(
            StatusCode::METHOD_NOT_ALLOWED,
            "illegal_argument_exception",
            "the method is not known here",
        ),
    }
}

fn root(version: &str) -> Value {
    value!({
        "name": NAME,
        "cluster_name": NAME,
        "cluster_uuid": UUID,
        "version": {
            "number": version,
            "build_flavor": "default",
            "build_type": "tar",
            "build_hash": "0000000000000000000000000000000000000000",
            "build_date": "2025-01-01T00:00:00.000Z",
            "build_snapshot": false,
            "lucene_version": "9.12.2",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    })
}

fn license() -> Value {
    value!({ "license": {
        "status": "active",
        "uid": UUID,
        "type": "basic",
        "issued_to": NAME,
        "issuer": "elasticsearch",
        "start_date_in_millis": -1,
    } })
}

fn xpack() -> Value {
    let on = value!({ "available": true, "enabled": true });
    value!({
        "license": { "uid": UUID, "type": "basic", "mode": "basic", "status": "active" },
        "features": { "ilm": on, "security": on, "data_streams": on },
        "tagline": "You know, for X",
    })
}

fn user() -> Value {
    value!({ "username": NAME, "roles": [], "enabled": true, "authentication_type": "token" })
}

fn health() -> Value {
    value!({
        "cluster_name": NAME,
        "status": "green",
        "timed_out": false,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": 1,
        "active_shards": 1,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": 0,
        "active_shards_percent_as_number": 100.0,
    })
}

/// Without addresses: clients that look for further nodes stay with the one they know.
fn nodes(version: &str) -> Value {
    let node = value!({ "name": NAME, "version": version, "roles": ["ingest"], "plugins": [] });
    value!({
        "_nodes": { "total": 1, "successful": 1, "failed": 0 },
        "cluster_name": NAME,
        "nodes": { UUID: node },
    })
}
