//! What keeps an event from a logsource, in words.

use yagura_engine::explain::Mismatch;
use yagura_rules::taxonomy::Route;

use crate::render::rule::shape_name;

/// Channels, event ids and the like end after so many.
const LISTED_MAX: usize = 4;

/// `channel is security, microsoft-windows-sysmon/operational is needed`
pub fn sentence(route: &Route, mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Shape(shape) => {
            let needed = route.shapes.iter().map(|s| shape_name(*s).to_owned());
            let needed = one_of(&needed.collect::<Vec<_>>());
            format!(
                "the event's format is {}, {needed} is needed",
                shape_name(*shape)
            )
        }
        Mismatch::Channel(seen) => has("Channel", seen.as_deref(), &route.channels),
        Mismatch::EventId(seen) => {
            let ids: Vec<String> = route.event_ids.iter().map(u32::to_string).collect();
            has("EventID", seen.map(|id| id.to_string()).as_deref(), &ids)
        }
        Mismatch::Program(seen) => has("program", seen.as_deref(), &route.programs),
        Mismatch::Guard => match &route.guard {
            Some(guard) => format!("this does not hold: {guard}"),
            None => "a further condition does not hold".to_owned(),
        },
    }
}

fn has(name: &str, seen: Option<&str>, needed: &[String]) -> String {
    let needed = one_of(needed);
    match seen {
        Some(seen) => format!("{name} is {seen}, {needed} is needed"),
        None => format!("there is no {name}, {needed} is needed"),
    }
}

fn one_of(names: &[String]) -> String {
    let shown = names.get(..LISTED_MAX).unwrap_or(names);
    match names.len().saturating_sub(LISTED_MAX) {
        0 => shown.join(" or "),
        more => format!("{} or one of {more} more", shown.join(", ")),
    }
}
