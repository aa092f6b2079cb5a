//! rsyslog of Debian, with its modules.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::receiver::Receiver;
use super::{Daemon, MESSAGES, installed, unpacked};

/// Follows a file of lines and does `action` with each.
fn start(root: &Path, receiver: &Receiver, action: &str) -> Daemon {
    let folder = receiver.path();
    let (path, lines) = (folder.display(), folder.join("lines.log"));
    let config = format!(
        "module(load=\"imfile\" PollingInterval=\"1\")\n\
         global(workDirectory=\"{path}\" defaultNetstreamDriverCAFile=\"{}\")\n\
         template(name=\"document\" type=\"string\" \
         string=\"{{\\\"message\\\":\\\"%msg:::json%\\\",\\\"host\\\":\\\"%hostname%\\\"}}\")\n\
         input(type=\"imfile\" File=\"{}\" Tag=\"app:\")\n\
         {action}\n",
        receiver.certificate().display(),
        lines.display(),
    );
    let file = folder.join("rsyslog.conf");
    fs::write(&file, config).expect("a file");
    let mut rsyslog = unpacked(root, "usr/sbin/rsyslogd");
    let modules = format!("usr/lib/{}-linux-gnu/rsyslog", std::env::consts::ARCH);
    rsyslog.args(["-n", "-i"]).arg(folder.join("rsyslog.pid"));
    rsyslog.arg("-M").arg(root.join(modules));
    rsyslog.arg("-f").arg(file);
    Daemon::start(rsyslog, &folder.join("rsyslog.log"))
}

fn sends_to(input: &str, action: impl Fn(u16) -> String) {
    let Some(root) = installed("rsyslog") else {
        return;
    };
    let receiver = Receiver::start();
    receiver.lines(MESSAGES);
    let action = action(receiver.address(input).port());
    let rsyslog = start(&root, &receiver, &action);
    receiver.has_all_from(input);
    drop(rsyslog);
}

fn forward(port: u16, more: &str) -> String {
    format!("action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{port}\" {more})")
}

#[test]
fn over_udp() {
    sends_to("syslog-udp", |port| forward(port, "protocol=\"udp\""));
}

#[test]
fn over_tcp() {
    sends_to("syslog-tcp", |port| forward(port, "protocol=\"tcp\""));
}

#[test]
fn over_tls() {
    let tls = "protocol=\"tcp\" StreamDriver=\"gtls\" StreamDriverMode=\"1\" \
               StreamDriverAuthMode=\"x509/certvalid\"";
    sends_to("syslog-tls", |port| forward(port, tls));
}

fn relp(port: u16) -> String {
    format!(
        "module(load=\"omrelp\")\n\
         action(type=\"omrelp\" target=\"127.0.0.1\" port=\"{port}\" \
         action.resumeRetryCount=\"-1\" action.resumeInterval=\"1\" queue.type=\"LinkedList\" \
         queue.filename=\"relp\" queue.size=\"100000\" queue.saveOnShutdown=\"on\")"
    )
}

#[test]
fn over_relp() {
    sends_to("relp", relp);
}

#[test]
fn to_elasticsearch() {
    sends_to("elasticsearch", |port| {
        format!(
            "module(load=\"omelasticsearch\")\n\
             action(type=\"omelasticsearch\" server=\"127.0.0.1\" serverport=\"{port}\" \
             template=\"document\" bulkmode=\"on\" searchIndex=\"logs\" searchType=\"_doc\" \
             action.resumeRetryCount=\"-1\")"
        )
    });
}

/// More than the spool of a moment holds, so that kills meet messages under way.
const MANY: u64 = 50_000;

#[test]
fn over_relp_nothing_is_lost_when_the_server_is_killed() {
    let Some(root) = installed("rsyslog") else {
        return;
    };
    let (mut receiver, address) = Receiver::start_at_one_port("relp");
    receiver.lines(MANY);
    let rsyslog = start(&root, &receiver, &relp(address.port()));
    for pause in [30, 5, 60] {
        // Each kill meets messages under way.
        receiver.wait_for_some();
        std::thread::sleep(Duration::from_millis(pause));
        receiver.kill_and_start();
    }
    receiver.wait_for(MANY);
    drop(rsyslog);
}
