//! Who may ask.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use subtle::ConstantTimeEq;

use super::{Api, failure};

/// Lets a request pass that shows the token, if one is needed.
pub async fn check(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(token) = &api.token else {
        return next.run(request).await;
    };
    let shown = request.headers().get(header::AUTHORIZATION);
    let shown = shown.and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let matches = shown.is_some_and(|shown| shown.ct_eq(token.reveal().as_bytes()).into());
    if matches {
        next.run(request).await
    } else {
        let reason = "show the API's token: `Authorization: Bearer TOKEN`";
        failure(StatusCode::UNAUTHORIZED, reason)
    }
}
