//! What the generator promises, checked by reading what it writes with our own parsers.

use std::collections::HashSet;
use std::fmt::Write as _;

use proptest::prelude::*;
use yagura_parsers::{BlockExtent, Event, EventBatch, Format, Origin, Projection, Timestamp};
use yagura_rules::Taxonomy;

use super::{AttackOrder, Kind, Limit, Pace, Stream, StreamOptions, WorldOptions};
use crate::scan::host;

const START: Timestamp = Timestamp(1_772_438_400_000_000_000);

fn options(kinds: &[Kind], seed: u64, events: u64) -> StreamOptions {
    StreamOptions {
        world: WorldOptions {
            seed,
            hosts: 50,
            users: 80,
            repeated: 870_000,
            suspicious: 1000,
        },
        kinds: kinds.to_vec(),
        attacks: Vec::new(),
        start: START,
        rate: 100,
        pace: Pace::WorkingHours,
        limit: Limit::Events(events),
    }
}

fn attacked(kinds: &[Kind], attack: &str, seed: u64) -> StreamOptions {
    StreamOptions {
        attacks: vec![AttackOrder::read(attack).expect("an attack")],
        ..options(kinds, seed, 500)
    }
}

fn written(options: &StreamOptions) -> Vec<u8> {
    let mut stream = Stream::new(options).expect("visible attacks");
    let mut out = Vec::new();
    while stream.write_next(&mut out).is_some() {}
    out
}

fn kind(name: &str) -> Kind {
    let found = Kind::ALL.iter().find(|(of, _)| *of == name);
    found.expect("a kind").1
}

/// Names and values that an event must have.
type Wanted<'a> = &'a [(&'a str, &'a str)];

fn text(value: yagura_parsers::Value<'_>) -> String {
    let mut room = Vec::new();
    String::from_utf8(value.text(&mut room).to_vec()).expect("UTF-8")
}

struct Read {
    batch: EventBatch,
    projection: Projection,
}

impl Read {
    fn new(bytes: &[u8]) -> Self {
        let projection = yagura_engine::everything(&Taxonomy::shipped()).expect("the taxonomy");
        let mut batch = EventBatch::new();
        batch.recycle().extend_from_slice(bytes);
        let origin = Origin {
            position: 0,
            near: START,
            extent: BlockExtent::Whole,
        };
        batch.parse(yagura_parsers::recognise(bytes), origin, &projection);
        assert_eq!(batch.unparsed().total(), 0, "{:?}", batch.unparsed());
        Self { batch, projection }
    }

    fn value(&self, event: &Event<'_>, name: &str) -> String {
        event
            .named_values(&self.projection)
            .find(|(of, _)| *of == name.as_bytes())
            .map(|(_, value)| text(value))
            .unwrap_or_default()
    }

    fn count(&self, wanted: Wanted<'_>) -> usize {
        let holds = |event: &Event<'_>| {
            wanted
                .iter()
                .all(|(name, value)| self.value(event, name) == *value)
        };
        self.batch.events().filter(holds).count()
    }
}

/// FNV-1a; the standard library's hasher may change.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[test]
fn the_same_options_give_the_same_bytes() {
    let mut digests = String::new();
    for (name, kind) in Kind::ALL {
        for seed in [1, 2] {
            let first = written(&options(&[kind], seed, 300));
            assert_eq!(first, written(&options(&[kind], seed, 300)), "{name}");
            let _ = writeln!(digests, "{name} {seed} {:016x}", digest(&first));
        }
    }
    let mixed = written(&options(&Kind::MIXED, 1, 2000));
    let _ = writeln!(digests, "mixed 1 {:016x}", digest(&mixed));
    insta::assert_snapshot!(digests);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_kind_is_understood(seed: u64, repeated in 0u32..=1_000_000) {
        for (name, kind) in Kind::ALL {
            let mut options = options(&[kind], seed, 60);
            options.world.repeated = repeated;
            options.world.suspicious = 100_000;
            let read = Read::new(&written(&options));
            prop_assert_eq!(read.batch.len(), 60, "{}", name);
            for event in read.batch.events() {
                prop_assert!(event.time() >= START, "{name}: {}", event.time());
                // An access log does not tell its server.
                prop_assert!(host(&event, &mut Vec::new()).is_some() || name == "apache", "{}", name);
                prop_assert!(event.values().count() >= 6, "{}", name);
            }
        }
    }

    #[test]
    fn a_mixed_stream_is_syslog(seed: u64) {
        let bytes = written(&options(&Kind::MIXED, seed, 300));
        prop_assert_eq!(yagura_parsers::recognise(&bytes), Format::Syslog);
        let read = Read::new(&bytes);
        prop_assert_eq!(read.batch.len(), 300);
        prop_assert!(read.batch.events().all(|event| host(&event, &mut Vec::new()).is_some()));
    }

    #[test]
    fn times_never_go_back(seed: u64) {
        let options = attacked(&[kind("security-json"), kind("sshd")], "ssh-bruteforce", seed);
        let mut stream = Stream::new(&options).expect("visible");
        let (mut before, mut out) = (START, Vec::new());
        while let Some(time) = stream.write_next(&mut out) {
            prop_assert!(time >= before);
            before = time;
        }
    }
}

/// Fields of free text, as the generator counts them.
const FREE: [&str; 13] = [
    "Image",
    "CommandLine",
    "Hashes",
    "ParentImage",
    "ParentCommandLine",
    "DestinationHostname",
    "ImageLoaded",
    "SourceImage",
    "TargetImage",
    "TargetFilename",
    "TargetObject",
    "QueryName",
    "ScriptBlockText",
];

#[test]
fn values_repeat_as_much_as_was_asked() {
    for wanted in [0, 300_000, 600_000, 870_000, 950_000] {
        let mut options = options(&[kind("sysmon-json")], 5, 6000);
        options.world.repeated = wanted;
        let read = Read::new(&written(&options));
        let (mut all, mut distinct) = (0u32, HashSet::new());
        for event in read.batch.events() {
            for (name, value) in event.named_values(&read.projection) {
                if FREE.iter().any(|free| free.as_bytes() == name) {
                    all += 1;
                    distinct.insert((name, text(value)));
                }
            }
        }
        let share = 1.0 - f64::from(u32::try_from(distinct.len()).expect("few")) / f64::from(all);
        let wanted = f64::from(wanted) / 1e6;
        // Parents and the processes that a new one accesses are known ones.
        let tolerance = if wanted < 0.1 { 0.12 } else { 0.03 };
        assert!(
            (share - wanted).abs() < tolerance,
            "{share} instead of {wanted}"
        );
    }
}

#[test]
fn ssh_bruteforce_fails_so_often_and_then_succeeds() {
    let bytes = written(&attacked(&[kind("sshd")], "ssh-bruteforce=321", 9));
    let read = Read::new(&bytes);
    let of_root = |event: &Event<'_>| read.value(event, "user") == "root";
    let success = read
        .batch
        .events()
        .find(|event| of_root(event) && read.value(event, "outcome") == "success")
        .expect("a success");
    let address = read.value(&success, "src_ip");
    let host = read.value(&success, "hostname");
    let attacker = [
        ("src_ip", address.as_str()),
        ("hostname", host.as_str()),
        ("method", "password"),
    ];
    let failures = read.batch.events().filter(|event| {
        attacker
            .iter()
            .all(|(name, value)| read.value(event, name) == *value)
            && read.value(event, "outcome") == "failure"
            && ["root", "admin", "test"].contains(&read.value(event, "user").as_str())
            && event.time() <= success.time()
    });
    assert_eq!(failures.count(), 321);
    assert_eq!(read.batch.len(), 500 + 322);
}

#[test]
fn access_flood_is_one_program_at_one_server() {
    let bytes = written(&attacked(&[kind("apache")], "access-flood=5000", 3));
    let read = Read::new(&bytes);
    assert_eq!(read.count(&[("cs-user-agent", "fetchloop/2.4")]), 5000);
}

#[test]
fn windows_attacks_hold_what_they_promise() {
    let cases: [(&str, Wanted<'_>, usize); 7] = [
        (
            "kerberoasting=40",
            &[("EventID", "4769"), ("TicketEncryptionType", "0x17")],
            40,
        ),
        (
            "lateral-movement=6",
            &[("EventID", "7045"), ("ServiceName", "TMPSVC")],
            6,
        ),
        ("log-clearing=2", &[("EventID", "1102")], 2),
        ("log-clearing=2", &[("EventID", "104")], 2),
        (
            "exfiltration=11",
            &[("DestinationHostname", "drop.pebble-share.example")],
            11,
        ),
        (
            "exfiltration=11",
            &[("EventID", "1"), ("Image", r"C:\Windows\System32\curl.exe")],
            11,
        ),
        (
            "ransomware=70",
            &[("CommandLine", "vssadmin.exe delete shadows /all /quiet")],
            1,
        ),
    ];
    for (attack, wanted, expected) in cases {
        for name in [
            "sysmon-json",
            "sysmon-nxlog",
            "windows-xml",
            "windows-syslog",
        ] {
            let mut options = attacked(&[kind(name)], attack, 4);
            options.world.suspicious = 0;
            let read = Read::new(&written(&options));
            assert_eq!(read.count(wanted), expected, "{attack} as {name}");
        }
    }
}

#[test]
fn ransomware_writes_so_many_files_and_spraying_fails_once_an_account() {
    let mut options = attacked(&[kind("sysmon-json")], "ransomware=70", 4);
    let read = Read::new(&written(&options));
    let locked = read
        .batch
        .events()
        .filter(|event| read.value(event, "TargetFilename").ends_with(".tidelocked"));
    assert_eq!(locked.count(), 70);
    options = attacked(&[kind("powershell-json")], "password-spraying=25", 4);
    let read = Read::new(&written(&options));
    let accounts: HashSet<String> = read
        .batch
        .events()
        .filter(|event| read.value(event, "EventID") == "4625")
        .map(|event| read.value(&event, "TargetUserName"))
        .collect();
    assert_eq!(accounts.len(), 25);
    assert_eq!(read.count(&[("EventID", "4624")]), 1);
}

#[test]
fn an_attack_needs_a_kind_that_shows_it() {
    let options = attacked(&[kind("sudo")], "access-flood=10", 1);
    assert!(Stream::new(&options).is_err());
}
