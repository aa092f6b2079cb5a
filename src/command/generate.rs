//! `yagura gen`: logs of a made-up company, for benchmarks, tests and demonstrations.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use yagura_parsers::Timestamp;
use yagura_parsers::time::parse_any;

use crate::failure::{Exit, Failure};
use crate::generate::scenario::{Attack, Lane, LaneKind, START, ScenarioOptions};
use crate::generate::{
    AttackOrder, AttackType, Family, Invisible, Kind, Limit, MILLION, Pace, Stream, StreamOptions,
    WorldOptions,
};
use crate::standard_output::print_error;

const EXAMPLES: &str = "\
Examples:
  yagura gen --events 100000 > sysmon.jsonl
  yagura gen --kind sshd --attack ssh-bruteforce=500 --duration 1h --output auth.log
  yagura gen --kind mixed --rate 2000 | yagura scan - --rules rules/ --format syslog
  yagura gen --kind apache --attack access-flood --bytes 100MB --seed 7 > access.log
  yagura gen --scenario defence-contractor --output logs

A scenario writes a file for each kind of log into a new folder; `yagura demo` runs one.
Kinds that have no format in common (`mixed` among them) come as RFC 5424 syslog.
Attacks come on top of --events, --bytes and --duration, whole; what they do is told on
standard error. Attacks: ssh-bruteforce (kind sshd), access-flood (apache) and, with any
Windows kind, password-spraying, kerberoasting, lateral-movement, ransomware, exfiltration,
log-clearing. A count of failures, requests, machines or files can follow: access-flood=1000.
The same options give the same bytes, on every machine.";

/// Written at once, and how often a closed pipe is noticed.
const BLOCK_BYTES: usize = 64 << 10;
/// Events when neither a limit nor a rate is given.
const DEFAULT_EVENTS: u64 = 10_000;
/// Events a second in the busiest hour when no rate is given.
const DEFAULT_RATE: u32 = 100;
/// Monday, 2 March 2026, 08:00.
const DEFAULT_START: Timestamp = Timestamp(1_772_438_400_000_000_000);
/// Sleeping for less costs more than it is worth.
const NAP_MIN: Duration = Duration::from_millis(5);

/// The arguments of `yagura gen`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct GenerateArgs {
    /// What to write, in equal parts; `mixed`: some of everything
    #[arg(long, short, value_name = "LIST", value_delimiter = ',', default_value = "sysmon-json",
          value_parser = kind_parser())]
    kind: Vec<Kinds>,
    /// End after so many events [default: 10000; endless with --rate]
    #[arg(long, short = 'n', value_name = "N", group = "limit")]
    events: Option<u64>,
    /// End after so many bytes (`500k`, `10MB`, `2GiB`)
    #[arg(long, value_name = "SIZE", group = "limit", value_parser = read_size)]
    bytes: Option<u64>,
    /// End after so much event time (`90s`, `15m`, `8h`, `2d`)
    #[arg(long, value_name = "TIME", group = "limit", value_parser = read_duration)]
    duration: Option<i64>,
    /// Write so many events a second, and let event time advance like that; full speed without
    #[arg(long, value_name = "EVENTS_PER_SECOND", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: Option<u32>,
    /// Decides everything that is left to chance
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Machines
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    hosts: u32,
    /// People
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    users: u32,
    /// Share of free text that repeats earlier values, 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0.87", value_parser = read_share)]
    repeat: u32,
    /// Share of events that detection rules look for, 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0.001", value_parser = read_share)]
    match_rate: u32,
    /// Attacks to put in, each with a count if wanted (`access-flood=300000`)
    #[arg(long, short, value_name = "LIST", value_delimiter = ',', value_parser = AttackOrder::read)]
    attack: Vec<AttackOrder>,
    /// Time of the first event [default: 2026-03-02T08:00:00Z]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    start: Option<Timestamp>,
    /// Write to this file instead of standard output; --rate then sets event times only. Of a
    /// scenario a new folder
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the days of a whole company
    #[arg(long, value_enum, value_name = "NAME", requires = "output", conflicts_with_all = [
        "kind", "events", "bytes", "duration", "rate", "hosts", "users", "repeat", "match_rate",
        "attack", "start"])]
    scenario: Option<ScenarioName>,
    /// Leave the scenario's attack out
    #[arg(long, requires = "scenario")]
    without_attack: bool,
    /// How many days the scenario lasts
    #[arg(long, value_name = "N", default_value_t = 5, requires = "scenario",
          value_parser = days_parser())]
    days: u32,
    /// Ordinary traffic of the scenario, in percent of the usual
    #[arg(long, value_name = "PERCENT", default_value_t = 100, requires = "scenario",
          value_parser = clap::value_parser!(u32).range(1..=1000))]
    scale: u32,
}

/// A scenario that can be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ScenarioName {
    /// A maker of naval equipment whose drawings somebody is after.
    #[default]
    DefenceContractor,
}

/// The attack takes five days; more than ninety are of no use to anybody.
pub fn days_parser() -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(5..=90)
}

/// What one name of `--kind` stands for.
#[derive(Clone, Copy, Debug)]
struct Kinds(&'static [Kind]);

static ALL: [(&str, Kind); Kind::ALL.len()] = Kind::ALL;

fn kind_parser() -> impl TypedValueParser<Value = Kinds> {
    let plain = ALL.iter().map(|(name, _)| PossibleValue::new(*name));
    let names = plain.chain([PossibleValue::new("mixed")]);
    PossibleValuesParser::new(names).try_map(|name| {
        if name == "mixed" {
            return Ok(Kinds(&Kind::MIXED));
        }
        let found = ALL.iter().find(|(of, _)| *of == name);
        found
            .map(|(_, kind)| Kinds(std::slice::from_ref(kind)))
            .ok_or("unknown kind")
    })
}

/// Runs the command.
pub fn run(args: &GenerateArgs) -> Result<Exit, Failure> {
    if let (Some(ScenarioName::DefenceContractor), Some(folder)) = (args.scenario, &args.output) {
        return write_scenario(folder, &args.scenario_options());
    }
    let mut stream = Stream::new(&args.options()).map_err(unseen)?;
    // Before the events: an endless stream has no other time for it.
    let mut told = String::new();
    for attack in stream.attacks() {
        told.push_str(&attack);
        told.push('\n');
    }
    print_error(&told);
    match &args.output {
        Some(path) => write_file(path, &mut stream)?,
        None => write_standard_output(args, &mut stream)?,
    }
    Ok(Exit::Success)
}

impl GenerateArgs {
    fn options(&self) -> StreamOptions {
        let limit = match (self.events, self.bytes, self.duration) {
            (Some(events), ..) => Limit::Events(events),
            (_, Some(bytes), _) => Limit::Bytes(bytes),
            (.., Some(nanos)) => Limit::Duration(nanos),
            _ if self.rate.is_some() => Limit::Endless,
            _ => Limit::Events(DEFAULT_EVENTS),
        };
        StreamOptions {
            world: WorldOptions {
                seed: self.seed,
                hosts: self.hosts,
                users: self.users,
                repeated: self.repeat,
                suspicious: self.match_rate,
            },
            kinds: self.kind.iter().flat_map(|of| of.0).copied().collect(),
            attacks: self.attack.clone(),
            start: self.start(),
            rate: self.rate.unwrap_or(DEFAULT_RATE),
            pace: if self.rate.is_some() {
                Pace::Steady
            } else {
                Pace::WorkingHours
            },
            limit,
        }
    }

    fn scenario_options(&self) -> ScenarioOptions {
        ScenarioOptions {
            seed: self.seed,
            days: self.days,
            attack: if self.without_attack {
                Attack::LeftOut
            } else {
                Attack::Included
            },
            scale_percent: self.scale,
        }
    }

    fn start(&self) -> Timestamp {
        self.start.unwrap_or(DEFAULT_START)
    }
}

fn unseen(Invisible(order): Invisible) -> Failure {
    let needed = match order.attack.family() {
        Family::Sshd => "sshd",
        Family::Apache => "apache",
        Family::Windows | Family::Other => "security-json",
    };
    Failure::UnseenAttack {
        attack: AttackType::name(order.attack),
        needed,
    }
}

/// Writes each kind of log to a file of its own in a new folder.
fn write_scenario(folder: &Path, options: &ScenarioOptions) -> Result<Exit, Failure> {
    const SLICE_NANOS: i64 = 60 * 1_000_000_000;
    let of_path = |path: &Path| {
        let path = path.to_owned();
        move |source| Failure::File { path, source }
    };
    fs::create_dir(folder).map_err(of_path(folder))?;
    for kind in LaneKind::ALL {
        let path = folder.join(kind.file_name());
        let mut file = File::create(&path).map_err(of_path(&path))?;
        let mut lane = Lane::new(kind, options);
        let (mut until, mut block) = (START.0, Vec::new());
        while !lane.is_over() {
            until += SLICE_NANOS;
            lane.write_until(until, &mut block);
            if block.len() >= BLOCK_BYTES {
                file.write_all(&block).map_err(of_path(&path))?;
                block.clear();
            }
        }
        file.write_all(&block).map_err(of_path(&path))?;
    }
    Ok(Exit::Success)
}

fn write_file(path: &Path, stream: &mut Stream) -> Result<(), Failure> {
    let of_path = |source| Failure::File {
        path: path.to_owned(),
        source,
    };
    let mut file = File::create(path).map_err(of_path)?;
    let mut block = Vec::with_capacity(2 * BLOCK_BYTES);
    while stream.write_next(&mut block).is_some() {
        if block.len() >= BLOCK_BYTES {
            file.write_all(&block).map_err(of_path)?;
            block.clear();
        }
    }
    file.write_all(&block).map_err(of_path)
}

fn write_standard_output(args: &GenerateArgs, stream: &mut Stream) -> Result<(), Failure> {
    // Blocks go out as they are: a buffer between would copy each byte once more.
    let mut out = io::stdout().lock();
    let mut block = Vec::with_capacity(2 * BLOCK_BYTES);
    let started = Instant::now();
    let mut write = |block: &mut Vec<u8>| {
        let written = out.write_all(block).and_then(|()| out.flush());
        block.clear();
        written.map_err(Failure::from_output)
    };
    let first = args.start();
    while let Some(time) = stream.write_next(&mut block) {
        if block.len() >= BLOCK_BYTES {
            write(&mut block)?;
        }
        if args.rate.is_some() {
            let since = time.0.saturating_sub(first.0);
            let due = Duration::from_nanos(u64::try_from(since).unwrap_or(0));
            let nap = due.saturating_sub(started.elapsed());
            if nap >= NAP_MIN {
                write(&mut block)?;
                thread::sleep(nap);
            }
        }
    }
    write(&mut block)
}

/// `0.87` in millionths.
fn read_share(text: &str) -> Result<u32, String> {
    let wrong = || "a share is a number from 0 to 1, like 0.87".to_owned();
    let share: f64 = text.parse().map_err(|_| wrong())?;
    if !(0.0..=1.0).contains(&share) {
        return Err(wrong());
    }
    #[expect(clippy::cast_sign_loss, reason = "checked above")]
    let millionths = (share * f64::from(MILLION)).round() as u32;
    Ok(millionths)
}

/// A number and a unit.
fn measure(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim().to_ascii_lowercase();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn read_size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 12] = [
        ("", 1),
        ("b", 1),
        ("k", 1000),
        ("kb", 1000),
        ("kib", 1 << 10),
        ("m", 1_000_000),
        ("mb", 1_000_000),
        ("mib", 1 << 20),
        ("g", 1_000_000_000),
        ("gb", 1_000_000_000),
        ("gib", 1 << 30),
        ("tb", 1_000_000_000_000),
    ];
    measure(text, &UNITS)
        .ok_or_else(|| "a size is a number and a unit, like 10MB or 2GiB".to_owned())
}

fn read_duration(text: &str) -> Result<i64, String> {
    const UNITS: [(&str, u64); 5] = [("", 1), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
    measure(text, &UNITS)
        .and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(1_000_000_000))
        .ok_or_else(|| "a time is a number and a unit, like 90s, 15m, 8h or 2d".to_owned())
}

fn read_time(text: &str) -> Result<Timestamp, String> {
    parse_any(text.as_bytes())
        .ok_or_else(|| "a time is written like 2026-03-02T08:00:00Z".to_owned())
}
