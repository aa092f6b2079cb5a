//! Outcomes as XML of `JUnit`'s kind, which pipelines show.

use std::fmt::Write;

use super::{Outcome, Verdict};

/// One suite a file.
pub fn xml(outcomes: &[Outcome]) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    for suite in outcomes.chunk_by(|a, b| a.file == b.file) {
        let name = suite.first().map_or("", |first| first.file.as_str());
        let count = |is: fn(&Verdict) -> bool| suite.iter().filter(|of| is(&of.verdict)).count();
        let failures = count(|verdict| matches!(verdict, Verdict::Fail { .. }));
        let errors = count(|verdict| matches!(verdict, Verdict::Broken(_)));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\">",
            escaped(name),
            suite.len(),
        );
        for of in suite {
            case(of, &mut out);
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

fn case(of: &Outcome, out: &mut String) {
    let (file, name) = (escaped(&of.file), escaped(&of.name));
    let seconds = of.took.as_secs_f64();
    let _ = write!(
        out,
        "    <testcase classname=\"{file}\" name=\"{name}\" time=\"{seconds:.6}\""
    );
    let _ = match &of.verdict {
        Verdict::Pass => writeln!(out, "/>"),
        Verdict::Fail { expected, got } => writeln!(
            out,
            "><failure message=\"{}\">expected:\n{}\ngot:\n{}</failure></testcase>",
            escaped(&expected.replace('\n', "; ")),
            escaped(expected),
            escaped(got),
        ),
        Verdict::Broken(why) => {
            writeln!(out, "><error message=\"{}\"/></testcase>", escaped(why))
        }
    };
}

/// Text as XML has it; characters that it cannot have are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Outcome, Verdict};
    use super::xml;

    #[test]
    fn has_a_suite_for_each_file() {
        let outcome = |file: &str, name: &str, verdict| Outcome {
            file: file.to_owned(),
            name: name.to_owned(),
            took: Duration::from_millis(2),
            verdict,
        };
        let failed = Verdict::Fail {
            expected: "fires\nalerts: 2".to_owned(),
            got: "does not fire\nalerts: 0".to_owned(),
        };
        let text = xml(&[
            outcome("a_test.yml", "one & only", Verdict::Pass),
            outcome("a_test.yml", "two <\u{1b}>", failed),
            outcome(
                "b_test.yml",
                "three",
                Verdict::Broken("no \"events\"".to_owned()),
            ),
        ]);
        insta::assert_snapshot!(text);
    }
}
