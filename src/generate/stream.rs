//! The stream of events: ordinary traffic until a limit, attacks among it.

use yagura_parsers::Timestamp;

use super::attack::{Attack, AttackOrder, Stage};
use super::kind::Kind;
use super::linux::Envelope;
use super::moment::{EventClock, Pace};
use super::windows::WindowsEvent;
use super::world::{World, WorldOptions};

/// Where ordinary traffic ends. Attacks come on top and are always whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// After so many events.
    Events(u64),
    /// Once so many bytes are written.
    Bytes(u64),
    /// After so many nanoseconds of event time.
    Duration(i64),
    /// Never.
    Endless,
}

/// What a stream is made of.
#[derive(Clone, Debug)]
pub struct StreamOptions {
    /// Machines, people, shares.
    pub world: WorldOptions,
    /// Which kinds, in equal parts.
    pub kinds: Vec<Kind>,
    /// Which attacks.
    pub attacks: Vec<AttackOrder>,
    /// Time of the first event.
    pub start: Timestamp,
    /// Events a second; the busiest hour's where the pace follows working hours.
    pub rate: u32,
    /// Whether traffic follows working hours.
    pub pace: Pace,
    /// Where it ends.
    pub limit: Limit,
}

/// An attack that none of the kinds can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invisible(pub AttackOrder);

/// Makes one event after the other.
#[derive(Debug)]
pub struct Stream {
    world: World,
    event: WindowsEvent,
    kinds: Box<[Kind]>,
    envelope: Envelope,
    clock: EventClock,
    /// Time of the next ordinary event.
    next: i64,
    end: i64,
    limit: Limit,
    events: u64,
    bytes: u64,
    attacks: Vec<Attack>,
}

impl Stream {
    /// At its beginning.
    pub fn new(options: &StreamOptions) -> Result<Self, Invisible> {
        let mut world = World::new(options.world, options.start);
        let span = span(options);
        let mut attacks = Vec::new();
        for order in &options.attacks {
            let family = order.attack.family();
            let kind = options.kinds.iter().find(|kind| kind.family() == family);
            let kind = kind.ok_or(Invisible(*order))?;
            attacks.push(Attack::new(*order, *kind, options.start, span, &mut world));
        }
        let end = match options.limit {
            Limit::Duration(nanos) => options.start.0.saturating_add(nanos),
            _ => i64::MAX,
        };
        Ok(Self {
            world,
            event: WindowsEvent::default(),
            envelope: Kind::envelope(&options.kinds),
            kinds: options.kinds.as_slice().into(),
            clock: EventClock::new(options.start, options.rate, options.pace),
            next: options.start.0,
            end,
            limit: options.limit,
            events: 0,
            bytes: 0,
            attacks,
        })
    }

    /// Appends the next event with its line end, and tells its time; nothing at the end.
    pub fn write_next(&mut self, out: &mut Vec<u8>) -> Option<Timestamp> {
        let ordinary = self.ordinary_due();
        let attack = self
            .attacks
            .iter()
            .enumerate()
            .filter_map(|(index, attack)| Some((attack.due()?, index)))
            .min();
        match (ordinary, attack) {
            (ordinary, Some((due, index))) if ordinary.is_none_or(|time| due <= time) => {
                self.world.moment.set(due);
                let mut stage = Stage {
                    world: &mut self.world,
                    event: &mut self.event,
                    out,
                    envelope: self.envelope,
                };
                self.attacks[index].perform(&mut stage);
                out.push(b'\n');
            }
            (Some(time), _) => {
                self.world.moment.set(time);
                self.write_ordinary(out);
            }
            (None, _) => return None,
        }
        Some(self.world.moment.time())
    }

    fn ordinary_due(&self) -> Option<i64> {
        let goes_on = match self.limit {
            Limit::Events(limit) => self.events < limit,
            Limit::Bytes(limit) => self.bytes < limit,
            Limit::Duration(_) => self.next < self.end,
            Limit::Endless => true,
        };
        (goes_on && !self.kinds.is_empty()).then_some(self.next)
    }

    fn write_ordinary(&mut self, out: &mut Vec<u8>) {
        let start = out.len();
        let kind = self.kinds[self.world.source.random.index(self.kinds.len())];
        kind.write(out, &mut self.world, &mut self.event, self.envelope);
        out.push(b'\n');
        self.events += 1;
        self.bytes += (out.len() - start) as u64;
        self.next = self.clock.next(&mut self.world.source.random);
    }

    /// What each attack does.
    pub fn attacks(&self) -> impl Iterator<Item = String> {
        self.attacks
            .iter()
            .map(|attack| attack.describe(&self.world))
    }
}

/// How long ordinary traffic will last, roughly, in nanoseconds.
fn span(options: &StreamOptions) -> i64 {
    const SECOND: i64 = 1_000_000_000;
    // An attack in an endless stream should not let its reader wait.
    const ENDLESS: i64 = 600 * SECOND;
    let of_events = |events: u64| {
        let nanos = u128::from(events) * 1_000_000_000 / u128::from(options.rate.max(1));
        i64::try_from(nanos).unwrap_or(i64::MAX)
    };
    match options.limit {
        Limit::Events(events) => of_events(events),
        Limit::Bytes(bytes) => {
            let sum: u64 = options.kinds.iter().map(|kind| kind.event_bytes()).sum();
            let mean = sum / options.kinds.len().max(1) as u64;
            of_events(bytes / mean.max(1))
        }
        Limit::Duration(nanos) => nanos,
        Limit::Endless => ENDLESS,
    }
}
