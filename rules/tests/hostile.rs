//! No input makes the reader panic, whatever it is: rules are downloaded from strangers.

use std::io::Write as _;

use proptest::prelude::*;
use yagura_rules::{LoadOptions, Severity, load};

/// Rules that use most of the notation.
const SEEDS: [&str; 3] = [
    r#"title: 'A ''quoted'' title'
id: 5638f7c0-ac70-491d-8465-2a65075e0d86
name: seed
status: test
level: high
tags: [attack.execution, attack.t1059]
logsource: {product: windows, category: process_creation}
detection:
  selection: &anchor
    Image|endswith: ['\cmd.exe', "\\power?hell*"]
    CommandLine|windash|contains|all: [' -enc ', '/c']
    Hash|re|i: '^(?i)[a-f0-9]{32}$'
    Ip|cidr: 10.0.0.0/8
    Payload|wide|base64offset|contains: straße
    Time|hour: 5
  other:
    - <<: *anchor
    - keyword
    - Field|fieldref|endswith: Other
  filter_a: {User|expand: '%admins%', Id|lt: 1e3, X|exists: false, N: null}
  condition:
    - selection and not 1 of filter_*
    - (2 of them or other)
"#,
    "action: global\ntitle: G\ndetection:\n  condition: >\n    a\n    and b\n---\nlogsource: {service: sshd}\ndetection: {a: [x], b: 5}\n---\naction: repeat\nlevel: low\n",
    "title: R\nname: r\ndetection: {s: {EventID: 1}, condition: s | count(a) by b > 5}\n---\ntitle: C\ncorrelation:\n  type: temporal\n  rules: [r, seed]\n  aliases: {x: {r: a, seed: b}}\n  group-by: [x]\n  timespan: 5m\n  condition: r and not seed\n---\ntitle: F\nlogsource: {product: windows}\nfilter: {rules: any, s: {a: b}, condition: not s}\n",
];

/// What mutations put in: pieces with a meaning somewhere.
const PIECES: [&str; 24] = [
    "'", "\"", "\\", ": ", "\n", "\t", "- ", "[", "]", "{", "}", "*", "&a ", "*a", "|", ">", "%",
    "#", "---\n", "é", "\u{2028}", "not (", "\r", "!!str ",
];

/// Loads a text as a file; what is found must be in order.
fn check(text: &[u8]) {
    let mut file = tempfile_named();
    file.1.write_all(text).unwrap();
    let loaded = load(&[&file.0], &LoadOptions::default());
    std::fs::remove_file(&file.0).unwrap();
    for diagnostic in &loaded.diagnostics {
        if let (Some(file), Some(span)) = (&diagnostic.file, diagnostic.span) {
            assert!(
                file.text.get(span.start..span.start + span.len).is_some(),
                "{diagnostic:?}"
            );
            assert!(span.line >= 1 && span.column >= 1);
        }
    }
    for detection in &loaded.detections {
        assert!(!detection.matches.to_string().is_empty());
    }
    let errors = loaded
        .diagnostics
        .iter()
        .any(|d| d.severity == Severity::Error);
    assert_eq!(errors, !loaded.refused.is_empty());
}

/// A file of its own for each thread of the test.
fn tempfile_named() -> (std::path::PathBuf, std::fs::File) {
    let thread = format!("{:?}", std::thread::current().id());
    let name: String = thread.chars().filter(char::is_ascii_digit).collect();
    let path =
        std::env::temp_dir().join(format!("yagura-hostile-{}-{name}.yml", std::process::id()));
    let file = std::fs::File::create(&path).unwrap();
    (path, file)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn mutated_rules(
        seed in 0..SEEDS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..PIECES.len(), 0_usize..12), 1..6),
    ) {
        let mut text: Vec<char> = SEEDS[seed].chars().collect();
        for (at, piece, removed) in changes {
            let at = at.index(text.len() + 1);
            let end = (at + removed).min(text.len());
            text.splice(at..end, PIECES[piece].chars());
        }
        check(text.iter().collect::<String>().as_bytes());
    }

    #[test]
    fn mutated_bytes(
        seed in 0..SEEDS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut text = SEEDS[seed].as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(text.len());
            text[at] = byte;
        }
        check(&text);
    }

    #[test]
    fn any_condition(condition in "[a-c()|*&'> ]{0,30}|(not |and |or |[(]|[)]|a |b_1 |1 of |all of |them |[*]){0,12}") {
        let quoted = condition.replace('\'', "''");
        check(format!("title: T\ndetection:\n  a: {{x: 1}}\n  b_1: {{x: 2}}\n  condition: '{quoted}'\n").as_bytes());
    }

    #[test]
    fn any_modifiers(
        modifiers in prop::collection::vec(
            prop::sample::select(vec![
                "contains", "startswith", "endswith", "all", "cased", "exists", "neq", "re", "i", "m", "s",
                "windash", "base64", "base64offset", "wide", "utf16be", "utf16", "cidr", "lt", "gte",
                "fieldref", "expand", "minute", "x", "",
            ]),
            0..5,
        ),
        field in "F?",
        value in "[-a-c/%*?\\\\é.0-9]{0,8}",
    ) {
        let key = std::iter::once(field.as_str()).chain(modifiers).collect::<Vec<_>>().join("|");
        check(format!("title: T\ndetection:\n  s: {{'{key}': ['{value}', 5, true, null]}}\n  condition: s\n").as_bytes());
    }

    #[test]
    fn any_regex(pattern in r"([a-c(){}\[\]|*+?^$.,&~\\:=!<>é-]|\\[A-Za-z0-9]|\{1,2\}|\(\?){0,12}") {
        let quoted = pattern.replace('\'', "''");
        check(format!("title: T\ndetection:\n  s: {{F|re: '{quoted}'}}\n  condition: s\n").as_bytes());
    }
}
