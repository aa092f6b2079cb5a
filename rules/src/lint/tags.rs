//! Checks of `tags`: namespaces of the specification, tactics and technique ids of ATT&CK.

use hashbrown::HashMap;

use super::document::Document;
use super::report::Report;
use crate::diagnostic::Span;
use crate::document::Node;
use crate::suggestion::nearest;

const NAMESPACES: [&str; 7] = ["attack", "car", "cve", "d3fend", "detection", "stp", "tlp"];

const TACTICS: [&str; 16] = [
    "reconnaissance",
    "resource-development",
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "defense-evasion",
    "credential-access",
    "discovery",
    "lateral-movement",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
    // Defense evasion as divided by ATT&CK 19.
    "stealth",
    "defense-impairment",
];

const TLP: [&str; 6] = ["red", "amber", "amber-strict", "green", "clear", "white"];
const DETECTION: [&str; 3] = ["dfir", "emerging-threats", "threat-hunting"];

pub(super) fn check(document: &Document<'_>, report: &mut Report) {
    let Some((key, node)) = document.root.entry("tags") else {
        if document.root.get("detection").is_some() && document.root.get("action").is_none() {
            report
                .find(134, document.root.span, "the rule has no `tags`")
                .help("add the technique of ATT&CK that it is about: `- attack.t1059.001`");
        }
        return;
    };
    let mut seen = HashMap::new();
    let (mut tactics, mut techniques) = (0, 0);
    for item in node.one_or_many() {
        let Some(tag) = item.text() else { continue };
        if let Some(first) = seen.insert(tag.to_lowercase(), item.span) {
            report
                .find(133, item.span, format!("the tag `{tag}` occurs twice"))
                .help("remove one of them")
                .related(first, "first here");
        }
        match one(tag, item, report) {
            Kind::Tactic => tactics += 1,
            Kind::Technique => techniques += 1,
            Kind::Other => {}
        }
    }
    if techniques > 0 && tactics == 0 {
        report
            .find(135, key.span, "the tags name a technique and no tactic")
            .help("add what the technique is used for here: `- attack.execution`");
    }
}

enum Kind {
    Tactic,
    Technique,
    Other,
}

fn one(tag: &str, node: &Node<'_>, report: &mut Report) -> Kind {
    let normal = tag.trim().to_lowercase().replace(['_', ' '], "-");
    if normal != tag {
        let quoted = node.span.len != tag.len();
        let found = report.find(
            132,
            node.span,
            format!(
                "the tag `{}` is not in the usual form",
                tag.escape_default()
            ),
        );
        found.help(format!("write `{}`", normal.escape_default()));
        if !quoted {
            found.replace(node.span, normal.clone());
        }
    }
    let Some((namespace, name)) = normal.split_once('.') else {
        report
            .find(
                129,
                node.span,
                format!("the tag `{}` has no namespace", tag.escape_default()),
            )
            .help("write it after one: `attack.`, `cve.`, `detection.`");
        return Kind::Other;
    };
    match namespace {
        "attack" => return attack(name, node.span, report),
        "cve" if !is_cve(name) => {
            report
                .find(
                    136,
                    node.span,
                    format!("`{}` is not the number of a CVE", name.escape_default()),
                )
                .help("write year and number: `cve.2021-44228`");
        }
        "tlp" => listed(
            137,
            name,
            "colour of the traffic light protocol",
            &TLP,
            node.span,
            report,
        ),
        "detection" => listed(
            138,
            name,
            "kind of detection",
            &DETECTION,
            node.span,
            report,
        ),
        _ if !NAMESPACES.contains(&namespace) => {
            let help = nearest(namespace, NAMESPACES).map_or_else(
                || format!("known: {}", NAMESPACES.join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            report
                .find(
                    128,
                    node.span,
                    format!("there is no namespace `{}`", namespace.escape_default()),
                )
                .help(help);
        }
        _ => {}
    }
    Kind::Other
}

fn listed(code: u16, name: &str, what: &str, known: &[&str], span: Span, report: &mut Report) {
    if !known.contains(&name) {
        report
            .find(
                code,
                span,
                format!("there is no {what} `{}`", name.escape_default()),
            )
            .help(format!("known: {}", known.join(", ")));
    }
}

fn attack(name: &str, span: Span, report: &mut Report) -> Kind {
    if TACTICS.contains(&name) {
        return Kind::Tactic;
    }
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    let mut chars = name.chars();
    let first = chars.next().unwrap_or_default();
    let rest = chars.as_str();
    let numbered = rest.starts_with(|c: char| c.is_ascii_digit());
    match first {
        't' if numbered => {
            let (technique, sub) = rest
                .split_once('.')
                .map_or((rest, None), |(technique, sub)| (technique, Some(sub)));
            if !digits(technique, 4) || sub.is_some_and(|sub| !digits(sub, 3)) {
                report
                    .find(
                        131,
                        span,
                        format!("`{}` is not the id of a technique", name.escape_default()),
                    )
                    .help("write `attack.t1059`, or with a sub-technique `attack.t1059.001`");
            }
            Kind::Technique
        }
        // Groups, software, campaigns and data sources.
        'g' | 's' | 'c' if digits(rest, 4) => Kind::Other,
        'd' if rest.strip_prefix('s').is_some_and(|n| digits(n, 4)) => Kind::Other,
        _ => {
            let help = nearest(name, TACTICS).map_or_else(
                || "name a tactic (`attack.execution`) or a technique (`attack.t1059`)".to_owned(),
                |meant| format!("did you mean `attack.{meant}`?"),
            );
            report
                .find(
                    130,
                    span,
                    format!("ATT&CK has no tactic `{}`", name.escape_default()),
                )
                .help(help);
            Kind::Tactic
        }
    }
}

fn is_cve(name: &str) -> bool {
    let mut parts = name.splitn(2, ['-', '.']);
    let number = |part: Option<&str>, min: usize| {
        part.is_some_and(|p| p.len() >= min && p.bytes().all(|b| b.is_ascii_digit()))
    };
    number(parts.next(), 4) && number(parts.next(), 4)
}

#[cfg(test)]
mod tests {
    use super::is_cve;

    #[test]
    fn cve_numbers() {
        assert!(is_cve("2021-44228"));
        assert!(is_cve("2021.44228"));
        assert!(!is_cve("2021-1"));
        assert!(!is_cve("44228"));
    }
}
