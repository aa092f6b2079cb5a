//! The choice of the rendering of alerts and incidents as they come.

use yagura_engine::alert::AlertRecord;
use yagura_engine::incident::IncidentRecord;
use yagura_rules::Meta;

use super::{alert_json, case_csv, case_line, csv, incident_json, table};
use crate::scan::{Inputs, RuleBook, place};

/// What records refer to: kinds of entities, inputs.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The rules.
    pub book: &'a RuleBook,
    /// The names of the inputs.
    pub inputs: &'a Inputs,
}

impl<'a> Names<'a> {
    /// The name of a kind of entity.
    pub fn kind(self, kind: u8) -> &'a str {
        let kinds = &self.book.cases.policy().entities;
        let kind = kinds.get(usize::from(kind));
        kind.map_or("?", |kind| kind.name.as_str())
    }

    /// Where an event is: `path:position`.
    pub fn event(self, reference: u64) -> String {
        let (input, position) = place(reference);
        format!("{}:{position}", self.inputs.path(input))
    }
}

/// How records look as they come.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    /// They are not shown.
    Hidden,
    /// JSON objects.
    Jsonl,
    /// Comma-separated values.
    Csv(csv::Columns),
    /// Lines among those of detections.
    Lines(table::Layout),
}

/// One way to show records.
#[derive(Clone, Copy, Debug)]
pub struct CaseRenderer<'a> {
    /// The way.
    pub look: Look,
    /// What they refer to.
    pub names: Names<'a>,
}

impl CaseRenderer<'_> {
    /// Renders a record of an alert, its line end included.
    pub fn alert(&self, out: &mut Vec<u8>, alert: &AlertRecord, meta: &Meta) {
        match self.look {
            Look::Hidden => {}
            Look::Jsonl => alert_json::line(out, alert, meta, self.names),
            Look::Csv(columns) => case_csv::alert(out, columns, alert, meta, self.names),
            Look::Lines(layout) => case_line::alert(out, layout, alert, meta),
        }
    }

    /// Renders a record of an incident, its line end included.
    pub fn incident(&self, out: &mut Vec<u8>, incident: &IncidentRecord) {
        match self.look {
            Look::Hidden => {}
            Look::Jsonl => incident_json::line(out, incident, self.names),
            Look::Csv(columns) => case_csv::incident(out, columns, incident),
            Look::Lines(layout) => case_line::incident(out, layout, incident),
        }
    }
}
