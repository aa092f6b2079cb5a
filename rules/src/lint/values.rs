//! Checks of fields, modifiers and values.

mod escapes;
mod known_fields;
mod paths;
mod redundant;
mod regexes;
mod wildcards;

use super::document::{Document, Item};
use super::report::Report;

pub(super) fn check(document: &Document<'_>, report: &mut Report) {
    let items = document.items();
    for item in &items {
        redundant::check(item, report);
        escapes::check(item, report);
        wildcards::check(item, report);
        paths::check(item, document, report);
        known_fields::check(item, report);
        regexes::check(item, report);
        keywords(item, report);
        modifiers(item, report);
    }
    redundant::equal_alternatives(document, report);
}

/// Text shorter than this occurs in nearly every event.
const KEYWORD_CHARS_MIN: usize = 3;

fn keywords(item: &Item<'_>, report: &mut Report) {
    if item.key.is_some() {
        return;
    }
    for value in item.values {
        let Some(text) = value.text() else { continue };
        if text.chars().count() < KEYWORD_CHARS_MIN {
            report
                .find(
                    337,
                    value.span,
                    format!(
                        "the keyword `{}` occurs nearly everywhere",
                        text.escape_default()
                    ),
                )
                .help("name a field, or look for something longer");
        }
    }
}

fn modifiers(item: &Item<'_>, report: &mut Report) {
    let encoded = item.has("base64") || item.has("base64offset");
    if encoded && item.opening().is_none() && item.key.is_some_and(|key| !key.text.starts_with('|'))
    {
        report
            .find(
                314,
                item.place(),
                "the whole value has to be the encoded text",
            )
            .help("add `|contains` behind the encoding, if the text is to occur in it");
    }
    if item.has("base64offset") && !item.has("contains") && item.opening().is_some() {
        report
            .find(341, item.place(), "`base64offset` at a fixed place")
            .help("three forms are looked for since the place is not known: use `contains`, or `base64`");
    }
    if (item.has("utf16") || item.has("utf16le") || item.has("utf16be") || item.has("wide"))
        && !encoded
    {
        report
            .find(342, item.place(), "UTF-16 that is not encoded further")
            .help("logs hold text, not its UTF-16 bytes: add `|base64offset|contains`");
    }
    if item.has("windash") {
        for value in item.values {
            let Some(text) = value.text() else { continue };
            if !text.contains(['-', '/', '\u{2013}', '\u{2014}', '\u{2015}']) {
                report
                    .find(
                        327,
                        value.span,
                        "`windash` has no effect: there is no dash or slash here",
                    )
                    .help("remove the modifier, or the value from this list");
            }
        }
    }
    if item.has("all") && item.modifiers.len() == 1 && !item.field.is_empty() && item.is_list {
        let exact = |text: &str| !text.contains(['*', '?']);
        let several = item
            .values
            .iter()
            .filter(|v| v.text().is_some_and(exact))
            .count()
            > 1;
        if several {
            report
                .find(
                    343,
                    item.place(),
                    format!("`{}` is asked to be several texts at once", item.field),
                )
                .help("write `|contains|all`, if each is to occur in it");
        }
    }
}
