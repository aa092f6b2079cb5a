//! Applies fixes to the text of a file.

use super::finding::{Edit, Fix};
use crate::diagnostic::{Severity, SourceFile};
use crate::placeholder::Placeholders;
use crate::rule_file;

/// The text of a file with fixes applied, and how many. `None` where none applies, or where the
/// result would be worse than what was there: no fix may keep a rule from loading.
pub fn mend<'f>(
    file: &SourceFile,
    fixes: impl IntoIterator<Item = &'f Fix>,
) -> Option<(String, usize)> {
    let (text, applied) = apply(&file.text, fixes);
    let errors = |text: &str| {
        let read = rule_file::parse(&file.path, text.to_owned(), &Placeholders::default());
        let is_error = |d: &&crate::Diagnostic| d.severity == Severity::Error;
        read.diagnostics.iter().filter(is_error).count()
    };
    (applied > 0 && text != file.text && errors(&text) <= errors(&file.text))
        .then_some((text, applied))
}

/// The text with as many of the fixes as do not touch each other, and how many those are. What
/// is left over can be applied to the result of another run.
pub fn apply<'f>(text: &str, fixes: impl IntoIterator<Item = &'f Fix>) -> (String, usize) {
    let mut taken: Vec<&Edit> = Vec::new();
    let mut applied = 0;
    for fix in fixes {
        let valid = fix
            .edits
            .iter()
            .all(|edit| text.get(edit.start..edit.end).is_some());
        let apart = |edit: &Edit| {
            taken
                .iter()
                .all(|other| edit.end < other.start || other.end < edit.start)
        };
        if valid && fix.edits.iter().all(apart) {
            taken.extend(&fix.edits);
            applied += 1;
        }
    }
    taken.sort_by_key(|edit| edit.start);
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in taken {
        result.push_str(text.get(at..edit.start).unwrap_or_default());
        result.push_str(&edit.text);
        at = edit.end.max(at);
    }
    result.push_str(text.get(at..).unwrap_or_default());
    (result, applied)
}

#[cfg(test)]
mod tests {
    use super::apply;
    use crate::lint::{Edit, Fix};

    fn fix(start: usize, end: usize, text: &str) -> Fix {
        Fix {
            edits: vec![Edit::new(start, end, text)],
        }
    }

    #[test]
    fn fixes_that_touch_wait_for_another_run() {
        let fixes = [fix(0, 2, "A"), fix(1, 3, "B"), fix(4, 5, "")];
        assert_eq!(apply("abcdef", &fixes), ("Acdf".to_owned(), 2));
    }

    #[test]
    fn places_outside_are_left_alone() {
        assert_eq!(
            apply("é", &[fix(1, 2, "x"), fix(7, 9, "")]),
            ("é".to_owned(), 0)
        );
    }
}
