//! Incident records as JSON lines.

use std::fmt::{self, Display, Write};

use yagura_parsers::Timestamp;

use super::record::{IncidentRecord, RowView, StageView};
use super::rule_facts::RuleFacts;

/// A text as a JSON string. Control characters are escaped: what logs say must not reach a
/// terminal as it is.
struct Text<'a>(&'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// A time as a JSON string, `null` where it is not known.
struct Time(Timestamp);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Timestamp::UNKNOWN => f.write_str("null"),
            time => write!(f, "\"{time}\""),
        }
    }
}

/// `,"first":…,"last":…`
fn write_span(f: &mut fmt::Formatter<'_>, first: Timestamp, last: Timestamp) -> fmt::Result {
    write!(f, ",\"first\":{},\"last\":{}", Time(first), Time(last))
}

/// `[a,b]` or, with brackets of another kind, an object.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    brackets: [char; 2],
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    f.write_char(brackets[0])?;
    for (at, one) in items.into_iter().enumerate() {
        if at > 0 {
            f.write_char(',')?;
        }
        item(f, one)?;
    }
    f.write_char(brackets[1])
}

const ARRAY: [char; 2] = ['[', ']'];
const OBJECT: [char; 2] = ['{', '}'];

/// One line of JSON, without its end.
impl Display for IncidentRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, state) = (self.id, self.state.name());
        write!(
            f,
            "{{\"kind\":\"incident\",\"id\":\"{id:032x}\",\"state\":\"{state}\""
        )?;
        if let Some(into) = self.merged_into {
            write!(f, ",\"merged_into\":\"{into:032x}\"")?;
        }
        let (title, level, risk) = (Text(&self.title), self.level.name(), self.risk);
        write!(
            f,
            ",\"title\":{title},\"level\":\"{level}\",\"risk\":{risk:.1}"
        )?;
        write_span(f, self.first, self.last)?;
        f.write_str(",\"tactics\":")?;
        list(f, ARRAY, &self.tactics, |f, (tactic, _)| {
            write!(f, "\"{tactic}\"")
        })?;
        f.write_str(",\"techniques\":")?;
        list(f, ARRAY, &self.techniques, |f, t| Text(t).fmt(f))?;
        f.write_str(",\"entities\":")?;
        self.write_entities(f)?;
        f.write_str(",\"seen\":")?;
        list(f, ARRAY, &self.entities, |f, e| {
            let (kind, value) = (Text(&e.kind), Text(&e.value));
            write!(
                f,
                "{{\"kind\":{kind},\"value\":{value},\"count\":{}",
                e.count
            )?;
            write_span(f, e.first, e.last)?;
            f.write_char('}')
        })?;
        f.write_str(",\"alerts\":")?;
        list(f, ARRAY, &self.alerts, write_row)?;
        if !self.summarised.is_empty() {
            f.write_str(",\"summarised\":")?;
            list(f, ARRAY, &self.summarised, |f, sum| {
                f.write_str("{\"rule\":")?;
                write_rule(f, &sum.rule)?;
                write!(f, ",\"alerts\":{},\"count\":{}", sum.rows, sum.count)?;
                write_span(f, sum.first, sum.last)?;
                f.write_char('}')
            })?;
        }
        write!(f, ",\"partial\":{}}}", self.partial)
    }
}

impl IncidentRecord {
    /// Values by kind; entities come ordered by kind.
    fn write_entities(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.entities.chunk_by(|a, b| a.kind == b.kind);
        list(f, OBJECT, kinds, |f, entities| {
            let kind = entities.first().map_or("", |entity| &entity.kind);
            write!(f, "{}:", Text(kind))?;
            list(f, ARRAY, entities, |f, entity| Text(&entity.value).fmt(f))
        })
    }
}

fn write_rule(f: &mut fmt::Formatter<'_>, rule: &RuleFacts) -> fmt::Result {
    f.write_char('{')?;
    if let Some(id) = &rule.id {
        write!(f, "\"id\":{},", Text(id))?;
    }
    let (title, level) = (Text(&rule.title), rule.level.name());
    write!(f, "\"title\":{title},\"level\":\"{level}\"}}")
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &RowView) -> fmt::Result {
    f.write_str("{\"rule\":")?;
    write_rule(f, &row.rule)?;
    if let Some(id) = row.alert {
        write!(f, ",\"id\":\"{id:032x}\"")?;
    }
    write!(f, ",\"count\":{}", row.count)?;
    write_span(f, row.first, row.last)?;
    f.write_str(",\"key\":")?;
    list(f, OBJECT, &row.key, |f, (name, value)| {
        write!(f, "{}:{}", Text(name), Text(value))
    })?;
    if !row.stages.is_empty() {
        f.write_str(",\"stages\":")?;
        list(f, ARRAY, &row.stages, write_stage)?;
    }
    if !row.samples.is_empty() {
        f.write_str(",\"samples\":")?;
        list(f, ARRAY, &row.samples, |f, sample| write!(f, "{sample}"))?;
    }
    f.write_char('}')
}

fn write_stage(f: &mut fmt::Formatter<'_>, stage: &StageView) -> fmt::Result {
    let (name, count) = (Text(&stage.name), stage.count);
    write!(f, "{{\"name\":{name},\"count\":{count}")?;
    write_span(f, stage.first, stage.last)?;
    f.write_char('}')
}
