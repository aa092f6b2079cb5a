//! One kind of log over all days, line by line in the order of arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use yagura_parsers::Format;

use super::super::linux::{self, Envelope};
use super::super::moment::{EventClock, Pace};
use super::super::windows::{self, Channel, Shape, WindowsEvent};
use super::super::world::{World, WorldOptions};
use super::act::{Act, Stage};
use super::late::LateLines;
use super::traffic::Requests;
use super::{START, ScenarioOptions, company, plan};

/// The kinds of logs of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneKind {
    /// Sysmon, Security and System events, as Winlogbeat ships them.
    Windows,
    /// Requests to web servers, by syslog.
    Web,
    /// Logins, commands and packets of Linux servers, by syslog.
    Linux,
}

impl LaneKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Windows, Self::Web, Self::Linux];

    /// The file that it is written to.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Windows => "windows.jsonl",
            Self::Web => "web.log",
            Self::Linux => "linux.log",
        }
    }

    /// How it is read.
    pub fn format(self) -> Format {
        match self {
            Self::Windows => Format::JsonLines,
            Self::Web | Self::Linux => Format::Syslog,
        }
    }

    /// Ordinary events a second in the busiest hour.
    fn rate(self) -> u32 {
        match self {
            Self::Windows => 20,
            Self::Web => 12,
            Self::Linux => 10,
        }
    }

    fn world(self, options: &ScenarioOptions) -> World {
        let with_traffic = match self {
            Self::Windows | Self::Web => company::WINDOWS,
            Self::Linux => company::LINUX,
        };
        let fleet = company::fleet(with_traffic);
        let world = WorldOptions {
            seed: options.seed.wrapping_mul(3).wrapping_add(self as u64),
            hosts: 0,
            users: 0,
            repeated: 870_000,
            suspicious: 0,
        };
        World::of_fleet(fleet, world, START)
    }
}

/// See the module.
#[derive(Debug)]
pub struct Lane {
    kind: LaneKind,
    world: World,
    event: WindowsEvent,
    requests: Requests,
    clock: EventClock,
    next_ordinary: i64,
    end: i64,
    acts: Vec<Act>,
    /// Time of the next step of each act that has one, and its place.
    due: BinaryHeap<Reverse<(i64, usize)>>,
    late: LateLines,
}

/// What comes next.
enum Next {
    Ordinary,
    Act,
    Late,
}

impl Lane {
    /// At its beginning.
    pub fn new(kind: LaneKind, options: &ScenarioOptions) -> Self {
        let mut acts = plan::acts(kind, options);
        acts.retain(|act| act.due().is_some());
        let due = acts.iter().enumerate();
        let due = due.filter_map(|(place, act)| Some(Reverse((act.due()?, place))));
        let scaled = u64::from(kind.rate()) * u64::from(options.scale_percent);
        // Rates are whole numbers a second: scaled time has a finer grain.
        let clock = EventClock::scaled(START, scaled, 100, Pace::WorkingHours);
        Self {
            kind,
            world: kind.world(options),
            event: WindowsEvent::default(),
            requests: Requests::new(),
            clock,
            next_ordinary: START.0,
            end: options.end(),
            due: due.collect(),
            acts,
            late: LateLines::new(options.seed ^ (kind as u64) << 40),
        }
    }

    /// Appends what arrives before a time.
    pub fn write_until(&mut self, until: i64, out: &mut Vec<u8>) {
        while let Some((time, next)) = self.next()
            && time < until
        {
            match next {
                Next::Late => {
                    self.late.write_next(out);
                    continue;
                }
                Next::Ordinary | Next::Act => {}
            }
            let start = out.len();
            self.world.moment.set(time);
            match next {
                Next::Act => self.write_act(out),
                _ => self.write_ordinary(out),
            }
            out.push(b'\n');
            self.late.hold_back(out, start, time);
        }
    }

    /// Whether nothing comes any more.
    pub fn is_over(&self) -> bool {
        self.next().is_none()
    }

    fn next(&self) -> Option<(i64, Next)> {
        let ordinary = (self.next_ordinary < self.end).then_some(self.next_ordinary);
        let act = self.due.peek().map(|Reverse((time, _))| *time);
        let candidates = [
            act.map(|time| (time, Next::Act)),
            self.late.due().map(|time| (time, Next::Late)),
            ordinary.map(|time| (time, Next::Ordinary)),
        ];
        // Of those at the same time the first.
        candidates
            .into_iter()
            .flatten()
            .min_by_key(|(time, _)| *time)
    }

    fn write_act(&mut self, out: &mut Vec<u8>) {
        let Some(Reverse((time, place))) = self.due.pop() else {
            return;
        };
        let Some(act) = self.acts.get_mut(place) else {
            return;
        };
        let stage = Stage {
            world: &mut self.world,
            event: &mut self.event,
            out,
        };
        act.perform(time, stage);
        self.due
            .extend(act.due().map(|time| Reverse((time, place))));
    }

    fn write_ordinary(&mut self, out: &mut Vec<u8>) {
        let world = &mut self.world;
        match self.kind {
            LaneKind::Windows => {
                let channel = match world.source.random.below(100) {
                    0..55 => Channel::Sysmon,
                    55..97 => Channel::Security,
                    _ => Channel::System,
                };
                windows::ordinary(channel, &mut self.event, world);
                self.event.observe(&mut world.source.repetition);
                let time = world.moment.time().0;
                world
                    .moment
                    .set(time + company::clock_error(self.event.host));
                Shape::Winlogbeat.write(out, &self.event, world);
            }
            LaneKind::Web => self.requests.write_ordinary(out, world),
            LaneKind::Linux => match world.source.random.below(10) {
                0..5 => linux::sshd(out, world, Envelope::Syslog),
                5..7 => linux::sudo(out, world, Envelope::Syslog),
                _ => linux::netfilter(out, world, Envelope::Syslog),
            },
        }
        self.next_ordinary = self.clock.next(&mut world.source.random);
    }
}
