//! What holds for all inputs: slow clients, limits, and the end.

use std::io::Write;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use yagura_server::{DropReason, Limits};

use crate::stage::{Disk, PATIENCE, Stage, limits};

fn impatient() -> Limits {
    Limits {
        handshake: Duration::from_millis(50),
        ..limits()
    }
}

#[tokio::test]
async fn bombs_are_refused() {
    let stage = Stage::new("ingest").await;
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b'a'; 20 << 20]).unwrap();
    let bomb = bomb.finish().unwrap();
    let (status, answer) = stage
        .post("/ingest", "Content-Encoding: gzip\r\n", &bomb)
        .await;
    assert_eq!(status, 413, "{answer}");
    assert_eq!(stage.dropped(DropReason::TooLarge), 1);
    assert_eq!(stage.stored(), "");
}

#[tokio::test]
async fn bodies_of_unknown_length_are_limited() {
    let stage = Stage::new("ingest").await;
    let mut request =
        b"POST /ingest HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..40 {
        request.extend_from_slice(b"10000\r\n");
        request.extend_from_slice(&vec![b'a'; 0x10000]);
        request.extend_from_slice(b"\r\n");
    }
    stage.talk(&request).await;
    assert_eq!(stage.dropped(DropReason::TooLarge), 1);
}

/// A byte now and then keeps the connection, but not for ever.
#[tokio::test]
async fn slow_bodies_are_answered() {
    let stage = Stage::with("ingest", "{}", Disk::Stores, impatient()).await;
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    let head = b"POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let answer = drip(&mut stream, b"a").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(stage.dropped(DropReason::TimedOut), 1);
}

#[tokio::test]
async fn slow_heads_end() {
    let stage = Stage::with("ingest", "{}", Disk::Stores, impatient()).await;
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    stream
        .write_all(b"POST /ingest HTTP/1.1\r\nX-Long: ")
        .await
        .unwrap();
    assert_eq!(drip(&mut stream, b"a").await, "");
    let counted = async {
        while stage.dropped(DropReason::TimedOut) == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, counted).await.unwrap();
}

/// Writes a byte every few milliseconds until the server answers or closes.
async fn drip(stream: &mut TcpStream, byte: &[u8]) -> String {
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    let drip = async {
        while writing.write_all(byte).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        std::future::pending::<()>().await;
    };
    let read = async {
        let _ = reading.read_to_end(&mut answer).await;
    };
    let either = async {
        tokio::select! { () = drip => {}, () = read => {} }
    };
    timeout(PATIENCE, either).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A connection that waits for its next request is not in a hurry.
#[tokio::test]
async fn connections_are_kept_between_requests() {
    let stage = Stage::with("ingest", "{}", Disk::Stores, impatient()).await;
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    for round in 0..3 {
        let request =
            format!("POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n{round}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 15];
        timeout(PATIENCE, stream.read_exact(&mut answer))
            .await
            .unwrap()
            .unwrap();
        let mut rest = vec![0; 4096];
        while !rest.windows(12).any(|end| end == br#""refused":0}"#) {
            let read = timeout(PATIENCE, stream.read(&mut rest)).await.unwrap();
            assert!(read.unwrap() > 0);
        }
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        tokio::time::sleep(impatient().handshake * 2).await;
    }
    assert_eq!(stage.stored(), "0\n1\n2\n");
}

#[tokio::test]
async fn what_is_no_http_is_counted() {
    let stage = Stage::new("ingest").await;
    let answer = stage.talk(b"\x16\x03\x01 no request\r\n\r\n").await;
    assert!(answer.starts_with(b"HTTP/1.1 400 "));
    let counted = async {
        while stage.dropped(DropReason::Malformed) == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, counted).await.unwrap();
}

/// What is under way is answered, and nothing hangs.
#[tokio::test]
async fn the_server_stops() {
    let stage = Stage::new("ingest").await;
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    let head = b"POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na";
    stream.write_all(head).await.unwrap();
    let idle = TcpStream::connect(stage.address).await.unwrap();
    let under_way = async {
        while stage.context.sources.all().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, under_way).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stage.context.stop.cancel();
    stream.write_all(b"b").await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 200 OK"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    timeout(PATIENCE, stage.server).await.unwrap().unwrap();
    drop(idle);
}
