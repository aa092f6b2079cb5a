//! Syslog over TCP and UDP, on loopback sockets.

mod inputs;

use inputs::{Disk, PATIENCE, talk};
use yagura_server::DropReason;
use yagura_server::input::syslog_tcp::{self, SyslogTcpSettings};
use yagura_server::input::syslog_udp::{SyslogUdp, SyslogUdpSettings};

async fn tcp(client: &[u8]) -> Disk {
    let disk = Disk::new(Ok(()));
    let listener = disk.listen().await;
    let address = listener.address();
    let server = tokio::spawn(syslog_tcp::run(listener, SyslogTcpSettings::default()));
    talk(address, client).await;
    disk.context.stop.cancel();
    tokio::time::timeout(PATIENCE, server)
        .await
        .unwrap()
        .unwrap();
    disk
}

#[tokio::test]
async fn lines_and_counted_messages() {
    let disk = tcp(b"\n<34>a: one\n12 <34>b: two\r\n<34>c: last").await;
    assert_eq!(disk.stored(), "<34>a: one\n<34>b: two\n<34>c: last\n");
    assert!(disk.formats().iter().all(|format| *format == "syslog"));
}

#[tokio::test]
async fn json_lines_are_recognised() {
    let disk = tcp(b"{\"EventID\":1}\n{\"EventID\":2}\n").await;
    assert_eq!(disk.stored(), "{\"EventID\":1}\n{\"EventID\":2}\n");
    assert_eq!(disk.formats()[0], "jsonl");
}

#[tokio::test]
async fn more_than_one_parcel() {
    let line = format!("<34>host app: {}\n", "x".repeat(130));
    let stream = line.repeat(10_000);
    assert_eq!(tcp(stream.as_bytes()).await.stored(), stream);
}

#[tokio::test]
async fn an_absurd_count_ends_the_connection_and_is_counted() {
    let disk = tcp(b"<34>a: one\n999999999 <34>b: two\n<34>never read\n").await;
    assert_eq!(disk.stored(), "<34>a: one\n");
    let source = &disk.context.sources.all()[0];
    assert_eq!(source.counters().dropped(DropReason::TooLarge), 1);
}

#[tokio::test]
async fn a_datagram_is_a_message() {
    let disk = Disk::new(Ok(()));
    let address = "127.0.0.1:0".parse().unwrap();
    let input = SyslogUdp::bind(address, disk.context.clone())
        .await
        .unwrap();
    let address = input.address();
    let server = tokio::spawn(input.run(SyslogUdpSettings::default()));
    let client = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for message in ["<34>a: one\n", "<34>b: two\nlines"] {
        client.send_to(message.as_bytes(), address).await.unwrap();
    }
    let stored = async {
        while disk.stored() != "<34>a: one\n<34>b: two#012lines\n" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, stored).await.unwrap();
    disk.context.stop.cancel();
    tokio::time::timeout(PATIENCE, server)
        .await
        .unwrap()
        .unwrap();
}
