//! Paths of programs, files and registry keys that cannot be, or are wider than they look.

use crate::lint::document::{Document, Item};
use crate::lint::report::Report;

const OF_PROGRAMS: [&str; 6] = [
    "Image",
    "ParentImage",
    "SourceImage",
    "TargetImage",
    "ImageLoaded",
    "NewProcessName",
];

/// Longer names of registry roots, and what Sysmon writes for them.
const ROOTS: [(&str, &str); 4] = [
    ("HKEY_LOCAL_MACHINE", "HKLM"),
    ("HKEY_USERS", "HKU"),
    ("HKEY_CURRENT_USER", "HKU"),
    ("HKCU\\", "HKU"),
];

pub(super) fn check(item: &Item<'_>, document: &Document<'_>, report: &mut Report) {
    let windows = document.logsource("product").as_deref() == Some("windows");
    if !windows || !item.is_text() {
        return;
    }
    let program = OF_PROGRAMS.contains(&item.field);
    let category = document.logsource("category").unwrap_or_default();
    for value in item.values {
        let Some(text) = value.text() else { continue };
        let upper = text.to_ascii_uppercase();
        if program && item.has("endswith") && is_file_name(text) {
            report
                .find(
                    328,
                    value.span,
                    format!("`{text}` also fits names that end so: `not{text}`"),
                )
                .help(format!(r"write `\{text}`"));
        }
        if program && text.contains('/') && !text.contains("://") {
            report
                .find(329, value.span, "paths of Windows have backslashes")
                .help("write `\\` for `/`");
        }
        if (program || item.field == "TargetFilename") && has_variable(text) {
            report
                .find(330, value.span, "variables stand in no path that is logged")
                .help(r"write what it stands for: `\AppData\Local\Temp\` for `%TEMP%`");
        }
        if program && text.contains('"') {
            report
                .find(344, value.span, "no path holds a quotation mark")
                .help("remove it; command lines have them, paths do not");
        }
        if item.field == "OriginalFileName" && text.contains(['\\', '/']) {
            report
                .find(334, value.span, "an original file name has no folder")
                .help("write the name alone, or use `Image`");
        }
        if item.field == "TargetObject" && category.starts_with("registry") {
            let root = ROOTS.iter().find(|(long, _)| {
                upper.starts_with(long) || upper.starts_with(&format!("\\{long}"))
            });
            if let Some((long, short)) = root {
                report
                    .find(
                        331,
                        value.span,
                        format!(
                            "Sysmon writes `{short}`, not `{}`",
                            long.trim_end_matches('\\')
                        ),
                    )
                    .help(format!("write `{short}\\`, or the key without its root"));
            }
        }
    }
}

fn is_file_name(text: &str) -> bool {
    const ENDINGS: [&str; 8] = [
        ".exe", ".dll", ".com", ".bat", ".cmd", ".ps1", ".scr", ".sys",
    ];
    let lower = text.to_ascii_lowercase();
    let stem = ENDINGS.iter().find_map(|ending| lower.strip_suffix(ending));
    stem.is_some_and(|stem| {
        stem.starts_with(|c: char| c.is_ascii_alphanumeric())
            && !stem.contains(['\\', '/', '*', '?'])
    })
}

/// Whether `%NAME%` is in it.
fn has_variable(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    let name = parts.next().unwrap_or_default();
    parts.next().is_some()
        && name.len() > 2
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '(' | ')'))
        && !name.chars().all(|c| c.is_ascii_digit())
}
