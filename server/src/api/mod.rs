//! What the server tells about itself and about what was found, over HTTP.
//!
//! ```text
//!  /healthz  /readyz      alive, ready to take events         no token needed
//!  /metrics               Prometheus
//!  /api/v1/…              status, sources, rules, findings; `openapi.yml` describes them
//! ```

mod findings;
mod metrics;
mod token;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_rustls::rustls::ServerConfig;
use yagura_parsers::Timestamp;

use crate::config::Secret;
use crate::http;
use crate::input::http::Tokens;
use crate::input::ingest::{self, IngestSettings};
use crate::input::listener::Listener;
use crate::input::{Context, InputError};
use crate::output::OutputStatus;
use crate::source::{DropReason, Source, Sources};
use crate::storing;

pub use metrics::Exposition;

/// What the API asks of whoever evaluates events.
pub trait Engine: Send + Sync {
    /// Its figures, for `/api/v1/status`.
    fn status(&self) -> Value;

    /// Its figures, for `/metrics`.
    fn metrics(&self, out: &mut Exposition);

    /// The rules in force, with how often each matched.
    fn rules(&self) -> Vec<RuleStatus>;

    /// Loads rules again.
    ///
    /// # Errors
    /// What is wrong with them; those before stay in force.
    fn reload(&self) -> Result<Value, String>;

    /// What the rules in force say to some events, alone: detections as records.
    ///
    /// # Errors
    /// The format is none.
    fn test(&self, events: &[u8], format: Option<&str>) -> Result<Value, String>;
}

/// A rule in force.
#[derive(Clone, Debug, Serialize)]
pub struct RuleStatus {
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its title.
    pub title: String,
    /// Its level.
    pub level: &'static str,
    /// What it is: `detection`, `correlation`, `sequence`.
    pub kind: &'static str,
    /// Events that matched; of correlations and sequences `null`.
    pub matches: Option<u64>,
    /// Nanoseconds that a thousand events cost because of it, by samples; `null`: none yet, or
    /// not told of such rules.
    pub cost_ns: Option<u64>,
}

/// What the API works with.
#[derive(Clone)]
pub struct Api {
    /// Rules and figures.
    pub engine: Arc<dyn Engine>,
    /// Who sends.
    pub sources: Sources,
    /// The spool.
    pub spool: storing::Handle,
    /// How the outputs do.
    pub outputs: Arc<dyn Fn() -> Vec<OutputStatus> + Send + Sync>,
    /// The file of what was found.
    pub store: Option<Arc<Path>>,
    /// What callers have to show.
    pub token: Option<Secret>,
    /// Whether all inputs run.
    pub ready: Arc<AtomicBool>,
    /// When the server started.
    pub started: Timestamp,
    /// The inputs: name, type, address.
    pub inputs: Arc<Vec<InputReport>>,
}

/// An input, as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct InputReport {
    /// Its name.
    pub name: String,
    /// Its type.
    pub r#type: String,
    /// Where it listens.
    pub address: Option<String>,
}

/// The description of all this.
const OPENAPI: &str = include_str!("openapi.yml");

/// Binds a listener for the API and `/ingest`; the future serves until inputs have to stop.
///
/// # Errors
/// The address is taken, or not of this machine.
pub async fn bind(
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    api: Api,
    context: Context,
) -> Result<(SocketAddr, impl Future<Output = ()> + Send), InputError> {
    let listener = Listener::bind(address, tls, context.clone()).await?;
    let address = listener.address();
    let token = api.token.iter().map(Secret::reveal);
    let settings = IngestSettings {
        tokens: Tokens::new(token),
    };
    let router = router(api).merge(ingest::router(context, settings));
    Ok((address, http::run(listener, router)))
}

/// All routes. Those that need a token have it asked for.
pub fn router(api: Api) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(metrics::page))
        .route("/api/v1/status", get(status))
        .route("/api/v1/sources", get(sources))
        .route("/api/v1/rules", get(rules))
        .route("/api/v1/rules/reload", post(reload))
        .route("/api/v1/rules/test", post(test))
        .route("/api/v1/incidents", get(findings::incidents))
        .route("/api/v1/incidents/{id}", get(findings::one))
        .route("/api/v1/alerts", get(findings::alerts))
        .route("/api/v1/alerts/{id}", get(findings::one))
        .route("/api/v1/detections", get(findings::detections))
        .route_layer(middleware::from_fn_with_state(api.clone(), token::check));
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/api/v1/openapi.yml", get(openapi))
        .merge(guarded)
        .with_state(api)
}

/// Alive. Trouble of the spool is told, and is no reason to restart the process.
async fn health(State(api): State<Api>) -> Response {
    let health = api.spool.health();
    let body = match health.trouble {
        None => json!({"status": "ok"}),
        Some(trouble) => json!({"status": "not accepting", "reason": &*trouble.reason}),
    };
    Json(body).into_response()
}

/// Whether events are taken: 503 says not now.
async fn ready(State(api): State<Api>) -> Response {
    if !api.ready.load(Ordering::Relaxed) {
        let body = json!({"status": "starting or stopping"});
        return (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    }
    match api.spool.health().trouble {
        None => Json(json!({"status": "ready"})).into_response(),
        Some(trouble) => {
            let body = json!({"status": "not accepting", "reason": &*trouble.reason});
            (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
        }
    }
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], OPENAPI).into_response()
}

async fn status(State(api): State<Api>) -> Json<Value> {
    let spool = api.spool.health();
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "started": time(api.started),
        "spool": {
            "used_bytes": spool.used_bytes,
            "limit_bytes": spool.limit_bytes,
            "segments": spool.segments,
            "durable": spool.durable.get(),
            "commits": spool.commits,
            "trouble": spool.trouble.map(|trouble| trouble.reason.to_string()),
        },
        "inputs": &*api.inputs,
        "outputs": (api.outputs)(),
        "engine": api.engine.status(),
    }))
}

async fn sources(State(api): State<Api>) -> Json<Value> {
    let all = api.sources.all();
    Json(json!({"sources": all.iter().map(source).collect::<Vec<_>>()}))
}

fn source(source: &Source) -> Value {
    let counters = source.counters();
    let of = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    let dropped = DropReason::ALL.map(|why| (why.name().to_owned(), counters.dropped(why).into()));
    json!({
        "name": source.name(),
        "input": source.input(),
        "received": of(&counters.received),
        "bytes": of(&counters.bytes),
        "parsed": of(&counters.parsed),
        "unparsed": of(&counters.unparsed),
        "cut": of(&counters.cut),
        "connections": of(&counters.connections),
        "open": of(&counters.open),
        "dropped": serde_json::Map::from_iter(dropped),
        "last_seen": counters.last_seen().map(time),
    })
}

async fn rules(State(api): State<Api>) -> Json<Value> {
    Json(json!({"rules": api.engine.rules()}))
}

/// 200 with what is in force now, or 422 with what is wrong; then those before stay in force.
async fn reload(State(api): State<Api>) -> Response {
    let engine = Arc::clone(&api.engine);
    match tokio::task::spawn_blocking(move || engine.reload()).await {
        Ok(Ok(now)) => Json(now).into_response(),
        Ok(Err(report)) => failure(StatusCode::UNPROCESSABLE_ENTITY, &report),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// How events of a test are to be read.
#[derive(Debug, Deserialize)]
struct TestQuery {
    format: Option<String>,
}

async fn test(State(api): State<Api>, Query(query): Query<TestQuery>, body: Bytes) -> Response {
    let engine = Arc::clone(&api.engine);
    let tested = move || engine.test(&body, query.format.as_deref());
    match tokio::task::spawn_blocking(tested).await {
        Ok(Ok(found)) => Json(found).into_response(),
        Ok(Err(reason)) => failure(StatusCode::BAD_REQUEST, &reason),
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn failure(status: StatusCode, reason: &str) -> Response {
    (status, Json(json!({"error": reason}))).into_response()
}

fn time(time: Timestamp) -> String {
    time.to_string()
}
