//! Input and rules made by templates, the same on each run.
//!
//! Hosts, users and addresses come from small sets, as in real logs; numbers count up. One line
//! in `every` holds what the rules of [`rules`] look for.

// Each bench uses a part of this.
#![allow(dead_code)]

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use yagura_engine::Engine;
use yagura_engine::pipeline::Block;
use yagura_parsers::{BlockExtent, EventBatch, Extent, Format, Origin, Timestamp};
use yagura_rules::{Detection, LoadOptions, Taxonomy};

/// A block as sources make them.
const BLOCK_BYTES: usize = 256 << 10;

/// Bytes of a format.
pub struct Made {
    pub format: Format,
    pub bytes: Vec<u8>,
    pub events: u64,
}

impl Made {
    /// About one block of lines; `line` is given their numbers.
    pub fn block(format: Format, mut line: impl FnMut(&mut String, u32)) -> Self {
        let mut text = String::new();
        let mut number = 0;
        while text.len() < BLOCK_BYTES {
            line(&mut text, number);
            text.push('\n');
            number += 1;
        }
        Self {
            format,
            bytes: text.into_bytes(),
            events: u64::from(number),
        }
    }

    pub fn origin() -> Origin {
        Origin {
            position: 0,
            near: Timestamp::UNKNOWN,
            extent: BlockExtent::Whole,
        }
    }

    pub fn source_block(&self) -> Block {
        Block {
            input: 0,
            format: self.format,
            origin: Self::origin(),
        }
    }

    /// Parsed, for an engine.
    pub fn parsed(&self, engine: &Engine) -> EventBatch {
        let mut batch = EventBatch::new();
        batch.recycle().extend_from_slice(&self.bytes);
        batch.parse(self.format, Self::origin(), engine.projection());
        batch
    }
}

fn host(n: u32) -> u32 {
    n % 37
}

fn minute(n: u32) -> (u32, u32) {
    (n / 60 % 60, n % 60)
}

/// Process creations as Windows agents ship them; one in `every` runs a tool that a rule knows.
pub fn windows_json(every: u32) -> Made {
    Made::block(Format::JsonLines, |out, n| {
        let (m, s) = minute(n);
        let tool = if n.is_multiple_of(every) {
            n / every % 1_000
        } else {
            9_999
        };
        let _ = write!(
            out,
            r#"{{"@timestamp":"2024-03-04T08:{m:02}:{s:02}.{:03}Z","Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Computer":"ws{:02}.example.org","User":"EXAMPLE\\user{}","ProcessId":{n},"Image":"C:\\Tools\\tool{tool:04}.exe","CommandLine":"\"C:\\Tools\\tool{tool:04}.exe\" --input C:\\Users\\user{}\\file{n}.txt","ParentImage":"C:\\Windows\\explorer.exe","Hashes":"SHA256={:064x}"}}"#,
            n % 1000,
            host(n),
            n % 11,
            n % 11,
            u64::from(n % 97).wrapping_mul(0x9e37_79b9_7f4a_7c15),
        );
    })
}

/// Windows events as XML, one a line.
pub fn windows_xml() -> Made {
    Made::block(Format::WindowsXml, |out, n| {
        let (m, s) = minute(n);
        let _ = write!(
            out,
            "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
             <Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4688</EventID>\
             <TimeCreated SystemTime='2024-03-04T08:{m:02}:{s:02}.000000000Z'/>\
             <Channel>Security</Channel><Computer>ws{:02}.example.org</Computer></System>\
             <EventData><Data Name='SubjectUserName'>user{}</Data>\
             <Data Name='NewProcessName'>C:\\Windows\\System32\\cmd.exe</Data>\
             <Data Name='CommandLine'>cmd.exe /c echo {n}</Data></EventData></Event>",
            host(n),
            n % 11
        );
    })
}

/// Lines of sshd as syslog writes them.
pub fn syslog() -> Made {
    Made::block(Format::Syslog, |out, n| {
        let (m, s) = minute(n);
        let _ = write!(
            out,
            "Mar  4 08:{m:02}:{s:02} srv{:02} sshd[{}]: Failed password for invalid user u{} from \
             198.51.100.{} port {} ssh2",
            host(n),
            1000 + n % 30_000,
            n % 500,
            n % 250,
            1024 + n % 60_000
        );
    })
}

/// The same with the header of RFC 5424.
pub fn syslog_5424() -> Made {
    Made::block(Format::Syslog, |out, n| {
        let (m, s) = minute(n);
        let _ = write!(
            out,
            "<34>1 2024-03-04T08:{m:02}:{s:02}.003Z srv{:02}.example.org su {n} ID47 \
             [meta sequence=\"{n}\"] 'su root' failed for user{} on /dev/pts/{}",
            host(n),
            n % 11,
            n % 8
        );
    })
}

/// System calls and their arguments.
pub fn auditd() -> Made {
    Made::block(Format::Auditd, |out, n| {
        let id = format!("{}.{:03}:{n}", 1_709_539_200 + n / 100, n % 1000);
        let _ = write!(
            out,
            "type=SYSCALL msg=audit({id}): arch=c000003e syscall=59 success=yes exit=0 ppid={} \
             pid={n} auid=1000 uid=0 comm=\"curl\" exe=\"/usr/bin/curl\" key=\"exec\"\n\
             type=EXECVE msg=audit({id}): argc=2 a0=\"curl\" a1=\"/tmp/file{n}\"",
            n % 400,
        );
    })
}

/// Requests in the combined format.
pub fn access_log() -> Made {
    Made::block(Format::AccessLog, |out, n| {
        let (m, s) = minute(n);
        let _ = write!(
            out,
            "203.0.113.{} - - [04/Mar/2024:08:{m:02}:{s:02} +0000] \"GET /item/{n}?q=a%20b HTTP/1.1\" \
             200 {} \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"",
            n % 250,
            n % 9000
        );
    })
}

/// Firewall events.
pub fn cef() -> Made {
    Made::block(Format::Cef, |out, n| {
        let _ = write!(
            out,
            "CEF:0|Example|Wall|1.0|100|Connection denied|5|src=203.0.113.{} spt={} \
             dst=10.0.0.{} dpt=22 proto=TCP msg=denied by rule {n} cs1Label=zone cs1=outer",
            n % 250,
            1024 + n % 60_000,
            host(n)
        );
    })
}

/// The same as LEEF.
pub fn leef() -> Made {
    Made::block(Format::Leef, |out, n| {
        let _ = write!(
            out,
            "LEEF:1.0|Example|Wall|1.0|100|src=203.0.113.{}\tsrcPort={}\tdst=10.0.0.{}\tdstPort=22\
             \tproto=TCP\tsev=5\tusrName=user{}",
            n % 250,
            1024 + n % 60_000,
            host(n),
            n % 11
        );
    })
}

/// logfmt.
pub fn key_value() -> Made {
    Made::block(Format::KeyValue, |out, n| {
        let (m, s) = minute(n);
        let _ = write!(
            out,
            "time=2024-03-04T08:{m:02}:{s:02}Z level=info host=srv{:02} user=user{} \
             msg=\"request served\" status=200 bytes={n}",
            host(n),
            n % 11
        );
    })
}

/// Process rules, each for a tool of its own and with an exception.
pub fn rules(count: u32) -> Vec<Arc<Detection>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for n in 0..count {
        let rule = format!(
            "title: Tool {n}\nlogsource: {{ category: process_creation, product: windows }}\n\
             detection:\n  tool:\n    - Image|endswith: '\\tool{n:04}.exe'\n    - CommandLine|contains|all:\n      \
             - 'tool{n:04}.exe'\n      - '--option-{n}'\n  except:\n    User|contains: 'service{}'\n  \
             condition: tool and not except\nlevel: low\n",
            n % 50
        );
        std::fs::write(folder.path().join(format!("{n:05}.yml")), rule).expect("a rule");
    }
    load(folder.path())
}

fn load(path: &Path) -> Vec<Arc<Detection>> {
    let loaded = yagura_rules::load(&[path.to_owned()], &LoadOptions::default());
    assert!(loaded.refused.is_empty(), "the rules are valid");
    loaded.detections
}

/// Compiled.
pub fn engine(rules: &[Arc<Detection>]) -> Arc<Engine> {
    let engine = Engine::compile(rules, &Taxonomy::shipped(), Extent::Projected);
    Arc::new(engine.expect("few fields"))
}
