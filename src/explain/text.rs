//! An explanation for people: a tree, one part a line.

use std::fmt::Write;

use yagura_engine::explain::{Body, Item, Join, Part, Seen, Truth, Verdict};
use yagura_rules::Activity;
use yagura_rules::predicate::Subject;

use super::{Among, Explained, mismatch, verdict_name};
use crate::render::case_table;
use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::terminal::Colour;

const STEP: &str = "  ";

/// So many characters of a value are shown.
const VALUE_CHARS_MAX: usize = 160;

/// So many tests of a list are shown, those that hold first.
const TESTS_SHOWN_MAX: usize = 8;

/// Writes explanations. Writing to a string cannot fail, in all of this file.
#[derive(Debug)]
pub struct Tree {
    out: String,
    colour: Colour,
}

/// The explanation as text.
pub fn explanation(of: &Explained<'_>, colour: Colour) -> String {
    let mut tree = Tree {
        out: String::new(),
        colour,
    };
    tree.heading(of);
    if let Activity::LacksPlaceholders(names) = &of.rule.activity {
        let names = visible(&names.join(", ")).into_owned();
        let _ = writeln!(
            tree.out,
            "  the rule is inactive: it needs values for the placeholders {names} (--placeholders)"
        );
    }
    tree.logsource(of);
    if let Some(body) = &of.why.body {
        tree.body(body, of);
    }
    tree.out.push('\n');
    tree.out
}

impl Tree {
    fn heading(&mut self, of: &Explained<'_>) {
        let verdict = verdict_name(of.why.verdict);
        let style = match of.why.verdict {
            Verdict::Matched => Style::Heading,
            Verdict::Nearly => Style::Level(yagura_rules::Level::Medium),
            Verdict::Unmatched | Verdict::OtherLogsource | Verdict::Inactive => Style::Dim,
        };
        let number = paint(&format!("event {}", of.number), Style::Heading, self.colour);
        let _ = write!(self.out, "{number}  {}:{}", visible(of.path), of.position);
        let time = case_table::time(of.time);
        let _ = writeln!(self.out, "  {time}  {}", paint(verdict, style, self.colour));
        if of.among == Among::Several {
            let _ = writeln!(self.out, "  rule {}", visible(&of.rule.meta.title));
        }
    }

    fn logsource(&mut self, of: &Explained<'_>) {
        let mark = self.mark(of.why.body.is_some());
        let logsource = of.rule.logsource.to_string();
        let _ = write!(self.out, "  {mark} logsource {}", visible(&logsource));
        if let Some(body) = &of.why.body {
            let _ = writeln!(self.out, ": {}", visible(&body.route.name));
            return;
        }
        self.out.push('\n');
        for (route, mismatches) in &of.why.routes {
            for mismatch in mismatches {
                let why = mismatch::sentence(route, mismatch);
                let (name, why) = (visible(&route.name), visible(&why));
                let _ = writeln!(self.out, "      {name}: {why}");
            }
        }
        if of.why.routes.is_empty() {
            self.out
                .push_str("      no events: no table knows this logsource\n");
        }
    }

    fn body(&mut self, body: &Body<'_>, of: &Explained<'_>) {
        for (at, named) in body.named.iter().enumerate() {
            let what = if at < of.rule.selections.len() {
                "selection"
            } else {
                "filter"
            };
            let mark = self.mark(named.truth.holds);
            let _ = writeln!(self.out, "  {mark} {what} {}", visible(named.name));
            self.truth(body, &named.truth, 2);
        }
        let mark = self.mark(body.condition.holds);
        let conditions = of.rule.conditions.join(" or ");
        let _ = writeln!(self.out, "  {mark} condition {}", visible(&conditions));
        self.truth(body, &body.condition, 2);
        if of.why.verdict == Verdict::Nearly {
            self.decisive(body);
        }
    }

    fn decisive(&mut self, body: &Body<'_>) {
        let decisive = body.decisive();
        self.out.push_str(if decisive.len() > 1 {
            "  one of these otherwise, and it would match\n"
        } else {
            "  this otherwise, and it would match\n"
        });
        for (item, wanted) in decisive {
            let needed = if wanted {
                "has to hold"
            } else {
                "must not hold"
            };
            let line = decisive_line(item, wanted);
            let _ = writeln!(self.out, "    {needed}: {}", visible(&line));
        }
    }

    fn truth(&mut self, body: &Body<'_>, truth: &Truth<'_>, depth: usize) {
        let indent = STEP.repeat(depth);
        let mark = self.mark(truth.holds);
        let (heading, parts) = match &truth.part {
            Part::Item(item) => return self.item(body, item, truth.holds, depth),
            Part::Named(at) => {
                let name = body.named.get(*at).map_or("?", |named| named.name);
                let _ = writeln!(self.out, "{indent}{mark} {}", visible(name));
                return;
            }
            Part::All(parts) => ("all of".to_owned(), parts.as_slice()),
            Part::Any(parts) => ("any of".to_owned(), parts.as_slice()),
            Part::AtLeast(count, parts) => (format!("at least {count} of"), parts.as_slice()),
            Part::Not(inner) => ("not".to_owned(), std::slice::from_ref(&**inner)),
        };
        if let ([only], Part::All(_) | Part::Any(_)) = (parts, &truth.part) {
            return self.truth(body, only, depth);
        }
        let _ = writeln!(self.out, "{indent}{mark} {heading}");
        for part in parts {
            self.truth(body, part, depth + 1);
        }
    }

    fn item(&mut self, body: &Body<'_>, item: &Item<'_>, holds: bool, depth: usize) {
        let indent = STEP.repeat(depth);
        let mark = self.mark(holds);
        let _ = writeln!(self.out, "{indent}{mark} {}", visible(&item_line(item)));
        if item.tests.len() > 1 {
            self.tests(item, depth + 1);
        }
        let values = match item.subject {
            Subject::Anything if item.values.is_empty() => {
                vec![format!("in none of the event's {} texts", item.searched)]
            }
            Subject::Anything => item
                .values
                .iter()
                .map(|v| format!("in {}", text(v)))
                .collect(),
            Subject::Field(name) if item.values.is_empty() => {
                vec![format!("the event has no {}", sources(body, name))]
            }
            Subject::Field(_) => item.values.iter().chain(&item.others).map(named).collect(),
        };
        for value in values {
            let line = paint(&visible(&value), Style::Dim, self.colour);
            let _ = writeln!(self.out, "{indent}    {line}");
        }
    }

    fn tests(&mut self, item: &Item<'_>, depth: usize) {
        let indent = STEP.repeat(depth);
        let mut tests = item.tests.clone();
        // Stable: the order of the rule stays within both.
        tests.sort_by_key(|(_, holds)| *holds != (item.join == Join::Any));
        for (test, holds) in tests.iter().take(TESTS_SHOWN_MAX) {
            let mark = self.mark(*holds);
            let line = format!("{}{test}", subject(item));
            let _ = writeln!(self.out, "{indent}{mark} {}", visible(&line));
        }
        let hidden = tests.get(TESTS_SHOWN_MAX..).unwrap_or_default();
        let holding = hidden.iter().filter(|(_, holds)| *holds).count();
        if !hidden.is_empty() {
            let _ = writeln!(
                self.out,
                "{indent}  and {} more, of which {holding} hold",
                hidden.len()
            );
        }
    }

    fn mark(&self, holds: bool) -> String {
        if holds {
            paint("✓", Style::Heading, self.colour)
        } else {
            paint("✗", Style::Error, self.colour)
        }
    }
}

/// `Image: '*\cmd.exe'`; of several tests only what is common to them.
fn item_line(item: &Item<'_>) -> String {
    match item.tests.as_slice() {
        [(test, _)] => format!("{}{test}", subject(item)),
        _ if item.join == Join::All => format!("{}, all of", subject(item)),
        _ => format!("{}, any of", subject(item)),
    }
}

/// The item, and where all of a list are wanted, the one that is missing.
fn decisive_line(item: &Item<'_>, wanted: bool) -> String {
    let missing = item.tests.iter().find(|(_, holds)| !holds);
    match missing.filter(|_| wanted && item.join == Join::All) {
        Some((test, _)) => format!("{}{test}", subject(item)),
        None => item_line(item),
    }
}

fn subject<'r>(item: &Item<'r>) -> &'r str {
    match item.subject {
        Subject::Field(name) => name,
        Subject::Anything => "keyword",
    }
}

/// What events on this route call a field.
fn sources(body: &Body<'_>, field: &str) -> String {
    let rename = body.route.renames.iter().find(|r| r.field == field);
    rename.map_or_else(|| field.to_owned(), |r| r.sources.join(" or "))
}

fn named(value: &Seen) -> String {
    format!("{} is {}", value.field, text(value))
}

fn text(value: &Seen) -> String {
    if value.is_null {
        return "null".to_owned();
    }
    match value.text.char_indices().nth(VALUE_CHARS_MAX) {
        None => format!("'{}'", value.text),
        Some((at, _)) => {
            let shown = value.text.get(..at).unwrap_or_default();
            let cut = value.text.get(at..).map_or(0, |rest| rest.chars().count());
            format!("'{shown}'… and {} characters more", cut + value.cut_chars)
        }
    }
}
