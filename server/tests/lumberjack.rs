//! Lumberjack: windows of events, compressed or not, and what is answered.

mod inputs;

use std::io::Write;

use inputs::Disk;
use yagura_server::input::lumberjack::{self, LumberjackSettings};
use yagura_server::{DropReason, Refused};

async fn session(disk: &Disk, client: &[u8]) -> Vec<u8> {
    let run = |listener| lumberjack::run(listener, LumberjackSettings::default());
    disk.session(client, run).await
}

fn window(count: u32) -> Vec<u8> {
    [b"2W", &count.to_be_bytes()[..]].concat()
}

fn json(sequence: u32, text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    [b"2J", &sequence.to_be_bytes()[..], &length, text.as_bytes()].concat()
}

fn compressed(frames: &[u8]) -> Vec<u8> {
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(frames).unwrap();
    let packed = zlib.finish().unwrap();
    let length = u32::try_from(packed.len()).unwrap().to_be_bytes();
    [b"2C", &length[..], &packed].concat()
}

#[tokio::test]
async fn a_window_is_acknowledged_up_to_its_end() {
    let frames = [json(1, r#"{"a":1}"#), json(2, "{\n\"b\":2}")].concat();
    for frames in [compressed(&frames), frames] {
        let disk = Disk::new(Ok(()));
        let answer = session(&disk, &[window(2), frames].concat()).await;
        assert!(
            answer.ends_with(b"2A\0\0\0\x02"),
            "{}",
            answer.escape_ascii()
        );
        assert_eq!(disk.stored(), "{\"a\":1}\n{ \"b\":2}\n");
    }
}

#[tokio::test]
async fn pairs_become_json() {
    let disk = Disk::new(Ok(()));
    let client =
        b"1W\0\0\0\x011D\0\0\0\x01\0\0\0\x02\0\0\0\x04line\0\0\0\x01x\0\0\0\x04host\0\0\0\x01\"";
    assert_eq!(session(&disk, client).await, b"1A\0\0\0\x01");
    assert_eq!(disk.stored(), "{\"line\":\"x\",\"host\":\"\\\"\"}\n");
}

#[tokio::test]
async fn what_is_not_stored_is_not_acknowledged() {
    let disk = Disk::new(Err(Refused::Full));
    let client = [window(1), json(1, "{}")].concat();
    assert_eq!(session(&disk, &client).await, b"");
}

#[tokio::test]
async fn bombs_and_nonsense_are_refused_and_counted() {
    let bomb = compressed(&vec![0; 20 << 20]);
    let twice = compressed(&compressed(&json(1, "{}")));
    for (client, why) in [
        (bomb, DropReason::TooLarge),
        (twice, DropReason::Malformed),
        (
            b"2J\0\0\0\x01\xff\xff\xff\xff".to_vec(),
            DropReason::TooLarge,
        ),
        (b"GET / HTTP/1.1\r\n".to_vec(), DropReason::Malformed),
    ] {
        let disk = Disk::new(Ok(()));
        assert_eq!(session(&disk, &client).await, b"");
        assert_eq!(disk.context.sources.all()[0].counters().dropped(why), 1);
        assert_eq!(disk.stored(), "");
    }
}
