//! Whatever is sent: no panic, no fault of the server, and the next client is served.

use axum::body::Body;
use axum::http::Request;
use proptest::prelude::*;
use tower::ServiceExt;
use yagura_server::input::Context;

use crate::stage::{Stage, router};

const PATHS: [(&str, &str); 11] = [
    ("ingest", "/ingest"),
    ("ingest", "/ingest/json"),
    ("ingest", "/ingest/xml"),
    ("ingest", "/ingest/auditd"),
    ("bulk", "/_bulk"),
    ("bulk", "/logs/_bulk"),
    ("hec", "/services/collector"),
    ("hec", "/services/collector/raw"),
    ("hec", "/services/collector/ack?channel=a"),
    ("otlp", "/v1/logs"),
    (
        "otlp",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    ),
];

/// Pieces of which bodies of these protocols are made, and some that nobody sends.
const PIECES: [&str; 24] = [
    "{\"index\":{}}",
    "{\"create\":{\"_index\":\"a\",\"_id\":\"b\"}}",
    "{\"delete\":{}}",
    "\n",
    "{\"event\":\"text\"}",
    "{\"event\":{\"a\":1},\"time\":1.5}",
    "{\"event\":\"CEF:0|a|b|c|d|e|1|\"}",
    "{\"resourceLogs\":[",
    "{\"scopeLogs\":[",
    "{\"logRecords\":[",
    "{\"body\":{\"stringValue\":\"a\"}}",
    "]}",
    "{",
    "}",
    "[",
    "]",
    ",",
    "\"",
    "\\",
    "<Event>",
    "</Event>",
    "type=A msg=audit(1.0:1): a=b",
    "{\"acks\":[0,1]}",
    "\u{0}\u{1}",
];

fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES.to_vec()).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop_oneof![
        3 => prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
}

async fn status(
    context: &Context,
    input: &str,
    path: &str,
    encoding: &str,
    kind: &str,
    body: Vec<u8>,
) -> u16 {
    let request = Request::post(path)
        .header("content-encoding", encoding)
        .header("content-type", kind)
        .body(Body::from(body))
        .unwrap();
    let router = router(input, "{}", context.clone());
    router.oneshot(request).await.unwrap().status().as_u16()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bad_input_is_no_fault_of_the_server(
        (input, path) in prop::sample::select(PATHS.to_vec()),
        encoding in prop::sample::select(vec!["identity", "identity", "identity", "gzip", "zstd", "deflate", "br"]),
        kind in prop::sample::select(vec!["application/json", "application/x-protobuf", "text/plain"]),
        body in body(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let status = runtime.block_on(async {
            let stage = Stage::new(input).await;
            let status = status(&stage.context, input, path, encoding, kind, body).await;
            for parcel in stage.parcels() {
                let ends = memchr::memchr_iter(b'\n', &parcel.bytes).count();
                assert!(parcel.records > 0 && ends > 0);
                if matches!(parcel.format.name(), "jsonl" | "syslog" | "raw") {
                    assert_eq!(ends, parcel.records as usize);
                }
            }
            status
        });
        prop_assert!(status < 500, "{status}");
    }
}
