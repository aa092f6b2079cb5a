//! Whether an event is of a logsource, and if not, what is in the way.

use yagura_parsers::EventKind;
use yagura_rules::Taxonomy;
use yagura_rules::taxonomy::{Route, Shape};

use super::event::SeenEvent;
use super::judge;
use super::value::SeenValue;

/// A reason for which an event does not take a route.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mismatch {
    /// It is of another shape.
    Shape(Shape),
    /// Its channel is another; `None`: it has none.
    Channel(Option<String>),
    /// Its event id is another; `None`: it has none, or no number.
    EventId(Option<u32>),
    /// Its program is another; `None`: it has none.
    Program(Option<String>),
    /// The route's further conditions do not hold.
    Guard,
}

/// What decides the route of an event.
struct Marks {
    shape: Shape,
    /// Lower case; that of the provider where the event has none.
    channel: String,
    event_id: Option<u32>,
    /// Lower case, without the folders before it.
    program: String,
}

impl Marks {
    fn of(event: &SeenEvent, taxonomy: &Taxonomy) -> Self {
        let lower = |name| event.first(name).map(SeenValue::lower).unwrap_or_default();
        let own_channel = lower("Channel");
        let provider = lower("Provider_Name");
        let mut ids = event.values("EventID");
        let event_id = ids.find_map(|(_, id)| id.lower().parse::<u32>().ok());
        let of_provider = taxonomy.channel_of_provider(&provider);
        let channel = match of_provider {
            Some(channel) if own_channel.is_empty() => channel.to_owned(),
            _ => own_channel.clone(),
        };
        let is_known = taxonomy.channels().any(|known| known == own_channel);
        // A field that happens to be called `Channel` makes no Windows event.
        let is_windows = event.kind == EventKind::Windows
            || is_known
            || (own_channel.is_empty() && !channel.is_empty())
            || (!channel.is_empty() && (event_id.is_some() || !provider.is_empty()));
        let program = lower("program");
        Self {
            shape: if is_windows {
                Shape::Windows
            } else {
                shape(event.kind)
            },
            channel,
            event_id,
            program: program.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }
}

/// Whether an event takes a route, its guard aside.
pub fn is_on(route: &Route, taxonomy: &Taxonomy, event: &SeenEvent) -> bool {
    without_guard(route, &Marks::of(event, taxonomy)).is_empty()
}

/// Why an event does not take a route; nothing if it does.
pub fn mismatches(route: &Route, taxonomy: &Taxonomy, event: &SeenEvent) -> Vec<Mismatch> {
    let mut found = without_guard(route, &Marks::of(event, taxonomy));
    let guard = route.guard.as_ref();
    if found.is_empty() && !guard.is_none_or(|guard| judge::holds(guard, &[], event)) {
        found.push(Mismatch::Guard);
    }
    found
}

fn without_guard(route: &Route, marks: &Marks) -> Vec<Mismatch> {
    if !route.shapes.contains(&marks.shape) {
        return vec![Mismatch::Shape(marks.shape)];
    }
    let named = |name: &String| Some(name.clone()).filter(|name| !name.is_empty());
    let mut found = Vec::new();
    if marks.shape == Shape::Windows {
        if !route.channels.is_empty() && !route.channels.contains(&marks.channel) {
            found.push(Mismatch::Channel(named(&marks.channel)));
        }
        let is_listed = |id| route.event_ids.contains(&id);
        if !route.event_ids.is_empty() && !marks.event_id.is_some_and(is_listed) {
            found.push(Mismatch::EventId(marks.event_id));
        }
        return found;
    }
    let is_program = |pattern: &String| match pattern.strip_suffix('*') {
        Some(prefix) => marks.program.starts_with(prefix),
        None => marks.program == *pattern,
    };
    let of_program = marks.shape == Shape::Syslog && route.programs.iter().any(is_program);
    if !route.programs.is_empty() && !of_program {
        found.push(Mismatch::Program(named(&marks.program)));
    }
    found
}

fn shape(kind: EventKind) -> Shape {
    match kind {
        EventKind::Windows => Shape::Windows,
        EventKind::Syslog => Shape::Syslog,
        EventKind::Auditd => Shape::Auditd,
        EventKind::AccessLog => Shape::AccessLog,
        EventKind::Cef => Shape::Cef,
        EventKind::Leef => Shape::Leef,
        EventKind::KeyValue => Shape::KeyValue,
        EventKind::Json => Shape::Json,
        EventKind::Raw => Shape::Raw,
    }
}
