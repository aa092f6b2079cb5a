//! What a message body says, before it becomes fields.

use super::peer::{Peer, is_address};
use crate::event::FieldId;
use crate::fields;
use crate::writer::EventWriter;

/// Whether what was tried came to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Failure,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
        }
    }
}

/// The facts that many programs have in common. `action` is always there, the rest as far as it
/// was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts<'a> {
    pub(super) action: &'a str,
    pub(super) outcome: Option<Outcome>,
    pub(super) user: Option<&'a [u8]>,
    pub(super) target_user: Option<&'a [u8]>,
    pub(super) peer: Peer<'a>,
    pub(super) method: Option<&'a [u8]>,
    pub(super) reason: Option<&'a [u8]>,
    pub(super) command: Option<&'a [u8]>,
    pub(super) tty: Option<&'a [u8]>,
    pub(super) group: Option<&'a [u8]>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(action: &'a str) -> Self {
        Self {
            action,
            ..Self::default()
        }
    }

    pub(super) fn success(action: &'a str) -> Self {
        Self {
            outcome: Some(Outcome::Success),
            ..Self::of(action)
        }
    }

    pub(super) fn failure(action: &'a str) -> Self {
        Self {
            outcome: Some(Outcome::Failure),
            ..Self::of(action)
        }
    }

    pub(super) fn user(self, user: &'a [u8]) -> Self {
        Self {
            user: Some(user),
            ..self
        }
    }

    pub(super) fn target_user(self, user: &'a [u8]) -> Self {
        Self {
            target_user: Some(user),
            ..self
        }
    }

    pub(super) fn peer(self, peer: Peer<'a>) -> Self {
        Self { peer, ..self }
    }

    pub(super) fn reason(self, reason: &'a [u8]) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    /// Adds them to the event under construction.
    pub(super) fn emit(&self, out: &mut EventWriter<'_>) {
        out.text(fields::ACTION, self.action.as_bytes());
        if let Some(outcome) = self.outcome {
            out.text(fields::OUTCOME, outcome.name().as_bytes());
        }
        let parts = [
            (fields::USER, self.user),
            (fields::TARGET_USER, self.target_user),
            (fields::METHOD, self.method),
            (fields::REASON, self.reason),
            (fields::COMMAND, self.command),
            (fields::TTY, self.tty),
            (fields::GROUP, self.group),
        ];
        for (field, value) in parts {
            if let Some(value) = value {
                out.text(field, value);
            }
        }
        emit_peer(self.peer, out);
    }
}

/// The other side, as address or as name.
pub(super) fn emit_peer(peer: Peer<'_>, out: &mut EventWriter<'_>) {
    emit_host(peer.address, out);
    emit_host(peer.host, out);
    if !peer.port.is_empty() {
        out.text(fields::SRC_PORT, peer.port);
    }
}

fn emit_host(host: &[u8], out: &mut EventWriter<'_>) {
    if host.is_empty() || host == b"UNKNOWN" || host == b"unknown" {
        return;
    }
    let field: FieldId = if is_address(host) {
        fields::SRC_IP
    } else {
        fields::SRC_HOST
    };
    out.text(field, host);
}
