use std::io::Write;

use axum::http::HeaderValue;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use tokio::io::AsyncWriteExt;

use super::*;

fn limits() -> Limits {
    Limits {
        line_bytes: 1000,
        batch_bytes: 100_000,
        handshake: Duration::from_millis(100),
        room: Duration::from_millis(100),
        ..Limits::default()
    }
}

fn encoded(encoding: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    headers
}

async fn read(encoding: &'static str, body: Vec<u8>) -> Result<Bytes, Unreadable> {
    let room = BodyRoom::new(&limits());
    let contents = room.read(&encoded(encoding), Body::from(body)).await?;
    Ok(contents.bytes.clone())
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[tokio::test]
async fn every_encoding_is_undone() {
    let text = b"one\ntwo\n".repeat(20);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&text).unwrap();
    let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
    bare.write_all(&text).unwrap();
    let two_members = [gzip(&text[..8]), gzip(&text[8..])].concat();
    for (encoding, packed) in [
        ("gzip", gzip(&text)),
        ("X-GZIP", two_members),
        ("deflate", zlib.finish().unwrap()),
        ("deflate", bare.finish().unwrap()),
        ("zstd", zstd::encode_all(&text[..], 3).unwrap()),
        ("identity", text.clone()),
    ] {
        assert_eq!(
            read(encoding, packed).await.as_deref(),
            Ok(&text[..]),
            "{encoding}"
        );
    }
}

#[tokio::test]
async fn bombs_are_refused() {
    let bomb = gzip(&vec![b'a'; 99_000]);
    assert!(bomb.len() < 500);
    assert_eq!(read("gzip", bomb).await, Err(Unreadable::Expands(100)));
    let large = gzip(&noise(100_001));
    assert!(matches!(
        read("gzip", large).await,
        Err(Unreadable::TooLarge(100_000))
    ));
    let window = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.write_all(&noise(200_000)).unwrap();
        encoder.finish().unwrap()
    };
    let room = BodyRoom::new(&Limits::default());
    let refused = room.read(&encoded("zstd"), Body::from(window)).await;
    assert!(
        matches!(refused, Err(Unreadable::Damaged(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_is_damaged_is_said_so() {
    let mut torn = gzip(b"one");
    torn.pop();
    for (encoding, body) in [
        ("gzip", torn),
        ("zstd", b"no".to_vec()),
        ("deflate", vec![0xFF]),
    ] {
        let refused = read(encoding, body).await;
        assert!(matches!(refused, Err(Unreadable::Damaged(_))), "{encoding}");
    }
    let unknown = read("br", Vec::new()).await;
    assert_eq!(unknown, Err(Unreadable::UnknownEncoding("br".into())));
}

/// A byte now and then is never silence, but does not last.
#[tokio::test]
async fn slow_bodies_end() {
    let (reading, mut writing) = tokio::io::duplex(1);
    let writer = tokio::spawn(async move {
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let body = DripBody(reading);
    let room = BodyRoom::new(&limits());
    assert!(matches!(
        room.read_plain(Body::new(body)).await,
        Err(Unreadable::TooSlow)
    ));
    writer.await.unwrap();
}

struct DripBody(tokio::io::DuplexStream);

impl HttpBody for DripBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, std::io::Error>>> {
        use tokio::io::AsyncRead;
        let mut byte = [0];
        let mut buf = tokio::io::ReadBuf::new(&mut byte);
        std::task::ready!(std::pin::Pin::new(&mut self.0).poll_read(cx, &mut buf))?;
        let frame = hyper::body::Frame::data(Bytes::copy_from_slice(buf.filled()));
        std::task::Poll::Ready(Some(Ok(frame)))
    }
}

#[tokio::test]
async fn bodies_share_one_room() {
    let room = BodyRoom::new(&limits());
    let mut held = Vec::new();
    let full = loop {
        match room.read_plain(Body::from(noise(100_000))).await {
            Ok(contents) => held.push(contents),
            Err(full) => break full,
        }
    };
    assert_eq!(full, Unreadable::NoRoom);
    assert!(
        held.len() >= LARGEST_BODIES && held.len() <= 2 * LARGEST_BODIES,
        "{}",
        held.len()
    );
    drop(held);
    assert!(room.read_plain(Body::from(noise(100_000))).await.is_ok());
}
