//! OTLP over gRPC by HTTP/2, and as protobuf: the same records as from JSON.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::net::TcpStream;
use yagura_server::DropReason;

use crate::stage::{Disk, Stage, limits};

const PATH: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

fn text(text: &str) -> AnyValue {
    AnyValue {
        value: Some(Value::StringValue(text.to_owned())),
    }
}

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(text(value)),
        ..KeyValue::default()
    }
}

fn export() -> Vec<u8> {
    let record = LogRecord {
        time_unix_nano: 1_700_000_000_000_000_000,
        severity_number: 9,
        severity_text: "INFO".to_owned(),
        body: Some(text("started")),
        attributes: vec![pair("source.ip", "192.0.2.7")],
        trace_id: vec![0xAB; 16],
        ..LogRecord::default()
    };
    let scope_logs = ScopeLogs {
        scope: Some(InstrumentationScope {
            name: "shop".to_owned(),
            ..InstrumentationScope::default()
        }),
        log_records: vec![record],
        ..ScopeLogs::default()
    };
    let resource_logs = ResourceLogs {
        resource: Some(Resource {
            attributes: vec![pair("host.name", "web01")],
            ..Resource::default()
        }),
        scope_logs: vec![scope_logs],
        ..ResourceLogs::default()
    };
    ExportLogsServiceRequest {
        resource_logs: vec![resource_logs],
    }
    .encode_to_vec()
}

const JSON: &str = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"host.name","value":{"stringValue":"web01"}}]},
 "scopeLogs":[{"scope":{"name":"shop"},"logRecords":[{"timeUnixNano":"1700000000000000000",
 "severityNumber":9,"severityText":"INFO","body":{"stringValue":"started"},
 "attributes":[{"key":"source.ip","value":{"stringValue":"192.0.2.7"}}],
 "traceId":"abababababababababababababababab"}]}]}]}"#;

fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag], &len[..], message].concat()
}

/// Calls the method over a connection of its own; the frame and the status.
async fn call(stage: &Stage, encoding: &str, body: Vec<u8>) -> (Bytes, HeaderMap) {
    let stream = TcpStream::connect(stage.address).await.unwrap();
    let executor = TokioExecutor::new();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(executor, TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = Request::post(format!("http://{}{PATH}", stage.address))
        .header("content-type", "application/grpc")
        .header("grpc-encoding", encoding)
        .header("authorization", "Bearer t0ken")
        .body(Full::<Bytes>::from(body))
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let head = answer.headers().clone();
    let body = answer.into_body().collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or(head);
    (body.to_bytes(), trailers)
}

fn gzip(message: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(message).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn all_three_ways_give_the_same_record() {
    let stage = Stage::new("otlp").await;
    for (flag, encoding, message) in [(0, "identity", export()), (1, "gzip", gzip(&export()))] {
        let (answer, status) = call(&stage, encoding, frame(flag, &message)).await;
        assert_eq!(status["grpc-status"], "0");
        let response = ExportLogsServiceResponse::decode(&answer[5..]).unwrap();
        assert_eq!(response.partial_success, None);
    }
    let kind = "Content-Type: application/x-protobuf\r\n";
    assert_eq!(
        stage.post("/v1/logs", kind, &export()).await,
        (200, String::new())
    );
    let kind = "Content-Type: application/json\r\n";
    let (status, answer) = stage.post("/v1/logs", kind, JSON.as_bytes()).await;
    assert_eq!((status, &*answer), (200, "{}"));
    let stored = stage.stored();
    let records: Vec<&str> = stored.lines().collect();
    assert_eq!(records.len(), 4, "{stored}");
    assert!(
        records.iter().all(|record| record == &records[0]),
        "{stored}"
    );
    let expected = concat!(
        r#"{"body":"started","source.ip":"192.0.2.7","host.name":"web01","#,
        r#""timeUnixNano":"1700000000000000000","severity":"INFO","severityNumber":9,"#,
        r#""traceId":"abababababababababababababababab","otel.scope.name":"shop"}"#,
    );
    assert_eq!(records[0], expected);
}

#[tokio::test]
async fn errors_have_a_status() {
    let stage = Stage::with("otlp", r#"{"tokens":["other"]}"#, Disk::Stores, limits()).await;
    let (_, status) = call(&stage, "identity", frame(0, &export())).await;
    assert_eq!(status["grpc-status"], "16");
    assert_eq!(stage.dropped(DropReason::Unauthorised), 1);

    let stage = Stage::with("otlp", "{}", Disk::Refuses, limits()).await;
    let (_, status) = call(&stage, "identity", frame(0, &export())).await;
    assert_eq!(status["grpc-status"], "14");

    let stage = Stage::new("otlp").await;
    let bomb = gzip(&vec![0; 2 << 20]);
    for (flag, encoding, message) in [
        (0, "identity", &b"\xFF\xFF\xFF"[..]),
        (1, "gzip", b"no gzip"),
        (1, "gzip", &bomb),
        (2, "identity", b""),
    ] {
        let (_, status) = call(&stage, encoding, frame(flag, message)).await;
        assert_eq!(status["grpc-status"], "3", "{flag} {encoding}");
    }
    let (_, status) = call(&stage, "snappy", frame(1, b"")).await;
    assert_eq!(status["grpc-status"], "12");
    assert_eq!(stage.dropped(DropReason::Malformed), 4);
    assert_eq!(stage.dropped(DropReason::TooLarge), 1);
}

/// Nor are many that share something large.
#[tokio::test]
async fn records_grow_only_so_far() {
    let stage = Stage::new("otlp").await;
    let large = pair("a", &"x".repeat(200_000));
    let resource_logs = ResourceLogs {
        resource: Some(Resource {
            attributes: vec![large],
            ..Resource::default()
        }),
        scope_logs: vec![ScopeLogs {
            log_records: vec![LogRecord::default(); 1000],
            ..ScopeLogs::default()
        }],
        ..ResourceLogs::default()
    };
    let message = ExportLogsServiceRequest {
        resource_logs: vec![resource_logs],
    };
    let kind = "Content-Type: application/x-protobuf\r\n";
    let (status, _) = stage.post("/v1/logs", kind, &message.encode_to_vec()).await;
    assert_eq!((status, &*stage.stored()), (413, ""));
    assert_eq!(stage.dropped(DropReason::TooLarge), 1);
}

/// Two bytes of a message can become two hundred in memory: those are read one at a time.
#[tokio::test]
async fn many_empty_records_are_no_burden() {
    let stage = Stage::new("otlp").await;
    let records = [0x12, 0].repeat(100_000);
    let scope_logs = [&[0x12, 0xC0, 0x9A, 0x0C], &records[..]].concat();
    let len = u8::try_from(scope_logs.len() & 0x7F).unwrap() | 0x80;
    let (low, high) = (
        (scope_logs.len() >> 7) as u8 | 0x80,
        (scope_logs.len() >> 14) as u8,
    );
    let message = [&[0x0A, len, low, high], &scope_logs[..]].concat();
    let kind = "Content-Type: application/x-protobuf\r\n";
    let (status, answer) = stage.post("/v1/logs", kind, &message).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        stage
            .parcels()
            .iter()
            .map(|parcel| parcel.records)
            .sum::<u32>(),
        100_000
    );
}
