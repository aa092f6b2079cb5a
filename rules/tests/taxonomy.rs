//! The taxonomy tables: that they are sound, and what logsources lead to.
//!
//! A case is a folder of `tests/cases/taxonomy/` with `input.yml` (a logsource) and
//! `expected.txt` (its routes); `YAGURA_BLESS=1` rewrites the latter.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::{Strategy, prop_assert, prop_oneof, proptest};
use serde::Deserialize;
use yagura_rules::pattern::Piece;
use yagura_rules::predicate::{Expr, Subject, Test};
use yagura_rules::taxonomy::{Route, Shape};
use yagura_rules::{Logsource, Taxonomy};

const TABLES: [&str; 4] = ["windows.yml", "linux.yml", "other.yml", "fields.yml"];

fn crate_path(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

fn logsource(yaml: &serde_yaml::Value) -> Logsource {
    let part = |name| Some(yaml.get(name)?.as_str()?.to_owned());
    Logsource {
        category: part("category"),
        product: part("product"),
        service: part("service"),
        definition: None,
    }
}

fn render(taxonomy: &Taxonomy, of: &Logsource) -> String {
    let known = if taxonomy.is_known(of) {
        "known"
    } else {
        "unknown"
    };
    let mut out = format!("{of}: {known}\n");
    for route in taxonomy.routes(of) {
        let _ = writeln!(out, "- {}: {:?}", route.name, route.shapes);
        for (what, list) in [("channels", &route.channels), ("programs", &route.programs)] {
            if !list.is_empty() {
                let _ = writeln!(out, "  {what}: {}", list.join(" | "));
            }
        }
        if !route.event_ids.is_empty() {
            let _ = writeln!(out, "  ids: {:?}", route.event_ids);
        }
        if let Some(guard) = &route.guard {
            let _ = writeln!(out, "  guard: {}", render_expr(guard));
        }
        for rename in &route.renames {
            let how = if rename.hexadecimal {
                "hexadecimal "
            } else {
                ""
            };
            let sources = rename.sources.join(" | ");
            let _ = writeln!(out, "  {} <- {how}{sources}", rename.field);
        }
    }
    out
}

fn render_expr(expr: &Expr) -> String {
    let list = |exprs: &[Expr], word: &str| {
        let each: Vec<String> = exprs.iter().map(render_expr).collect();
        format!("({})", each.join(word))
    };
    match expr {
        Expr::All(exprs) => list(exprs, " and "),
        Expr::Any(exprs) => list(exprs, " or "),
        Expr::AtLeast(n, exprs) => format!("{n} of {}", list(exprs, ", ")),
        Expr::Not(inner) => format!("not {}", render_expr(inner)),
        Expr::Is(predicate) => {
            let field = match &predicate.subject {
                Subject::Field(field) => field,
                Subject::Anything => "anything",
            };
            match &predicate.test {
                Test::Exists => format!("{field} exists"),
                Test::Text(pattern) => {
                    let text: String = pattern.pieces.iter().map(render_piece).collect();
                    format!("{field} = {text}")
                }
                Test::Number { text, .. } => format!("{field} = {text}"),
                other => format!("{field} {other:?}"),
            }
        }
    }
}

fn render_piece(piece: &Piece) -> &str {
    match piece {
        Piece::Literal(text) => text,
        Piece::AnyRun => "*",
        Piece::AnyOne => "?",
    }
}

#[test]
fn tables_have_no_key_twice() {
    for table in TABLES {
        let text = fs::read_to_string(crate_path("taxonomy").join(table)).unwrap();
        // Unlike maps of known types, a general value refuses to be overwritten.
        let value: Result<serde_yaml::Value, _> = serde_yaml::from_str(&text);
        assert!(value.is_ok(), "{table}: {:?}", value.err());
    }
}

#[test]
fn logsources_lead_where_cases_say() {
    let taxonomy = Taxonomy::shipped();
    let mut wrong = Vec::new();
    let mut folders: Vec<PathBuf> = fs::read_dir(crate_path("tests/cases/taxonomy"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    for folder in folders {
        let input = fs::read_to_string(folder.join("input.yml")).unwrap();
        let found = render(
            &taxonomy,
            &logsource(&serde_yaml::from_str(&input).unwrap()),
        );
        let expected = folder.join("expected.txt");
        if std::env::var_os("YAGURA_BLESS").is_some() {
            fs::write(&expected, &found).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn routes_are_sound() {
    let taxonomy = Taxonomy::shipped();
    for logsource in taxonomy.logsources() {
        for route in taxonomy.routes(logsource) {
            let Route {
                name,
                shapes,
                channels,
                event_ids,
                programs,
                renames,
                ..
            } = &route;
            let case = format!("{logsource}, {name}");
            assert!(!shapes.is_empty(), "{case}: no shapes");
            let lower = |text: &String| *text == text.to_lowercase();
            assert!(
                channels.iter().chain(programs).all(lower),
                "{case}: upper case"
            );
            let of_windows = !channels.is_empty() || !event_ids.is_empty();
            assert!(!of_windows || *shapes == [Shape::Windows], "{case}: shapes");
            assert!(
                programs.is_empty() || *shapes == [Shape::Syslog],
                "{case}: programs"
            );
            let mut fields = BTreeSet::new();
            for rename in renames {
                assert!(
                    fields.insert(&rename.field),
                    "{case}: {} twice",
                    rename.field
                );
                assert!(!rename.sources.is_empty(), "{case}: no sources");
            }
        }
    }
}

#[test]
fn paths_are_sound() {
    let taxonomy = Taxonomy::shipped();
    for field in taxonomy.fields() {
        let mut seen = BTreeSet::new();
        for path in &field.paths {
            assert!(seen.insert(path), "{}: {path} twice", field.field);
            assert_ne!(*path, field.field, "{}: its own name", field.field);
            assert!(
                path.split('.').all(|s| !s.is_empty()),
                "{}: {path}",
                field.field
            );
            shadows_nothing(&taxonomy, &field.field, path);
        }
    }
}

/// A path that ends right below a transparent object takes that name away from the top level:
/// only the field of that very name may do so.
fn shadows_nothing(taxonomy: &Taxonomy, field: &str, path: &str) {
    for outer in taxonomy.transparent() {
        let Some(rest) = path.strip_prefix(outer).and_then(|r| r.strip_prefix('.')) else {
            continue;
        };
        let first = rest.split('.').next().unwrap();
        assert_eq!(first, field, "{path} hides {first} below {outer}");
        let whole = format!("{outer}.{first}");
        let of_field = taxonomy.fields().iter().find(|f| f.field == field).unwrap();
        assert!(of_field.paths.contains(&whole), "{field} lacks {whole}");
    }
}

#[test]
fn providers_lead_to_channels_in_any_case() {
    let taxonomy = Taxonomy::shipped();
    let channel = taxonomy.channel_of_provider("Microsoft-Windows-SYSMON");
    assert_eq!(channel, Some("microsoft-windows-sysmon/operational"));
    assert_eq!(taxonomy.channel_of_provider("nobody"), None);
}

#[test]
fn errors_say_which_table_and_what() {
    let cases = [
        ("fields: [", "t.yml"),
        ("colour: red", "unknown field `colour`"),
        (
            "logsources: [{product: x, routes: [{name: n, shapes: [blue]}]}]",
            "blue",
        ),
        (
            "logsources: [{product: x, routes: [{name: n, shapes: [json], ids: [1]}]}]",
            "shape windows",
        ),
        (
            "logsources: [{product: x, routes: []}, {product: x, routes: []}]",
            "x is there twice",
        ),
        (
            "windows: {services: {}, categories: {c: [{name: n, service: s, ids: [1]}]}}",
            "no service is called s",
        ),
        (
            "logsources: [{product: x, routes: [{name: n, shapes: [json], guard: {a|contain: b}}]}]",
            "no modifier `contain`",
        ),
    ];
    for (text, what) in cases {
        let error = Taxonomy::read([("t.yml", text)]).unwrap_err().to_string();
        assert!(
            error.contains(what) && error.starts_with("t.yml"),
            "{text}: {error}"
        );
    }
}

#[test]
fn packs_ask_for_known_logsources() {
    let taxonomy = Taxonomy::shipped();
    let mut files = Vec::new();
    rule_files(&crate_path("packs"), &mut files);
    assert!(!files.is_empty());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for document in serde_yaml::Deserializer::from_str(&text) {
            let rule = serde_yaml::Value::deserialize(document).unwrap();
            if let Some(of) = rule.get("logsource") {
                assert!(taxonomy.is_known(&logsource(of)), "{}", file.display());
            }
        }
    }
}

/// Parts of logsources: real ones, so that combinations meet, and nonsense.
fn part() -> impl Strategy<Value = Option<String>> {
    let real = proptest::sample::select(vec![
        "windows",
        "linux",
        "zeek",
        "process_creation",
        "webserver",
        "application",
        "sysmon",
        "sshd",
        "audit",
    ]);
    proptest::option::of(prop_oneof![real.prop_map(str::to_owned), ".{0,12}"])
}

proptest! {
    #[test]
    fn any_logsource_has_sound_routes(
        product in part(), category in part(), service in part()
    ) {
        let of = Logsource { product, category, service, definition: None };
        let taxonomy = shipped();
        let routes = taxonomy.routes(&of);
        prop_assert!(routes.iter().all(|route| !route.shapes.is_empty()));
        prop_assert!(taxonomy.is_known(&of) || !routes.is_empty());
    }

    #[test]
    fn damaged_tables_are_refused_or_read(at in 0usize..8_000, junk in ".{0,6}") {
        let mut text = fs::read_to_string(crate_path("taxonomy/linux.yml")).unwrap();
        let at = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap();
        text.insert_str(at, &junk);
        let _ = Taxonomy::read([("linux.yml", text.as_str())]);
    }
}

fn shipped() -> &'static Taxonomy {
    static SHIPPED: LazyLock<Taxonomy> = LazyLock::new(Taxonomy::shipped);
    &SHIPPED
}

/// The folder of rules written by others, where there is one.
fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("YAGURA_CORPUS")
        .map_or_else(|| crate_path("../../shared/data"), PathBuf::from)
        .join("sigma-rules");
    if !folder.is_dir() {
        eprintln!("skipped: no {}", folder.display());
        return None;
    }
    Some(folder)
}

fn rule_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rule_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn every_logsource_of_sigmahq_is_known() {
    let Some(corpus) = corpus() else { return };
    let taxonomy = Taxonomy::shipped();
    let mut files = Vec::new();
    let folders = [
        "",
        "-compliance",
        "-emerging-threats",
        "-placeholder",
        "-threat-hunting",
    ];
    for folder in folders {
        rule_files(&corpus.join(format!("rules{folder}")), &mut files);
    }
    let mut seen = BTreeSet::new();
    for file in files {
        let rule: serde_yaml::Value =
            serde_yaml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let of = logsource(&rule["logsource"]);
        let routed = taxonomy.is_known(&of) && !taxonomy.routes(&of).is_empty();
        assert!(routed, "{of}, in {}", file.display());
        seen.insert(of.to_string());
    }
    assert!(seen.len() > 100, "only {} logsources", seen.len());
}
