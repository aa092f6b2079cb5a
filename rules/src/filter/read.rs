//! Reads filters.

use super::{Filter, FilteredRules};
use crate::detection_body;
use crate::diagnostic::Findings;
use crate::document::Node;
use crate::logsource::Logsource;
use crate::meta::Meta;
use crate::placeholder::Placeholders;
use crate::reference::Name;

/// A filter with the places of the rules it names.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) filter: Filter,
    pub(crate) rules: Vec<Name>,
    /// Placeholders without values: then it is not applied.
    pub(crate) missing: Vec<String>,
}

/// Reads a filter. Errors are among the findings.
pub(crate) fn read(
    root: &Node<'_>,
    meta: Meta,
    placeholders: &Placeholders,
    findings: &mut Findings,
) -> Option<Draft> {
    let logsource = Logsource::read(root, findings);
    let (key, node) = root.entry("filter")?;
    let body = detection_body::read(key, node, &["rules"], &meta, placeholders, findings)?;
    let Some(listed) = node.get("rules").filter(|rules| !rules.is_null()) else {
        findings
            .error(key.span, "the filter has no `rules`")
            .help("list the ids or names of the rules it is for, or write `rules: any`");
        return None;
    };
    let mut names = Vec::new();
    for item in listed.one_or_many() {
        match item.text() {
            Some(text) => names.push(Name {
                text: text.to_owned(),
                span: item.span,
            }),
            None => {
                findings
                    .error(
                        item.span,
                        format!("`rules` needs ids or names, not {}", item.kind()),
                    )
                    .help("write a list of text, or `any`");
            }
        }
    }
    let any = matches!(names.as_slice(), [name] if name.text.eq_ignore_ascii_case("any"));
    let rules = if any {
        FilteredRules::Any
    } else {
        FilteredRules::Named(names.iter().map(|name| name.text.clone()).collect())
    };
    Some(Draft {
        filter: Filter {
            meta,
            logsource,
            rules,
            matches: body.matches,
        },
        rules: names,
        missing: body.missing,
    })
}
