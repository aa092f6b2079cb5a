//! Answers, with the codes that Splunk documents for its collector.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::input::http::{json, later};

/// What an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Success,
    TokenRequired,
    InvalidAuthorization,
    InvalidToken,
    NoData,
    InvalidFormat,
    Busy,
    ChannelMissing,
    EventRequired,
    EventBlank,
    InvalidFields,
    Healthy,
    Stopping,
}

impl Code {
    fn parts(self) -> (u8, StatusCode, &'static str) {
        match self {
            Self::Success => (0, StatusCode::OK, "Success"),
            Self::TokenRequired => (2, StatusCode::UNAUTHORIZED, "Token is required"),
            Self::InvalidAuthorization => (3, StatusCode::UNAUTHORIZED, "Invalid authorization"),
            Self::InvalidToken => (4, StatusCode::FORBIDDEN, "Invalid token"),
            Self::NoData => (5, StatusCode::BAD_REQUEST, "No data"),
            Self::InvalidFormat => (6, StatusCode::BAD_REQUEST, "Invalid data format"),
            Self::Busy => (9, StatusCode::SERVICE_UNAVAILABLE, "Server is busy"),
            Self::ChannelMissing => (10, StatusCode::BAD_REQUEST, "Data channel is missing"),
            Self::EventRequired => (12, StatusCode::BAD_REQUEST, "Event field is required"),
            Self::EventBlank => (13, StatusCode::BAD_REQUEST, "Event field cannot be blank"),
            Self::InvalidFields => {
                let text = "Error in handling indexed fields";
                (15, StatusCode::BAD_REQUEST, text)
            }
            Self::Healthy => (17, StatusCode::OK, "HEC is healthy"),
            Self::Stopping => (
                23,
                StatusCode::SERVICE_UNAVAILABLE,
                "Server is shutting down",
            ),
        }
    }
}

/// One answer.
#[derive(Debug, Serialize)]
pub(super) struct Reply {
    text: String,
    code: u8,
    #[serde(
        rename = "invalid-event-number",
        skip_serializing_if = "Option::is_none"
    )]
    number: Option<u64>,
    #[serde(rename = "ackId", skip_serializing_if = "Option::is_none")]
    ack_id: Option<u64>,
    #[serde(skip)]
    status: StatusCode,
}

impl From<Code> for Reply {
    fn from(code: Code) -> Self {
        let (code, status, text) = code.parts();
        Self {
            text: text.to_owned(),
            code,
            number: None,
            ack_id: None,
            status,
        }
    }
}

impl Reply {
    /// Names the event that is wrong.
    pub(super) fn at(self, number: Option<u64>) -> Self {
        Self { number, ..self }
    }

    /// Names the id by which the client asks for the acknowledgement.
    pub(super) fn acknowledged_by(self, ack_id: Option<u64>) -> Self {
        Self { ack_id, ..self }
    }

    /// Says it more exactly than the code does.
    pub(super) fn with(self, status: StatusCode, text: &str) -> Self {
        let text = format!("{}: {text}", self.text);
        Self {
            text,
            status,
            ..self
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let answer = json(self.status, &self);
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => later(answer),
            _ => answer,
        }
    }
}
