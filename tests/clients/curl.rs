//! curl.

use super::receiver::Receiver;
use super::{MESSAGES, succeed, system};

#[test]
fn posts_a_file_to_ingest() {
    let Some(curl) = system("curl") else { return };
    let receiver = Receiver::start();
    let body = format!("@{}", receiver.lines(MESSAGES).display());
    let url = format!("http://{}/ingest/raw", receiver.address("http"));
    succeed(
        curl,
        &[
            "--fail",
            "--silent",
            "--show-error",
            "--data-binary",
            &body,
            &url,
        ],
    );
    receiver.has_all_from("http");
}
