//! `logger` of util-linux.

use super::receiver::Receiver;
use super::{MESSAGES, succeed, system};

fn sends_to(input: &str, options: &[&str]) {
    let Some(mut logger) = system("logger") else {
        return;
    };
    let receiver = Receiver::start();
    let address = receiver.address(input);
    logger.args(["--server", &address.ip().to_string()]);
    logger.args(["--port", &address.port().to_string(), "--file"]);
    logger.arg(receiver.lines(MESSAGES));
    succeed(logger, options);
    receiver.has_all_from(input);
}

#[test]
fn over_udp() {
    sends_to("syslog-udp", &["--udp"]);
}

#[test]
fn over_tcp_by_lines() {
    sends_to("syslog-tcp", &["--tcp", "--rfc3164"]);
}

#[test]
fn over_tcp_by_length() {
    sends_to("syslog-tcp", &["--tcp", "--rfc5424", "--octet-count"]);
}
