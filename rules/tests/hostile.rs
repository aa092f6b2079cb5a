//! No input makes the reader panic, whatever it is: rules are downloaded from strangers.

use std::io::Write as _;

use proptest::prelude::*;
use yagura_rules::correlation::{Reference, Target};
use yagura_rules::sequence::{KeyField, Presence, Step};
use yagura_rules::{LoadOptions, Loaded, Sequence, Severity, load};

/// Rules that use most of the notation.
const SEEDS: [&str; 5] = [
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
    r"title: R
name: r
detection: {s: {EventID: 1}, condition: s}
---
title: S
name: sq
sequence:
  by: [host, user]
  within: 1h
  stages:
    - {name: a, match: [r, {logsource: {product: windows}, detection: {s: {EventID: 2}, condition: s}}], by: {host: Computer}, at-least: 20, in: 5m}
    - any-order: [{name: b, match: r, distinct: User, at-least: 3}, {name: c, match: r, optional: true}]
    - {name: d, match: r, absent: true}
    - {name: e, match: counted, gap: 5m, by: {user: none}}
    - {name: f, match: r, absent: true, in: 10m}
  unless: [{match: [r], by: {host: none}}]
  until: counted
---
title: C
name: counted
correlation: {type: event_count, rules: [r], group-by: [host], timespan: 5m, condition: {gte: 2}}
---
title: T
sequence: {by: host, within: 5m, stages: [{name: a, match: sq}, {name: b, match: counted}]}
",
    "title: P\nincident:\n  entities: {host: [Computer, hostname], user: User}\n  ignore: {user: [root, '*$', '', 5], host: '-'}\n  join-within: 24h\n  crowded: 50\n  risk: {low: 5, critical: 1e2}\n  open-at: {risk: 100, or-tactics: 3}\n",
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
    for sequence in &loaded.sequences {
        check_sequence(sequence, &loaded);
    }
    for policy in &loaded.policies {
        assert!(!policy.entities.is_empty());
        assert!(policy.risk.iter().all(|weight| *weight >= 0.0));
        assert!(policy.open_at.risk.is_some() || policy.open_at.tactics.is_some());
    }
    let errors = loaded
        .diagnostics
        .iter()
        .any(|d| d.severity == Severity::Error);
    assert_eq!(errors, !loaded.refused.is_empty());
}

/// What the engine relies on.
fn check_sequence(sequence: &Sequence, loaded: &Loaded) {
    let check_key = |by: &[KeyField], reference: &Reference| {
        assert_eq!(by.len(), sequence.by.len());
        let is_there = match reference.target {
            Target::Detection(at) => at < loaded.detections.len(),
            Target::Correlation(at) => at < loaded.correlations.len(),
            Target::Sequence(at) => at < loaded.sequences.len(),
        };
        assert!(is_there, "{reference:?}");
    };
    let stages = |step: &Step| match step {
        Step::Stage(stage) => vec![stage.clone()],
        Step::AnyOrder(stages) => stages.clone(),
    };
    let all: Vec<_> = sequence.steps.iter().flat_map(stages).collect();
    for stage in &all {
        assert!(stage.at_least >= 1 && stage.in_seconds <= sequence.within_seconds);
        assert!(!stage.matches.is_empty());
        for reference in &stage.matches {
            check_key(&stage.by, reference);
        }
    }
    assert!(all.iter().any(|stage| stage.presence == Presence::Required));
    for entry in sequence.unless.iter().chain(&sequence.until) {
        check_key(&entry.by, &entry.rule);
    }
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
