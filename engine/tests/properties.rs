//! The engine finds exactly what the naive evaluator (`explain`) finds, whatever the rules and
//! events.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use yagura_engine::Engine;
use yagura_engine::explain::{self, SeenEvent};
use yagura_parsers::{BlockExtent, EventBatch, Extent, Format, Origin, Timestamp};
use yagura_rules::pattern::{Case, Pattern, Piece};
use yagura_rules::predicate::{
    DatePart, Expr, Network, Ordering, Predicate, Regex, Relation, Subject, Test,
};
use yagura_rules::{Activity, Detection, Level, Logsource, Meta, SourceFile, Span, Taxonomy};

const FIELDS: [&str; 4] = ["Alpha", "beta.gamma", "Number", "Stamp"];

/// Few letters, so that things match; some whose case folding is odd.
const LETTERS: &str = "[abAB\\\\kK\u{212a}sſßẞéÉ*? ]";

fn literal() -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("{LETTERS}{{1,4}}")).expect("valid")
}

fn case() -> impl Strategy<Value = Case> {
    prop_oneof![3 => Just(Case::Insensitive), 1 => Just(Case::Sensitive)]
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let piece = prop_oneof![
        4 => literal().prop_map(Piece::Literal),
        3 => Just(Piece::AnyRun),
        1 => Just(Piece::AnyOne),
    ];
    (prop::collection::vec(piece, 0..5), case()).prop_map(|(pieces, case)| {
        let mut tidy: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (tidy.last_mut(), piece) {
                (Some(Piece::Literal(last)), Piece::Literal(next)) => last.push_str(&next),
                (Some(Piece::AnyRun), Piece::AnyRun) => {}
                (_, piece) => tidy.push(piece),
            }
        }
        Pattern { pieces: tidy, case }
    })
}

fn regex() -> impl Strategy<Value = Regex> {
    let pattern = prop::sample::select(vec![
        "ab",
        "a.b",
        "^a",
        "b$",
        "(ab|ba)k",
        "[ab]{2}",
        "a+b",
        "(?:aab|abb)+",
        "k.*s",
        "aba?",
        "\\\\a",
    ]);
    (pattern, case(), any::<bool>(), any::<bool>()).prop_map(|(pattern, case, m, s)| Regex {
        pattern: pattern.to_owned(),
        case,
        multi_line: m,
        dot_all: s,
    })
}

fn network() -> impl Strategy<Value = Network> {
    let address = prop::sample::select(vec![
        "10.0.0.0",
        "10.1.0.0",
        "2001:db8::",
        "::ffff:10.0.0.0",
    ]);
    (address, 0u8..=128).prop_map(|(address, bits)| {
        let address: IpAddr = address.parse().expect("an address");
        let most = if address.is_ipv4() { 32 } else { 128 };
        Network {
            address,
            prefix_bits: bits.min(most),
        }
    })
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![(-3i32..20).prop_map(f64::from), Just(2.5)]
}

fn test() -> impl Strategy<Value = Test> {
    let ordering = prop::sample::select(vec![
        Ordering::Less,
        Ordering::LessOrEqual,
        Ordering::Greater,
        Ordering::GreaterOrEqual,
    ]);
    let relation = prop::sample::select(vec![
        Relation::Equals,
        Relation::Contains,
        Relation::StartsWith,
        Relation::EndsWith,
    ]);
    let part = prop::sample::select(vec![
        DatePart::Minute,
        DatePart::Hour,
        DatePart::Day,
        DatePart::Week,
        DatePart::Month,
        DatePart::Year,
    ]);
    prop_oneof![
        8 => pattern().prop_map(Test::Text),
        2 => number().prop_map(|value| Test::Number { value, text: value.to_string() }),
        1 => any::<bool>().prop_map(Test::Bool),
        2 => (ordering, number()).prop_map(|(ordering, bound)| {
            Test::Compare { ordering, bound, text: bound.to_string() }
        }),
        3 => regex().prop_map(Test::Regex),
        2 => network().prop_map(Test::Network),
        1 => Just(Test::Exists),
        1 => Just(Test::Null),
        2 => (prop::sample::select(FIELDS.to_vec()), relation, case()).prop_map(|(other, relation, case)| {
            Test::Field { other: other.to_owned(), relation, case }
        }),
        1 => (part, number()).prop_map(|(part, n)| Test::DatePart(part, n)),
    ]
}

fn predicate() -> impl Strategy<Value = Predicate> {
    let fielded =
        (prop::sample::select(FIELDS.to_vec()), test()).prop_map(|(name, test)| Predicate {
            subject: Subject::Field(name.to_owned()),
            test,
        });
    let open = |pieces: Pattern| {
        let mut all = vec![Piece::AnyRun];
        all.extend(pieces.pieces.into_iter().filter(|p| *p != Piece::AnyRun));
        if all.len() > 1 {
            all.push(Piece::AnyRun);
        }
        Pattern {
            pieces: all,
            case: pieces.case,
        }
    };
    let keyword = prop_oneof![
        4 => pattern().prop_map(move |p| Test::Text(open(p))),
        1 => regex().prop_map(Test::Regex),
        1 => network().prop_map(Test::Network),
    ];
    let keyword = keyword.prop_map(|test| Predicate {
        subject: Subject::Anything,
        test,
    });
    prop_oneof![6 => fielded, 1 => keyword]
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = predicate().prop_map(Expr::Is);
    leaf.prop_recursive(3, 12, 4, |inner| {
        let list = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            list().prop_map(Expr::All),
            list().prop_map(Expr::Any),
            (0usize..4, list()).prop_map(|(n, parts)| Expr::AtLeast(n, parts)),
            inner.clone().prop_map(|e| Expr::Not(Box::new(e))),
        ]
    })
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let text = proptest::string::string_regex(&format!("{LETTERS}{{0,8}}")).expect("valid");
    let odd = prop::sample::select(vec![
        "10.0.0.1",
        "10.1.2.3",
        "::ffff:10.0.0.9",
        "2001:db8::1",
        "fe80::1%eth0",
        "true",
        "TRUE",
        "7",
        "7.0",
        "2.5",
        "-1",
        "2024-02-29T07:08:09Z",
        "2021-01-03 10:02:00",
        "",
    ]);
    let scalar = prop_oneof![
        6 => text.prop_map(serde_json::Value::from),
        3 => odd.prop_map(serde_json::Value::from),
        2 => (-3i64..20).prop_map(serde_json::Value::from),
        1 => Just(serde_json::json!(2.5)),
        1 => any::<bool>().prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
    ];
    prop_oneof![
        5 => scalar.clone(),
        1 => prop::collection::vec(scalar, 0..3).prop_map(serde_json::Value::from),
    ]
}

fn event() -> impl Strategy<Value = serde_json::Value> {
    let name = prop::sample::select(vec!["Alpha", "beta.gamma", "Number", "Stamp", "extra"]);
    prop::collection::vec((name, json_value()), 0..6).prop_map(|fields| {
        let mut object = serde_json::Map::new();
        for (name, value) in fields {
            match name.split_once('.') {
                // Nested half of the time: the value decides, so that it is reproducible.
                Some((outer, inner)) if value.is_string() => {
                    object.insert(outer.to_owned(), serde_json::json!({ inner: value }));
                }
                _ => {
                    object.insert(name.to_owned(), value);
                }
            }
        }
        serde_json::Value::Object(object)
    })
}

fn rule(title: usize, matches: Expr) -> Arc<Detection> {
    let file = SourceFile {
        path: "random.yml".into(),
        text: String::new(),
    };
    let span = Span {
        start: 0,
        len: 0,
        line: 1,
        column: 1,
    };
    Arc::new(Detection {
        meta: Meta {
            id: None,
            name: None,
            title: format!("rule {title}"),
            status: None,
            description: None,
            author: None,
            date: None,
            modified: None,
            level: Level::Low,
            tags: Vec::new(),
            references: Vec::new(),
            false_positives: Vec::new(),
            fields: Vec::new(),
            file: Arc::new(file),
            span,
        },
        logsource: Logsource::default(),
        selections: Vec::new(),
        conditions: Vec::new(),
        filters: Vec::new(),
        matches,
        activity: Activity::Active,
        in_place: false,
    })
}

fn parse(engine: &Arc<Engine>, lines: &[u8]) -> EventBatch {
    let mut batch = EventBatch::new();
    batch.recycle().extend_from_slice(lines);
    let origin = Origin {
        position: 0,
        near: Timestamp::UNKNOWN,
        extent: BlockExtent::Whole,
    };
    batch.parse(Format::JsonLines, origin, engine.projection());
    batch
}

fn fast(engine: &Arc<Engine>, lines: &[u8]) -> Vec<(usize, u32)> {
    let batch = parse(engine, lines);
    let mut found = Vec::new();
    engine.matcher().scan(&batch, Format::JsonLines, &mut found);
    found.iter().map(|m| (m.event, m.rule.0)).collect()
}

/// What made each match, asked for in the order of the matches or backwards.
fn evidence(engine: &Arc<Engine>, lines: &[u8], backwards: bool) -> Vec<Vec<String>> {
    let batch = parse(engine, lines);
    let mut matcher = engine.matcher();
    let mut found = Vec::new();
    matcher.scan(&batch, Format::JsonLines, &mut found);
    let mut all = vec![Vec::new(); found.len()];
    let mut order: Vec<usize> = (0..found.len()).collect();
    if backwards {
        order.reverse();
    }
    for i in order {
        matcher.evidence(&batch, Format::JsonLines, found[i], |one| {
            let mut room = Vec::new();
            let text = String::from_utf8_lossy(one.value.text(&mut room)).into_owned();
            all[i].push(format!("{}={text}", one.field));
        });
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn engine_equals_reference(
        exprs in prop::collection::vec(expr(), 1..8),
        events in prop::collection::vec(event(), 1..6),
    ) {
        let taxonomy = Taxonomy::shipped();
        let rules: Vec<_> = exprs.into_iter().enumerate().map(|(i, e)| rule(i, e)).collect();
        let lines: Vec<String> = events.iter().map(ToString::to_string).collect();
        let lines = lines.join("\n").into_bytes();

        let everything = Engine::compile(&rules, &taxonomy, Extent::Everything).map(Arc::new).expect("compiles");
        let batch = parse(&everything, &lines);
        prop_assert_eq!(batch.len(), events.len());
        let mut expected = Vec::new();
        for (i, event) in batch.events().enumerate() {
            let slow = SeenEvent::new(event, everything.projection(), Format::JsonLines);
            let holding = (0u32..).zip(&rules).filter(|(_, r)| explain::matches(r, &taxonomy, &slow));
            expected.extend(holding.map(|(r, _)| (i, r)));
        }

        prop_assert_eq!(&fast(&everything, &lines), &expected);
        let projected = Engine::compile(&rules, &taxonomy, Extent::Projected).map(Arc::new).expect("compiles");
        prop_assert_eq!(&fast(&projected, &lines), &expected);
        let forwards = evidence(&projected, &lines, false);
        prop_assert_eq!(&evidence(&projected, &lines, true), &forwards);
        prop_assert_eq!(evidence(&everything, &lines, false), forwards);
    }
}
