//! Forward: its four kinds of messages, acknowledgements, who may send, and what is refused.

mod inputs;

use std::io::Write;
use std::time::Duration;

use inputs::Disk;
use sha2::{Digest, Sha512};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use yagura_server::input::forward::{self, ForwardSettings};
use yagura_server::{DropReason, Intake, Refused};

async fn session(disk: &Disk, client: &[u8]) -> Vec<u8> {
    let run = |listener| forward::run(listener, ForwardSettings::default());
    disk.session(client, run).await
}

fn text(of: &str) -> Vec<u8> {
    [&[0xd9, u8::try_from(of.len()).unwrap()], of.as_bytes()].concat()
}

fn binary(of: &[u8]) -> Vec<u8> {
    let length = u32::try_from(of.len()).unwrap().to_be_bytes();
    [&[0xc6], &length[..], of].concat()
}

fn array(parts: &[Vec<u8>]) -> Vec<u8> {
    [
        vec![0x90 + u8::try_from(parts.len()).unwrap()],
        parts.concat(),
    ]
    .concat()
}

fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let pairs_bytes = pairs
        .iter()
        .flat_map(|(key, value)| [text(key), value.clone()].concat());
    [
        vec![0x80 + u8::try_from(pairs.len()).unwrap()],
        pairs_bytes.collect(),
    ]
    .concat()
}

/// 2026-03-02T08:00:00.5Z
fn event_time() -> Vec<u8> {
    let seconds = 1_772_438_400_u32.to_be_bytes();
    let nanos = 500_000_000_u32.to_be_bytes();
    [&[0xd7, 0], &seconds[..], &nanos].concat()
}

fn seconds() -> Vec<u8> {
    [&[0xce], &1_772_438_400_u32.to_be_bytes()[..]].concat()
}

fn record(number: u8) -> Vec<u8> {
    map(&[("n", vec![number]), ("log", text("a\n\"b\""))])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn line(time: &str, number: u8) -> String {
    let record = format!(r#""n":{number},"log":"a\n\"b\"""#);
    format!("{{\"@timestamp\":\"{time}\",\"tag\":\"app.log\",{record}}}\n")
}

const WHOLE: &str = "2026-03-02T08:00:00Z";
const HALF: &str = "2026-03-02T08:00:00.5Z";

fn chunk(id: &str) -> (&'static str, Vec<u8>) {
    ("chunk", text(id))
}

#[tokio::test]
async fn each_kind_of_message_is_stored_and_acknowledged() {
    let tag = || text("app.log");
    let entries = [
        array(&[event_time(), record(1)]),
        array(&[array(&[seconds(), map(&[])]), record(2)]),
    ];
    let two = line(HALF, 1) + &line(WHOLE, 2);
    let packed = entries.concat();
    let halves = [gzip(&entries[0]), gzip(&entries[1])].concat();
    let compressed = || map(&[chunk("c"), ("compressed", text("gzip")), ("size", vec![2])]);
    for (message, stored) in [
        (
            array(&[tag(), seconds(), record(1), map(&[chunk("c")])]),
            line(WHOLE, 1),
        ),
        (
            array(&[tag(), array(&entries), map(&[chunk("c")])]),
            two.clone(),
        ),
        (
            array(&[tag(), binary(&packed), map(&[chunk("c")])]),
            two.clone(),
        ),
        (array(&[tag(), binary(&halves), compressed()]), two.clone()),
    ] {
        let disk = Disk::new(Ok(()));
        let answer = session(&disk, &message).await;
        assert_eq!(answer, b"\x81\xda\0\x03ack\xda\0\x01c", "{stored}");
        assert_eq!(disk.stored(), stored);
    }
}

#[tokio::test]
async fn without_a_chunk_nothing_is_answered() {
    let disk = Disk::new(Ok(()));
    let message = array(&[text("app.log"), seconds(), record(1)]);
    let two = [message.clone(), b"\xc0".to_vec(), message].concat();
    assert_eq!(session(&disk, &two).await, b"");
    assert_eq!(disk.stored(), line(WHOLE, 1).repeat(2));
}

#[tokio::test]
async fn what_a_record_says_itself_stays() {
    let own = map(&[
        ("@timestamp", text("then")),
        ("tag", text("mine")),
        ("list", array(&[vec![0xc0], vec![0xc3], vec![0xff]])),
        ("bytes", binary(b"\xff\xfea")),
        ("at", event_time()),
        (
            "deep",
            map(&[("x", [&[0xcb], &1.5_f64.to_be_bytes()[..]].concat())]),
        ),
    ]);
    let disk = Disk::new(Ok(()));
    session(&disk, &array(&[text("t"), seconds(), own])).await;
    let stored = "{\"@timestamp\":\"then\",\"tag\":\"mine\",\"list\":[null,true,-1],\
                  \"bytes\":\"\u{fffd}\u{fffd}a\",\"at\":\"2026-03-02T08:00:00.5Z\",\
                  \"deep\":{\"x\":1.5}}\n";
    assert_eq!(disk.stored(), stored);
}

#[tokio::test]
async fn what_is_not_stored_is_not_acknowledged() {
    let disk = Disk::new(Err(Refused::Full));
    let message = array(&[text("t"), seconds(), record(1), map(&[chunk("c")])]);
    assert_eq!(session(&disk, &message).await, b"");
}

#[tokio::test]
async fn bombs_and_nonsense_are_refused_and_counted() {
    let bomb = gzip(&vec![0xc0; 20 << 20]);
    let gzipped = || map(&[("compressed", text("gzip"))]);
    let deep = [vec![0x91; 100], vec![0xc0]].concat();
    for (client, why) in [
        (
            array(&[text("t"), binary(&bomb), gzipped()]),
            DropReason::TooLarge,
        ),
        (
            array(&[text("t"), binary(b"no gzip"), gzipped()]),
            DropReason::Malformed,
        ),
        (
            b"\x92\xa1t\xc6\xff\xff\xff\xff".to_vec(),
            DropReason::TooLarge,
        ),
        (array(&[text("t"), binary(&deep)]), DropReason::Malformed),
        (deep, DropReason::Malformed),
        (
            array(&[text("t"), seconds(), vec![7]]),
            DropReason::Malformed,
        ),
        (array(&[text("t"), seconds()]), DropReason::Malformed),
        (b"GET / HTTP/1.1\r\n".to_vec(), DropReason::Malformed),
        (b"\xc1".to_vec(), DropReason::Malformed),
    ] {
        let disk = Disk::new(Ok(()));
        assert_eq!(session(&disk, &client).await, b"");
        let dropped = disk.context.sources.all()[0].counters().dropped(why);
        assert_eq!(dropped, 1, "{}", client.escape_ascii());
        assert_eq!(disk.stored(), "");
    }
}

/// Each level of text in text doubles what escapes the level before.
#[tokio::test]
async fn keys_within_keys_do_not_grow() {
    const LEVELS: usize = 20;
    let record = [vec![0x81; LEVELS], text("a"), vec![0xc0; LEVELS]].concat();
    let disk = Disk::new(Ok(()));
    session(&disk, &array(&[text("t"), seconds(), record])).await;
    let stored = disk.stored().len();
    assert!((1..500).contains(&stored), "{stored} bytes");
}

/// What waits for the disk holds the room it needs, not the room it might have needed.
#[tokio::test]
async fn messages_that_wait_leave_room_for_others() {
    let mut disk = Disk::new(Ok(()));
    // Nobody takes what is handed over.
    let (intake, deliveries) = Intake::new(1 << 10);
    disk.context.intake = intake;
    disk.context.limits.batch_bytes = 1 << 20;
    disk.context.limits.room = Duration::from_millis(200);
    let listener = disk.listen().await;
    let address = listener.address();
    tokio::spawn(forward::run(listener, ForwardSettings::default()));
    let mut noise = 1_u32;
    let mut digits = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"0123456789abcdef"[(noise >> 28) as usize]
    };
    let log: Vec<u8> = std::iter::repeat_with(&mut digits).take(300_000).collect();
    let record = [&b"\x81"[..], &text("log"), &binary(&log)].concat();
    let packed = gzip(&array(&[seconds(), record]));
    let gzipped = map(&[("compressed", text("gzip"))]);
    let message = array(&[text("t"), binary(&packed), gzipped]);
    let mut clients = Vec::new();
    for _ in 0..24 {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(&message).await.unwrap();
        clients.push(client);
    }
    let dropped = || {
        let source = &disk.context.sources.all()[0];
        source.counters().dropped(DropReason::NoRoom)
    };
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(dropped(), 0);
    }
    drop((clients, deliveries));
}

fn digest(parts: &[&[u8]]) -> String {
    use std::fmt::Write;
    let mut digits = String::new();
    for byte in Sha512::digest(parts.concat()) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

/// Sends an event with this key and password; the answers after the handshake.
async fn shake(disk: &Disk, users: &str, key: &str, password: &str) -> (bool, Vec<u8>) {
    let settings = format!("{{\"shared-key\":\"secret\",\"users\":{users}}}");
    let settings: ForwardSettings = serde_json::from_str(&settings).unwrap();
    let listener = disk.listen().await;
    let address = listener.address();
    tokio::spawn(forward::run(listener, settings));
    let mut stream = TcpStream::connect(address).await.unwrap();
    // "HELO" in 7 bytes, a map of 3, "nonce" in 8, 16 behind 2.
    let mut helo = vec![0; 1 + 7 + 1 + 8 + 18];
    stream.read_exact(&mut helo).await.unwrap();
    let nonce = &helo[helo.len() - 16..];
    let mut rest = vec![0; if users == "{}" { 7 + 3 } else { 7 + 18 }];
    stream.read_exact(&mut rest).await.unwrap();
    let salt = &rest[rest.len().saturating_sub(16)..];
    let mut keep = vec![0; 12 + 1];
    stream.read_exact(&mut keep).await.unwrap();
    assert_eq!(keep.last(), Some(&0xc3));
    let shown = digest(&[b"pepper", b"client", nonce, key.as_bytes()]);
    let word = digest(&[salt, b"anna", password.as_bytes()]);
    let ping = array(&[
        text("PING"),
        text("client"),
        text("pepper"),
        text(&shown),
        text("anna"),
        text(&word),
    ]);
    let message = array(&[text("app.log"), seconds(), record(1), map(&[chunk("c")])]);
    stream.write_all(&[ping, message].concat()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let proof = digest(&[b"pepper", b"yagura", nonce, key.as_bytes()]);
    let proved = answer
        .windows(proof.len())
        .any(|part| part == proof.as_bytes());
    (proved, answer)
}

#[tokio::test]
async fn who_knows_the_key_may_send() {
    let users = r#"{"anna":"open sesame"}"#;
    for (users, key, password, is_known) in [
        ("{}", "secret", "", true),
        ("{}", "guess", "", false),
        (users, "secret", "open sesame", true),
        (users, "secret", "", false),
        (users, "secret", "guess", false),
    ] {
        let disk = Disk::new(Ok(()));
        let (proved, answer) = shake(&disk, users, key, password).await;
        let case = format!("{users} {key} {password}: {}", answer.escape_ascii());
        assert_eq!(proved, is_known, "{case}");
        assert_eq!(
            answer.ends_with(b"\x81\xda\0\x03ack\xda\0\x01c"),
            is_known,
            "{case}"
        );
        let stored = if is_known {
            line(WHOLE, 1)
        } else {
            String::new()
        };
        assert_eq!(disk.stored(), stored, "{case}");
        let source = &disk.context.sources.all()[0];
        let dropped = source.counters().dropped(DropReason::Unauthorised);
        assert_eq!(dropped, u64::from(!is_known), "{case}");
    }
}
