//! RELP: what a client sends, what the server answers, what is stored.

mod inputs;

use inputs::Disk;
use yagura_server::Refused;
use yagura_server::input::relp::{self, RelpSettings};

const OPEN: &str = "1 open 51 relp_version=0\nrelp_software=test,1\ncommands=syslog\n";
const OPENED: &str = "1 rsp 58 200 OK\nrelp_version=0\nrelp_software=yagura\ncommands=syslog\n";

async fn session(disk: &Disk, client: &str) -> String {
    let run = |listener| relp::run(listener, RelpSettings::default());
    let answer = disk.session(client.as_bytes(), run).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn messages_are_answered_in_order() {
    let disk = Disk::new(Ok(()));
    let client = format!("{OPEN}2 syslog 10 <34>a: one\n3 syslog 11 <34>b: two\n\n4 close 0\n");
    let answer = session(&disk, &client).await;
    let rest = "2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 0\n0 serverclose 0\n";
    assert_eq!(answer, format!("{OPENED}{rest}"));
    assert_eq!(disk.stored(), "<34>a: one\n<34>b: two\n");
}

#[tokio::test]
async fn what_is_not_stored_is_not_answered() {
    let disk = Disk::new(Err(Refused::Full));
    let client = format!("{OPEN}2 syslog 10 <34>a: one\n3 close 0\n");
    assert_eq!(session(&disk, &client).await, OPENED);
}

#[tokio::test]
async fn who_leaves_the_protocol_is_told_and_closed() {
    for (client, said) in [
        (format!("{OPEN}9 syslog 1 a\n2 close 0\n"), "out of order"),
        ("1 syslog 1 a\n".into(), "not open"),
        ("GET / HTTP/1.1\r\n\r\n".into(), "malformed"),
        (format!("{OPEN}2 syslog 999999999 a\n"), "too large"),
        ("1 open 14 relp_version=7\n".into(), "relp_version"),
    ] {
        let disk = Disk::new(Ok(()));
        let answer = session(&disk, &client).await;
        assert!(answer.contains(said), "{client:?} gives {answer:?}");
        assert!(answer.ends_with("0 serverclose 0\n"), "{answer:?}");
        assert_eq!(disk.stored(), "");
    }
}
