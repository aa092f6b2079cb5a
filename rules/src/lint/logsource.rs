//! Checks of the logsource, and of fields that its events do not have.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use hashbrown::HashSet;

use super::document::{Document, Item};
use super::report::Report;
use crate::logsource::Logsource;
use crate::suggestion::nearest;
use crate::taxonomy::Taxonomy;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    common: Vec<String>,
    categories: BTreeMap<String, Vec<String>>,
}

static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    serde_yaml::from_str(include_str!("fields.yml")).expect("the embedded table is well-formed")
});

/// The fields that events of a logsource have; `None` where no table knows.
pub(super) fn fields_of(category: &str, product: Option<&str>) -> Option<Vec<&'static str>> {
    if !product.is_none_or(|product| matches!(product, "windows" | "linux" | "macos")) {
        return None;
    }
    let own = FIELDS.categories.get(category)?;
    Some(
        own.iter()
            .chain(&FIELDS.common)
            .map(String::as_str)
            .collect(),
    )
}

pub(super) fn check(document: &Document<'_>, taxonomy: &Taxonomy, report: &mut Report) {
    let Some((key, node)) = document.root.entry("logsource") else {
        return;
    };
    for (part, value) in node.as_map().unwrap_or_default() {
        let Some(text) = value.text() else { continue };
        let is_name = matches!(part.text.as_ref(), "category" | "product" | "service");
        if is_name && text.chars().any(|c| c.is_ascii_uppercase()) {
            let found = report.find(
                202,
                value.span,
                format!(
                    "the {} `{}` is not in lower case",
                    part.text,
                    text.escape_default()
                ),
            );
            found.help(format!("write `{}`", text.to_lowercase().escape_default()));
            if value.span.len == text.len() {
                found.replace(value.span, text.to_lowercase());
            }
        }
    }
    let logsource = Logsource {
        category: document.logsource("category"),
        product: document.logsource("product"),
        service: document.logsource("service"),
        definition: None,
    };
    let empty = Logsource::default();
    if logsource != empty && !taxonomy.is_known(&logsource) {
        unknown(&logsource, node, key.span, taxonomy, report);
    }
    if logsource.product.is_some() && logsource.category.is_none() && logsource.service.is_none() {
        report
            .find(
                205,
                key.span,
                format!("the logsource is all of `{logsource}`"),
            )
            .help("name a `category` or a `service`, so that fewer events have to be looked at");
    }
    fields(document, &logsource, report);
}

/// A logsource that no table knows may be one of the user's own, or a slip.
fn unknown(
    logsource: &Logsource,
    node: &crate::document::Node<'_>,
    place: crate::diagnostic::Span,
    taxonomy: &Taxonomy,
    report: &mut Report,
) {
    type Part = fn(&Logsource) -> Option<&String>;
    let parts: [(&str, Part); 3] = [
        ("product", |l| l.product.as_ref()),
        ("category", |l| l.category.as_ref()),
        ("service", |l| l.service.as_ref()),
    ];
    for (name, part) in parts {
        let Some(own) = part(logsource) else { continue };
        let known: HashSet<&str> = taxonomy
            .logsources()
            .filter_map(part)
            .map(String::as_str)
            .collect();
        if known.contains(own.as_str()) {
            continue;
        }
        let mut sorted: Vec<&str> = known.into_iter().collect();
        sorted.sort_unstable();
        if let Some(meant) = nearest(own, sorted) {
            let span = node.get(name).map_or(place, |value| value.span);
            report
                .find(
                    201,
                    span,
                    format!("no logsource has the {name} `{}`", own.escape_default()),
                )
                .help(format!("did you mean `{meant}`?"));
            return;
        }
    }
    report
        .find(206, place, format!("the logsource `{logsource}` is in no table"))
        .help("its events are looked for in every format without a product of its own; `yagura rules show` says where");
}

fn fields(document: &Document<'_>, logsource: &Logsource, report: &mut Report) {
    let Some(category) = &logsource.category else {
        return;
    };
    let Some(known) = fields_of(category, logsource.product.as_deref()) else {
        return;
    };
    let mut told = HashSet::new();
    for item in document.items() {
        let field = item.field;
        if field.is_empty() || known.contains(&field) || !told.insert(field.to_owned()) {
            continue;
        }
        field_unknown(&item, &known, logsource, report);
    }
}

fn field_unknown(item: &Item<'_>, known: &[&str], logsource: &Logsource, report: &mut Report) {
    let field = item.field;
    let mut span = item.place();
    if span.len >= field.len() && item.key.is_some_and(|key| key.text.len() == span.len) {
        span.len = field.len();
    }
    let shown = field.escape_default();
    if let Some(meant) = known.iter().find(|name| name.eq_ignore_ascii_case(field)) {
        report
            .find(
                204,
                span,
                format!("the field is called `{meant}`, not `{shown}`"),
            )
            .help("names of fields are compared with their case")
            .replace(span, *meant);
    } else if let Some(meant) = nearest(field, known.iter().copied()) {
        report
            .find(
                204,
                span,
                format!("events of `{logsource}` have no field `{shown}`"),
            )
            .help(format!("did you mean `{meant}`?"));
    } else {
        report
            .find(
                203,
                span,
                format!("events of `{logsource}` have no field `{shown}`"),
            )
            .help("the rule never matches by it, unless your collector adds the field");
    }
}
