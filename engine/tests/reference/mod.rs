//! The naive reference: one rule at a time, in the plainest code, straight from the
//! specification. Slow on purpose; shares nothing with the engine but the checked model.

// Each test binary uses a part of this.
#![allow(dead_code)]

pub mod glob;
pub mod value;

use yagura_parsers::{
    BlockExtent, Event, EventBatch, EventKind, Extent, Format, Origin, Projection,
    ProjectionBuilder, Timestamp, ValueKind,
};
use yagura_rules::predicate::{Expr, Predicate, Subject, Test};
use yagura_rules::taxonomy::{Rename, Route, Shape};
use yagura_rules::{Activity, Detection, Taxonomy};

use value::Slow;

/// An event with all its values by name.
pub struct SlowEvent {
    kind: EventKind,
    fields: Vec<(String, Slow)>,
    texts: Vec<Slow>,
}

impl SlowEvent {
    /// `event` was parsed with a projection of everything.
    pub fn new(event: Event<'_>, projection: &Projection, format: Format) -> Self {
        let fields = event
            .named_values(projection)
            .map(|(name, v)| (String::from_utf8_lossy(name).into_owned(), Slow::new(v)))
            .collect();
        Self {
            kind: event.kind(),
            fields,
            texts: texts(event, format),
        }
    }

    fn values(&self, name: &str) -> Vec<Slow> {
        let mine = self.fields.iter().filter(|(n, _)| n == name);
        mine.map(|(_, v)| v.clone()).collect()
    }

    fn first(&self, name: &str) -> String {
        let values = self.values(name);
        values.first().map(Slow::lower).unwrap_or_default()
    }
}

/// Where keywords are looked for: every value of structured events, else the line, and the values
/// as well where they may be written with escapes.
fn texts(event: Event<'_>, format: Format) -> Vec<Slow> {
    let structured = matches!(event.kind(), EventKind::Json | EventKind::Windows);
    if !structured {
        let escapes = event.raw().iter().any(|b| matches!(b, b'\\' | b'&'));
        let mut texts = vec![Slow::text(event.raw())];
        if escapes || event.kind() == EventKind::Auditd {
            texts.extend(all_values(event, format));
        }
        return texts;
    }
    if event.raw().is_empty() {
        return event.values().map(|(_, v)| Slow::new(v)).collect();
    }
    all_values(event, format)
}

/// Every value, whatever its name.
fn all_values(event: Event<'_>, format: Format) -> Vec<Slow> {
    let all = ProjectionBuilder::new(Extent::Everything).build();
    let mut batch = EventBatch::new();
    batch.recycle().extend_from_slice(event.raw());
    let origin = Origin {
        position: 0,
        near: Timestamp::UNKNOWN,
        extent: BlockExtent::Whole,
    };
    batch.parse(format, origin, &all);
    let values = batch
        .events()
        .flat_map(|e| e.values().map(|(_, v)| Slow::new(v)).collect::<Vec<_>>());
    values.collect()
}

/// Whether an event satisfies a rule.
pub fn matches(rule: &Detection, taxonomy: &Taxonomy, event: &SlowEvent) -> bool {
    rule.activity == Activity::Active
        && taxonomy
            .routes(&rule.logsource)
            .iter()
            .any(|route| on_route(rule, route, taxonomy, event))
}

/// Whether an event satisfies a rule on one of the routes of its logsource.
pub fn on_route(rule: &Detection, route: &Route, taxonomy: &Taxonomy, event: &SlowEvent) -> bool {
    is_on(route, taxonomy, event)
        && route.guard.iter().all(|guard| holds(guard, &[], event))
        && holds(&rule.matches, &route.renames, event)
}

/// Whether an event takes a route.
pub fn is_on(route: &Route, taxonomy: &Taxonomy, event: &SlowEvent) -> bool {
    let mut channel = event.first("Channel");
    let provider = event.first("Provider_Name");
    let event_id = event.first("EventID").parse::<u32>().ok();
    let known = taxonomy.channels().any(|c| c == channel);
    if channel.is_empty() {
        let of_provider = taxonomy.channel_of_provider(&provider);
        channel.push_str(of_provider.unwrap_or_default());
    }
    let windows = event.kind == EventKind::Windows
        || known
        || (event.first("Channel").is_empty() && !channel.is_empty())
        || (!channel.is_empty() && (event_id.is_some() || !provider.is_empty()));
    let shape = if windows {
        Shape::Windows
    } else {
        shape(event.kind)
    };
    if !route.shapes.contains(&shape) {
        return false;
    }
    if shape == Shape::Windows {
        let of_channel = route.channels.is_empty() || route.channels.contains(&channel);
        let of_id =
            route.event_ids.is_empty() || event_id.is_some_and(|id| route.event_ids.contains(&id));
        return of_channel && of_id;
    }
    let program = event.first("program");
    let program = program.rsplit('/').next().unwrap_or("");
    let is_program = |pattern: &String| match pattern.strip_suffix('*') {
        Some(prefix) => program.starts_with(prefix),
        None => program == *pattern,
    };
    route.programs.is_empty() || (shape == Shape::Syslog && route.programs.iter().any(is_program))
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

fn holds(expr: &Expr, renames: &[Rename], event: &SlowEvent) -> bool {
    match expr {
        Expr::All(parts) => parts.iter().all(|p| holds(p, renames, event)),
        Expr::Any(parts) => parts.iter().any(|p| holds(p, renames, event)),
        Expr::AtLeast(n, parts) => parts.iter().filter(|p| holds(p, renames, event)).count() >= *n,
        Expr::Not(inner) => !holds(inner, renames, event),
        Expr::Is(predicate) => is(predicate, renames, event),
    }
}

fn is(predicate: &Predicate, renames: &[Rename], event: &SlowEvent) -> bool {
    let values = match &predicate.subject {
        Subject::Anything => event.texts.clone(),
        Subject::Field(name) => field(name, renames, event),
    };
    match &predicate.test {
        Test::Null => by_source(&predicate.subject, renames, event)
            .iter()
            .all(|values| values.is_empty() || values.iter().any(|v| v.kind == ValueKind::Null)),
        Test::Exists => !values.is_empty(),
        Test::Field {
            other,
            relation,
            case,
        } => {
            let others = field(other, renames, event);
            // The documented limit of values compared.
            let others: Vec<Slow> = others.into_iter().take(256).collect();
            values
                .iter()
                .take(256)
                .any(|v| others.iter().any(|o| v.relates(*relation, *case, o)))
        }
        test => values.iter().any(|v| v.satisfies(test)),
    }
}

/// The values of a subject, by the field that events have them in.
fn by_source(subject: &Subject, renames: &[Rename], event: &SlowEvent) -> Vec<Vec<Slow>> {
    let Subject::Field(name) = subject else {
        return vec![event.texts.clone()];
    };
    match renames.iter().find(|r| r.field == *name) {
        None => vec![event.values(name)],
        Some(rename) => rename.sources.iter().map(|s| event.values(s)).collect(),
    }
}

/// The values of a rule's field on a route.
fn field(name: &str, renames: &[Rename], event: &SlowEvent) -> Vec<Slow> {
    match renames.iter().find(|r| r.field == name) {
        None => event.values(name),
        Some(Rename {
            sources,
            hexadecimal,
            ..
        }) => {
            let values = sources.iter().flat_map(|s| event.values(s));
            values
                .map(|v| if *hexadecimal { v.decimal() } else { v })
                .collect()
        }
    }
}
