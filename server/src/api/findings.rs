//! What was found, from the store.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use yagura_parsers::Timestamp;
use yagura_parsers::time::parse_any;
use yagura_rules::Level;

use super::{Api, failure};
use crate::finding::{Kind, State as Life};
use crate::store::{Page, Row, Search, StoreError, StoreReader};

/// What is asked for; all parts must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// `open`, `update`, `closed`; several with commas.
    state: Option<String>,
    /// Of this level and above.
    level: Option<String>,
    /// A rule's id.
    rule: Option<String>,
    /// A host, user, address or file that it names, whatever it is.
    entity: Option<String>,
    /// The same, of hosts only.
    host: Option<String>,
    /// From this time on.
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// Text that it contains.
    q: Option<String>,
    /// Rows of a page.
    limit: Option<usize>,
    /// Where the page before ended.
    after: Option<String>,
}

/// `GET /api/v1/incidents`
pub async fn incidents(State(api): State<Api>, question: Asked) -> Response {
    page(api, question, Kind::Incident).await
}

/// `GET /api/v1/alerts`
pub async fn alerts(State(api): State<Api>, question: Asked) -> Response {
    page(api, question, Kind::Alert).await
}

/// `GET /api/v1/detections`
pub async fn detections(State(api): State<Api>, question: Asked) -> Response {
    page(api, question, Kind::Detection).await
}

type Asked = Result<Query<Question>, axum::extract::rejection::QueryRejection>;

async fn page(api: Api, question: Asked, kind: Kind) -> Response {
    let search = match question {
        Ok(Query(question)) => search(question),
        Err(error) => Err(error.body_text()),
    };
    let search = match search {
        Ok(search) => search,
        Err(reason) => return failure(StatusCode::BAD_REQUEST, &reason),
    };
    let read = move |store: StoreReader| match kind {
        Kind::Incident => store.incidents(&search),
        Kind::Alert => store.alerts(&search),
        Kind::Detection => store.detections(&search),
    };
    let name = match kind {
        Kind::Incident => "incidents",
        Kind::Alert => "alerts",
        Kind::Detection => "detections",
    };
    answer(api, read, move |Page { rows, next }| {
        let rows: Vec<Value> = rows.iter().map(record).collect();
        Json(json!({name: rows, "next": next})).into_response()
    })
    .await
}

/// `GET /api/v1/incidents/ID` and the like.
pub async fn one(State(api): State<Api>, Path(id): Path<String>) -> Response {
    let Ok(id) = u128::from_str_radix(&id, 16) else {
        return failure(StatusCode::BAD_REQUEST, "an id has 32 hexadecimal digits");
    };
    answer(
        api,
        move |store| store.get(id),
        |found| match found {
            Some((_, row)) => Json(record(&row)).into_response(),
            None => failure(
                StatusCode::NOT_FOUND,
                "there is nothing of this id in the store",
            ),
        },
    )
    .await
}

/// Asks the store in a thread that may wait for the disk.
async fn answer<T: Send + 'static>(
    api: Api,
    read: impl FnOnce(StoreReader) -> Result<T, StoreError> + Send + 'static,
    write: impl FnOnce(T) -> Response,
) -> Response {
    let Some(path) = api.store else {
        return failure(StatusCode::NOT_FOUND, "this server keeps no store");
    };
    let read = move || StoreReader::open(&path).and_then(read);
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(found)) => write(found),
        Ok(Err(error)) => {
            let status = match error {
                StoreError::Cursor(_) => StatusCode::BAD_REQUEST,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            failure(status, &error.to_string())
        }
        Err(error) => failure(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// The record as it was written; whole, since the store keeps it so.
fn record(row: &Row) -> Value {
    serde_json::from_str(row.record.get()).unwrap_or_else(|_| json!({"id": row.id}))
}

fn search(question: Question) -> Result<Search, String> {
    let (entity, entity_kind) = match (question.entity, question.host) {
        (entity, None) => (entity, None),
        (None, Some(host)) => (Some(host), Some("host".to_owned())),
        (Some(_), Some(_)) => return Err("ask for `entity` or `host`, not for both".to_owned()),
    };
    let after = question.after.map(|after| after.parse());
    Ok(Search {
        states: question.state.as_deref().map_or(Ok(Vec::new()), states)?,
        min_level: question.level.as_deref().map(level).transpose()?,
        rule: question.rule,
        entity,
        entity_kind,
        from: question.from.as_deref().map(time).transpose()?,
        to: question.to.as_deref().map(time).transpose()?,
        text: question.q,
        limit: question.limit.unwrap_or_default(),
        after: after
            .transpose()
            .map_err(|error: StoreError| error.to_string())?,
    })
}

fn states(text: &str) -> Result<Vec<Life>, String> {
    let state = |name: &str| match name {
        "open" => Ok(Life::Open),
        "update" => Ok(Life::Update),
        "closed" => Ok(Life::Closed),
        other => Err(format!(
            "`{other}` is no state; there are open, update, closed"
        )),
    };
    text.split(',').map(state).collect()
}

fn level(name: &str) -> Result<Level, String> {
    let known = Level::ALL.into_iter().find(|level| level.name() == name);
    known.ok_or_else(|| {
        let names = Level::ALL.map(Level::name).join(", ");
        format!("`{name}` is no level; there are {names}")
    })
}

fn time(text: &str) -> Result<Timestamp, String> {
    parse_any(text.as_bytes())
        .ok_or_else(|| format!("`{text}` is no time such as 2026-02-17T08:00:00Z"))
}
