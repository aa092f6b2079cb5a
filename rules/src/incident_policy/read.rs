//! Reads incident policies.

use hashbrown::HashMap;

use super::{EntityKind, IncidentPolicy, OpenAt};
use crate::diagnostic::Findings;
use crate::document::{Key, Node, Scalar};
use crate::length_of_time;
use crate::meta::{Level, Meta};
use crate::pattern::{Case, Pattern};
use crate::strict_mapping::{Form, count, lacks, shown, text};
use crate::suggestion::nearest;

/// The keys of `incident`.
pub(super) const FORM: Form = Form {
    what: "an incident policy",
    keys: &[
        "entities",
        "ignore",
        "join-within",
        "crowded",
        "risk",
        "open-at",
    ],
};

/// The keys of `risk`.
pub(super) const RISK: Form = Form {
    what: "`risk`, which gives weights to levels",
    keys: &["informational", "low", "medium", "high", "critical"],
};

/// The keys of `open-at`.
pub(super) const OPEN_AT: Form = Form {
    what: "`open-at`",
    keys: &["risk", "or-tactics"],
};

/// What a policy has that does not say otherwise.
const JOIN_WITHIN_SECONDS: u64 = 86_400;
const CROWDED: u64 = 50;
const RISKS: [f64; Level::ALL.len()] = [1.0, 5.0, 20.0, 50.0, 100.0];
const OPEN_AT_DEFAULT: OpenAt = OpenAt {
    risk: Some(100.0),
    tactics: Some(3),
};

/// ATT&CK has fewer tactics than this, in all of its matrices together.
const TACTICS_MAX: u64 = 100;

/// Reads a policy. Errors are among the findings; a policy with errors is of no use.
pub(crate) fn read(root: &Node<'_>, meta: Meta, findings: &mut Findings) -> Option<IncidentPolicy> {
    let (key, node) = root.entry("incident")?;
    if !FORM.check_below(key, node, findings) {
        return None;
    }
    let mut entities = entities(key, node, findings);
    ignore(node, &mut entities, findings);
    let join_within = node
        .get("join-within")
        .and_then(|node| length_of_time::read(node, findings));
    let crowded = node
        .get("crowded")
        .and_then(|node| count("crowded", node, u64::from(u32::MAX), findings));
    let risk = risk(node, findings);
    let open_at = open_at(node, findings);
    Some(IncidentPolicy {
        meta,
        entities,
        join_within_seconds: join_within.unwrap_or(JOIN_WITHIN_SECONDS),
        crowded: crowded.unwrap_or(CROWDED),
        risk,
        open_at,
    })
}

fn entities(key: &Key<'_>, policy: &Node<'_>, findings: &mut Findings) -> Vec<EntityKind> {
    let help = "say in which fields they are found: `entities: {host: [Computer, hostname]}`";
    let Some((entities_key, node)) = policy.entry("entities") else {
        lacks(key.span, "the policy", "entities", help, findings);
        return Vec::new();
    };
    let Some(kinds) = node.as_map().filter(|kinds| !kinds.is_empty()) else {
        let message = match node.as_map() {
            Some(_) => "`entities` names no kind of entity".to_owned(),
            None => format!("`entities` must be a mapping, not {}", node.kind()),
        };
        findings.error(entities_key.span, message).help(help);
        return Vec::new();
    };
    let kind = |(kind, node): &(Key<'_>, Node<'_>)| EntityKind {
        name: kind.text.clone().into_owned(),
        fields: fields(kind, node, findings),
        ignore: Vec::new(),
    };
    kinds.iter().map(kind).collect()
}

fn fields(kind: &Key<'_>, node: &Node<'_>, findings: &mut Findings) -> Vec<String> {
    if kind.text.is_empty() {
        findings
            .error(kind.span, "a kind of entity has no name")
            .help("name it: `host`, `user`, `address`, `file` or a word of your own");
    }
    let items = node.one_or_many();
    if items.is_empty() {
        findings
            .error(
                kind.span,
                format!("the kind of entity `{}` has no fields", kind.text),
            )
            .help("list the fields that hold it, best first, or remove it");
    }
    let mut fields: Vec<String> = Vec::with_capacity(items.len());
    let mut seen = HashMap::new();
    for item in items {
        let Some(field) = text(&kind.text, item, findings) else {
            continue;
        };
        if let Some(first) = seen.insert(field, item.span) {
            findings
                .warning(
                    item.span,
                    format!("`{}` lists the field `{field}` twice", kind.text),
                )
                .help("remove one of them: the first one present counts")
                .related(first, "first here");
            continue;
        }
        fields.push(field.to_owned());
    }
    fields
}

fn ignore(policy: &Node<'_>, entities: &mut [EntityKind], findings: &mut Findings) {
    let Some((key, node)) = policy.entry("ignore") else {
        return;
    };
    let Some(kinds) = node.as_map() else {
        findings
            .error(
                key.span,
                format!("`ignore` must be a mapping, not {}", node.kind()),
            )
            .help("list values by kind of entity: `ignore: {user: [root, '*$']}`");
        return;
    };
    for (kind, node) in kinds {
        let names = entities.iter().map(|entity| entity.name.as_str());
        let meant = nearest(&kind.text, names).map(str::to_owned);
        let Some(entity) = entities.iter_mut().find(|entity| entity.name == kind.text) else {
            let help = meant.map_or_else(
                || "add it to `entities`, or remove it here".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            );
            findings
                .error(
                    kind.span,
                    format!(
                        "`ignore` names `{}`, which `entities` does not have",
                        kind.text
                    ),
                )
                .help(help);
            continue;
        };
        for item in node.one_or_many() {
            entity.ignore.extend(ignored(kind, item, findings));
        }
    }
}

fn ignored(kind: &Key<'_>, item: &Node<'_>, findings: &mut Findings) -> Option<Pattern> {
    let Some(text) = item.text() else {
        findings
            .error(
                item.span,
                format!("`{}` ignores {}, which is no value", kind.text, shown(item)),
            )
            .help("write text, in which `*` and `?` are wildcards; `''` is the empty value");
        return None;
    };
    let pattern = Pattern::parse(text, Case::Insensitive);
    if pattern.fits_everything() {
        findings
            .error(
                item.span,
                format!("`{}` ignores every value", kind.text),
            )
            .help("remove the kind from `entities` if nothing shall join on it; escape an asterisk that is meant: `'\\*'`");
    }
    Some(pattern)
}

fn risk(policy: &Node<'_>, findings: &mut Findings) -> [f64; Level::ALL.len()] {
    let mut risk = RISKS;
    let Some((key, node)) = policy.entry("risk") else {
        return risk;
    };
    if !RISK.check_below(key, node, findings) {
        return risk;
    }
    for (weight, level) in risk.iter_mut().zip(Level::ALL) {
        if let Some(node) = node.get(level.name()) {
            *weight = number(level.name(), node, findings).unwrap_or(*weight);
        }
    }
    let falls = risk
        .iter()
        .zip(risk.iter().skip(1))
        .position(|(a, b)| b < a);
    if let Some([lower, higher]) = falls.and_then(|at| Level::ALL.get(at..at + 2)) {
        findings
            .warning(key.span, format!("`{higher}` weighs less than `{lower}`"))
            .help("levels left out keep their defaults: 1, 5, 20, 50, 100");
    }
    risk
}

fn open_at(policy: &Node<'_>, findings: &mut Findings) -> OpenAt {
    let Some((key, node)) = policy.entry("open-at") else {
        return OPEN_AT_DEFAULT;
    };
    if !OPEN_AT.check_below(key, node, findings) {
        return OPEN_AT_DEFAULT;
    }
    if node.as_map().is_some_and(<[_]>::is_empty) {
        findings
            .error(
                key.span,
                "`open-at` says nothing, so that no incident would open",
            )
            .help("write `open-at: {risk: 100, or-tactics: 3}`, or one of the two");
    }
    let risk = node
        .get("risk")
        .and_then(|node| number("risk", node, findings));
    let tactics = node
        .get("or-tactics")
        .and_then(|node| count("or-tactics", node, TACTICS_MAX, findings))
        .and_then(|tactics| usize::try_from(tactics).ok());
    OpenAt { risk, tactics }
}

/// A number from zero on.
fn number(name: &str, node: &Node<'_>, findings: &mut Findings) -> Option<f64> {
    if let Some(Scalar::Number(number)) = node.scalar()
        && number >= 0.0
    {
        return Some(number);
    }
    findings
        .error(
            node.span,
            format!("`{name}` needs a number, zero or more, not {}", shown(node)),
        )
        .help("write it without a unit and without quotes");
    None
}
