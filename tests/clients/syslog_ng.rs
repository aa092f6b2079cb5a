//! syslog-ng of Debian, with its configuration library.

use std::fs;

use super::receiver::Receiver;
use super::{Daemon, MESSAGES, installed, unpacked};

/// Follows a file of lines and sends each to `destination`.
fn sends_to(input: &str, destination: impl Fn(&Receiver) -> String) {
    let Some(root) = installed("syslog-ng") else {
        return;
    };
    let receiver = Receiver::start();
    let lines = receiver.lines(MESSAGES);
    let folder = receiver.path();
    let share = root.join("usr/share/syslog-ng/include");
    let config = format!(
        "@version: 3.38\n@include \"{}/scl/elasticsearch/*.conf\"\n\
         options {{ stats-freq(0); keep-hostname(yes); }};\n\
         source lines {{ file(\"{}\" flags(no-parse) follow-freq(1) program-override(\"app\")); }};\n\
         destination server {{ {} }};\n\
         log {{ source(lines); destination(server); flags(flow-control); }};\n",
        share.display(),
        lines.display(),
        destination(&receiver),
    );
    let file = folder.join("syslog-ng.conf");
    fs::write(&file, config).expect("a file");
    let mut syslog_ng = unpacked(&root, "usr/sbin/syslog-ng");
    syslog_ng.args(["--foreground", "--no-caps", "--stderr", "--cfgfile"]);
    syslog_ng.arg(&file);
    for (option, name) in [
        ("--persist-file", "syslog-ng.persist"),
        ("--pidfile", "syslog-ng.pid"),
        ("--control", "syslog-ng.ctl"),
    ] {
        syslog_ng.arg(option).arg(folder.join(name));
    }
    let modules = root.join("usr/lib/syslog-ng/3.38");
    syslog_ng.arg("--module-path").arg(&modules);
    let daemon = Daemon::start(syslog_ng, &folder.join("syslog-ng.log"));
    receiver.has_all_from(input);
    drop(daemon);
}

#[test]
fn over_tls_as_rfc_5424() {
    sends_to("syslog-tls", |receiver| {
        let address = receiver.address("syslog-tls");
        let ca = receiver.certificate();
        format!(
            "syslog(\"127.0.0.1\" transport(\"tls\") port({}) \
             tls(ca-file(\"{}\") peer-verify(required-untrusted)));",
            address.port(),
            ca.display()
        )
    });
}

#[test]
fn by_http() {
    sends_to("http", |receiver| {
        format!(
            "http(url(\"http://{}/ingest/syslog\") method(\"POST\") batch-lines(100) \
             body(\"<$PRI>1 $ISODATE $HOST $PROGRAM - - - $MSG\"));",
            receiver.address("http")
        )
    });
}

#[test]
fn to_elasticsearch() {
    sends_to("elasticsearch", |receiver| {
        format!(
            "elasticsearch-http(url(\"http://{}/_bulk\") index(\"logs\") type(\"\"));",
            receiver.address("elasticsearch")
        )
    });
}

/// What `splunk-hec-event()` of later versions expands to.
#[test]
fn to_the_event_collector() {
    sends_to("hec", |receiver| {
        format!(
            "http(url(\"http://{}/services/collector/event\") method(\"POST\") batch-lines(100) \
             headers(\"Authorization: Splunk token\", \"Connection: keep-alive\") \
             body('$(format-json time=$S_UNIXTIME host=$HOST source=$PROGRAM event=$MSG)'));",
            receiver.address("hec")
        )
    });
}
