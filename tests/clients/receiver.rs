//! The server that receives, with all inputs, and what it has to have in the end.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::MESSAGES;
use super::served::Served;

/// Finds each message, whatever it is in.
const RULE: &str = "\
title: Numbered message
id: 7c0f7a34-4b0e-4a2e-8d5e-0d5c5d0a9c01
status: test
logsource: {category: test}
detection:
  numbers: ['number-']
  condition: numbers
level: high
";

const TYPES: [&str; 9] = [
    "syslog-tcp",
    "syslog-udp",
    "relp",
    "beats",
    "forward",
    "elasticsearch",
    "hec",
    "otlp-grpc",
    "otlp-http",
];

/// See the module.
pub struct Receiver {
    folder: TempDir,
    server: Option<Served>,
}

impl Receiver {
    /// Starts one, on ports that the system chooses.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let key = key.expect("a certificate");
        for (name, text) in [
            ("cert.pem", key.cert.pem()),
            ("key.pem", key.signing_key.serialize_pem()),
            ("numbered.yml", RULE.to_owned()),
        ] {
            fs::write(path.join(name), text).expect("a file");
        }
        let mut config = "lateness: 0s\napi: {listen: '127.0.0.1:0'}\ninputs:\n".to_owned();
        for kind in TYPES {
            let _ = writeln!(config, "  - {{type: {kind}, listen: '127.0.0.1:0'}}");
        }
        let [cert, key] = ["cert.pem", "key.pem"].map(|name| path.join(name));
        let (cert, key) = (cert.display(), key.display());
        let tls = format!("{{certificate: '{cert}', key: '{key}'}}");
        let _ = writeln!(
            config,
            "  - {{type: syslog-tls, listen: '127.0.0.1:0', tls: {tls}}}"
        );
        fs::write(path.join("yagura.yml"), config).expect("a file");
        let mut receiver = Self {
            folder,
            server: None,
        };
        receiver.begin();
        receiver
    }

    fn begin(&mut self) {
        let path = self.path();
        let [config, data, rules] =
            ["yagura.yml", "data", "numbered.yml"].map(|name| path.join(name));
        let server = Served::with_config(Some(&config), &data, &rules, &[]);
        self.server = Some(server.unwrap_or_else(|said| panic!("it does not start: {said}")));
    }

    /// The same with one input, at a port that stays the same.
    pub fn start_at_one_port(kind: &str) -> (Self, SocketAddr) {
        let receiver = Self::start();
        let Self { folder, server } = receiver;
        drop(server);
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = free.local_addr().expect("an address");
        let config = format!(
            "lateness: 0s\napi: {{listen: '127.0.0.1:0'}}\n\
             inputs:\n  - {{type: {kind}, listen: '{address}'}}\n"
        );
        fs::write(folder.path().join("yagura.yml"), config).expect("a file");
        drop(free);
        let mut receiver = Self {
            folder,
            server: None,
        };
        receiver.begin();
        (receiver, address)
    }

    /// As after a power cut.
    pub fn kill_and_start(&mut self) {
        self.server.take().expect("it runs").kill();
        self.begin();
    }

    /// Files of the test go here.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn address(&self, input: &str) -> SocketAddr {
        self.server().address(input)
    }

    pub fn certificate(&self) -> PathBuf {
        self.path().join("cert.pem")
    }

    fn server(&self) -> &Served {
        self.server.as_ref().expect("it runs")
    }

    /// A file of so many numbered lines.
    pub fn lines(&self, count: u64) -> PathBuf {
        let path = self.path().join("lines.log");
        let mut lines = String::new();
        for number in 0..count {
            let _ = writeln!(lines, "number-{number} of many");
        }
        fs::write(&path, lines).expect("a file");
        path
    }

    /// All numbers came in by one input, each once, all were understood, and nothing was dropped.
    pub fn has_all_from(self, input: &str) {
        self.wait_for(MESSAGES);
        let sources = self.server().get("/api/v1/sources");
        let sources = sources["sources"].as_array().cloned().unwrap_or_default();
        let of_input = sources.iter().filter(|source| source["input"] == input);
        let sum = |key: &str| -> u64 { of_input.clone().filter_map(|s| s[key].as_u64()).sum() };
        assert_eq!(sum("received"), MESSAGES, "{sources:#?}");
        assert_eq!(sum("unparsed"), 0, "{sources:#?}");
        for source in &sources {
            let dropped = source["dropped"].as_object().expect("reasons");
            assert!(dropped.values().all(|count| *count == 0), "{source:#}");
        }
        assert_eq!(self.server.expect("it runs").end(), Some(0));
    }

    /// Waits until this run of the server has evaluated something.
    pub fn wait_for_some(&self) {
        self.server().wait_until("something comes", |server| {
            server.get("/api/v1/status")["engine"]["events"].as_u64() > Some(0)
        });
    }

    /// Waits until the numbers up to `count` were found.
    pub fn wait_for(&self, count: u64) {
        let mut last = 0;
        self.server().wait_until("all numbers are found", |server| {
            let delivered = server.get("/api/v1/status")["outputs"][0]["delivered"].clone();
            // Reading all is work; it is done when nothing new came for a moment.
            let delivered = delivered.as_u64().unwrap_or(0);
            let is_still = std::mem::replace(&mut last, delivered) == delivered;
            std::thread::sleep(std::time::Duration::from_millis(100));
            is_still && numbers(server).len() as u64 >= count
        });
        let numbers = numbers(self.server());
        assert!(numbers.into_iter().eq(0..count), "other numbers");
    }
}

/// The numbers that were found, as far as the store has them.
fn numbers(server: &Served) -> BTreeSet<u64> {
    let (mut numbers, mut after) = (BTreeSet::new(), String::new());
    loop {
        let page = server.get(&format!("/api/v1/detections?limit=1000{after}"));
        let detections = page["detections"].as_array().into_iter().flatten();
        let texts = detections.filter_map(|of| of["matched"]["keywords"].as_str());
        numbers.extend(texts.filter_map(number));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return numbers,
        }
    }
}

fn number(text: &str) -> Option<u64> {
    let (_, behind) = text.split_once("number-")?;
    let digits = behind.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}
