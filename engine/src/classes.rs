//! Which class an event belongs to: decided once, by table, from its channel and event id, or
//! its program, or its format.

use hashbrown::HashMap;
use yagura_parsers::fields::{CHANNEL, EVENT_ID, PROGRAM, PROVIDER_NAME};
use yagura_parsers::{Event, EventKind, Value, ValueKind};
use yagura_rules::taxonomy::Shape;

use crate::matcher::plan::ClassPlan;
use crate::matcher::raw_filter::RawFilter;

/// A class, as an index into [`Classes::by_id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClassId(pub(crate) u32);

/// All shapes, in the order of [`Classes::by_shape`].
pub(crate) const SHAPES: [Shape; 9] = [
    Shape::Windows,
    Shape::Syslog,
    Shape::Auditd,
    Shape::AccessLog,
    Shape::Cef,
    Shape::Leef,
    Shape::KeyValue,
    Shape::Json,
    Shape::Raw,
];

/// The longest channel or program name that can be known.
const NAME_BYTES_MAX: usize = 160;

/// The longest event id, with zeros before it.
const ID_BYTES_MAX: usize = 32;

#[derive(Debug)]
pub(crate) struct ByEventId {
    pub(crate) named: HashMap<u32, ClassId>,
    pub(crate) other: ClassId,
}

impl ByEventId {
    fn class(&self, event_id: Option<u32>) -> ClassId {
        let named = event_id.and_then(|id| self.named.get(&id));
        named.copied().unwrap_or(self.other)
    }
}

/// A plan, as an index into [`Classes::plans`].
pub(crate) type PlanId = u32;

/// The plans of a class. What many classes share (rules for any syslog message, any Windows
/// event) is compiled once and looked at beside what is special to the class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    pub(crate) special: Option<PlanId>,
    pub(crate) shared: Option<PlanId>,
    /// Index into [`Classes::raw_filters`]; `None` where no plan has keywords.
    pub(crate) raw_filter: Option<u32>,
}

/// The table. Names are lower case.
#[derive(Debug)]
pub(crate) struct Classes {
    pub(crate) by_shape: [ClassId; SHAPES.len()],
    pub(crate) by_channel: HashMap<Box<str>, ByEventId>,
    pub(crate) other_channel: ByEventId,
    /// Names, and prefixes that end in `*`.
    pub(crate) by_program: HashMap<Box<str>, ClassId>,
    pub(crate) channel_of_provider: HashMap<Box<str>, Box<str>>,
    pub(crate) by_id: Vec<Class>,
    pub(crate) plans: Vec<ClassPlan>,
    pub(crate) raw_filters: Vec<RawFilter>,
}

/// The prefix that a pattern of program names stands for.
pub(crate) fn prefix_of(pattern: &str) -> Option<&str> {
    pattern.strip_suffix('*')
}

/// What decides the class of an event: of each field the first value that is not empty.
pub(crate) struct Marks<'a> {
    pub(crate) kind: EventKind,
    pub(crate) channel: Value<'a>,
    pub(crate) event_id: Option<u32>,
    pub(crate) provider: Value<'a>,
    pub(crate) program: Value<'a>,
}

impl<'a> Marks<'a> {
    pub(crate) fn of(event: Event<'a>) -> Self {
        let mut marks = Self {
            kind: event.kind(),
            channel: Value::NULL,
            event_id: None,
            provider: Value::NULL,
            program: Value::NULL,
        };
        for (at, field) in (0u32..).zip(event.fields()) {
            match field {
                CHANNEL if marks.channel.is_empty() => marks.channel = event.value(at),
                EVENT_ID if marks.event_id.is_none() => {
                    marks.event_id = parse_id(event.value(at));
                }
                PROVIDER_NAME if marks.provider.is_empty() => marks.provider = event.value(at),
                PROGRAM if marks.program.is_empty() => marks.program = event.value(at),
                _ => {}
            }
        }
        marks
    }
}

impl Classes {
    /// The plans of a class.
    pub(crate) fn plans(&self, class: Class) -> impl Iterator<Item = &ClassPlan> + Clone {
        let plans = [class.special, class.shared].into_iter().flatten();
        plans.map(|id| &self.plans[id as usize])
    }

    /// Tells that no keyword can be in an event of a class; `None` where no rule has any.
    #[inline]
    pub(crate) fn raw_filter(&self, class: Class) -> Option<&RawFilter> {
        self.raw_filters.get(class.raw_filter? as usize)
    }

    /// The class of events with these marks.
    pub(crate) fn class(&self, marks: &Marks<'_>) -> Class {
        self.by_id[self.class_id(marks).0 as usize]
    }

    fn class_id(&self, marks: &Marks<'_>) -> ClassId {
        let mut name = [0; NAME_BYTES_MAX];
        if let Some(class) = self.windows(marks, &mut name) {
            return class;
        }
        let shape = shape_of(marks.kind);
        if shape == Shape::Syslog
            && let Some(class) = self.of_program(lower_base_name(marks.program, &mut name))
        {
            return class;
        }
        self.by_shape[SHAPES.iter().position(|s| *s == shape).unwrap_or(0)]
    }

    /// The class of a Windows event; `None` if it is none.
    fn windows(&self, marks: &Marks<'_>, name: &mut [u8]) -> Option<ClassId> {
        let channel = lower(marks.channel, name);
        if let Some(known) = self.by_channel.get(channel) {
            return Some(known.class(marks.event_id));
        }
        let has_channel = !marks.channel.is_empty();
        let provider = lower(marks.provider, name);
        if !has_channel && let Some(channel) = self.channel_of_provider.get(provider) {
            let known = self.by_channel.get(channel).unwrap_or(&self.other_channel);
            return Some(known.class(marks.event_id));
        }
        // A field that happens to be called `Channel` makes no Windows event of a JSON object.
        let is_windows = marks.kind == EventKind::Windows
            || (has_channel && (marks.event_id.is_some() || !marks.provider.is_empty()));
        is_windows.then(|| self.other_channel.class(marks.event_id))
    }

    fn of_program(&self, program: &str) -> Option<ClassId> {
        if let Some(class) = self.by_program.get(program) {
            return Some(*class);
        }
        let fits = |name: &str| prefix_of(name).is_some_and(|p| program.starts_with(p));
        let prefixes = self.by_program.iter().filter(|(name, _)| fits(name));
        // The longest prefix was given the routes of all shorter ones.
        let longest = prefixes.max_by_key(|(name, _)| name.len());
        longest.map(|(_, class)| *class)
    }
}

fn shape_of(kind: EventKind) -> Shape {
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

/// Programs are known by name; some senders put their path before it.
fn lower_base_name<'a>(program: Value<'_>, room: &'a mut [u8]) -> &'a str {
    match program.plain() {
        Some(path) => {
            let name = path.rsplit(|b| *b == b'/').next().unwrap_or(path);
            lower(Value::new(ValueKind::Text, name), room)
        }
        None => lower(program, room).rsplit('/').next().unwrap_or(""),
    }
}

fn parse_id(value: Value<'_>) -> Option<u32> {
    if let Some(digits @ ([_] | [_, _] | [_, _, _] | [_, _, _, _])) = value.plain() {
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
        let number = digits.iter().try_fold(0, |n, b| Some(n * 10 + digit(b)?));
        if number.is_some() {
            return number;
        }
    }
    let mut room = [0; ID_BYTES_MAX];
    let text = value.copy_to(&mut room)?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The name in lower case; empty if it is longer than any known one, or no ASCII.
fn lower<'a>(name: Value<'_>, room: &'a mut [u8]) -> &'a str {
    let Some(name) = name.copy_to(room) else {
        return "";
    };
    name.make_ascii_lowercase();
    std::str::from_utf8(name).unwrap_or("")
}
