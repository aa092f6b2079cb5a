//! Clients of `PyPI`, by `send.py`.

use std::process::Command;

use super::receiver::Receiver;
use super::{MESSAGES, installed, succeed};

fn sends_to(input: &str, client: &str) {
    let Some(root) = installed("python") else {
        return;
    };
    let receiver = Receiver::start();
    let address = receiver.address(input);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/send.py");
    succeed(
        Command::new(root.join("bin/python")),
        &[
            script,
            client,
            &address.ip().to_string(),
            &address.port().to_string(),
            &MESSAGES.to_string(),
        ],
    );
    receiver.has_all_from(input);
}

#[test]
fn elasticsearch_bulk_helper() {
    sends_to("elasticsearch", "elasticsearch");
}

#[test]
fn pylogbeat() {
    sends_to("beats", "pylogbeat");
}

#[test]
fn fluent_logger() {
    sends_to("forward", "fluent-logger");
}

#[test]
fn opentelemetry_over_grpc() {
    sends_to("otlp-grpc", "otlp-grpc");
}

#[test]
fn opentelemetry_over_http() {
    sends_to("otlp-http", "otlp-http");
}
