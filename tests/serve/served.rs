//! A server of the program itself, on ports that the system chooses.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub struct Served {
    child: Child,
    addresses: Vec<(String, SocketAddr)>,
}

/// Nothing in these tests takes longer; a hang is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

impl Served {
    /// Starts one, and waits until it is ready.
    pub fn start(data: &Path, rules: &Path, listen: &[&str]) -> Self {
        Self::try_start(data, rules, listen).expect("the server starts")
    }

    pub fn try_start(data: &Path, rules: &Path, listen: &[&str]) -> Result<Self, String> {
        Self::with_config(None, data, rules, listen)
    }

    /// The same with a configuration.
    pub fn with_config(
        config: Option<&Path>,
        data: &Path,
        rules: &Path,
        listen: &[&str],
    ) -> Result<Self, String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_yagura"));
        command
            .args(["serve", "--log-format", "json", "--data-dir"])
            .arg(data);
        command.arg("--rules").arg(rules);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        for kind in listen {
            command.args(["--listen", &format!("{kind}=127.0.0.1:0")]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let stderr = child.stderr.take().ok_or("no standard error")?;
        let (mut addresses, mut said) = (Vec::new(), String::new());
        let mut lines = BufReader::new(stderr).lines();
        for line in lines.by_ref().map_while(Result::ok) {
            said += &line;
            said.push('\n');
            let Ok(message) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            let fields = &message["fields"];
            match fields["message"].as_str() {
                Some("listening") => {
                    let name = fields["input"].as_str().unwrap_or_default().to_owned();
                    let address = fields["address"].as_str().unwrap_or_default();
                    addresses.push((name, address.parse().map_err(|_| said.clone())?));
                }
                Some("ready") => {
                    // The pipe must not fill.
                    std::thread::spawn(move || lines.for_each(drop));
                    return Ok(Self { child, addresses });
                }
                _ => {}
            }
        }
        let _ = child.wait();
        Err(said)
    }

    pub fn address(&self, name: &str) -> SocketAddr {
        let found = self.addresses.iter().find(|(known, _)| known == name);
        found.expect("it listens there").1
    }

    /// As a power cut ends it.
    pub fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        let _ = self.child.wait();
    }

    /// As an administrator ends it; gives the exit code.
    pub fn end(mut self) -> Option<i32> {
        self.signal("TERM");
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill();
        panic!("the server does not end");
    }

    /// Its resident memory, where the system tells.
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.unwrap_or(0)
    }

    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &id])
            .status();
        assert!(
            sent.is_ok_and(|status| status.success()),
            "no signal {name}"
        );
    }

    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, b"").expect("an answer");
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// Status and body.
    pub fn ask(&self, method: &str, path: &str, body: &[u8]) -> Option<(u16, String)> {
        ask(self.address("http"), method, path, body)
    }

    /// Asks again until it holds.
    pub fn wait_until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !holds(self) {
            let in_time = began.elapsed() < PATIENCE;
            assert!(in_time, "never: {what}; {}", self.get("/api/v1/status"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// No test leaves a server behind, whatever ends it.
impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request; `None` if the connection breaks before the whole answer.
pub fn ask(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let whole = length.is_none_or(|length| length.parse() == Ok(body.len()));
    whole.then(|| (status, body.to_owned()))
}
