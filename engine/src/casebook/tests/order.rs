//! What comes out when, and in which order.

use super::{Options, RULES, Rules, Told, found};

/// Kind, state and name of what was said.
fn heads(said: &[String]) -> Vec<String> {
    let field = |of: &str, name: &str| {
        let (_, rest) = of.split_once(&format!("{name}: ")).unwrap_or_default();
        rest.split([',', '}']).next().unwrap_or_default().to_owned()
    };
    let head = |of: &String| {
        if of.starts_with("AlertRecord") {
            format!("alert {} {}", field(of, "state"), field(of, "rule"))
        } else {
            format!("incident {} {}", field(of, "state"), field(of, "title"))
        }
    };
    said.iter().map(head).collect()
}

#[test]
fn a_match_waits_until_the_watermark_passed_it() {
    let rules = Rules::of(RULES);
    let mut told = Told::new(&rules);
    told.push(&found("cleared", 0, "web01", "anna"));
    told.push(&found("logon", 5, "web02", "ben"));
    assert_eq!(
        heads(&told.said),
        [""; 0],
        "one of its own time may still come"
    );
    told.push(&found("logon", 6, "web02", "ben"));
    assert_eq!(heads(&told.said), ["incident Open \"Log cleared\""]);
}

#[test]
fn alerts_and_matches_reach_the_incidents_by_time() {
    let rules = Rules::of(RULES);
    let mut told = Told::new(&rules);
    for of in [
        found("failed", 1, "web01", "anna"),
        found("failed", 0, "web01", "anna"),
        found("failed", 3, "web01", "anna"),
        // Before the alert, though it comes behind the match that opens it.
        found("cleared", 2, "web01", "anna"),
        found("logon", 20, "web02", "ben"),
    ] {
        told.push(&of);
    }
    let expected = ["incident Open \"Log cleared\"", "alert Open Correlation(0)"];
    assert_eq!(heads(&told.said), expected);
}

#[test]
fn what_an_alert_makes_of_an_incident_comes_behind_it() {
    let rules = Rules::of(RULES);
    let mut told = Told::new(&rules);
    told.push(&found("cleared", 0, "web01", "anna"));
    for second in 70..73 {
        told.push(&found("failed", second, "web01", "anna"));
    }
    told.push(&found("logon", 136, "web02", "ben"));
    let expected = [
        "incident Open \"Log cleared\"",
        // Single failed logons are news; then the alert is, a minute later.
        "incident Update \"Log cleared\"",
        "alert Open Correlation(0)",
        "incident Update \"Log cleared\"",
    ];
    assert_eq!(heads(&told.said), expected);
}

#[test]
fn an_alert_closes_before_a_later_match_that_no_correlation_asks_for() {
    let alone = "title: Account\nname: account\nlogsource: {product: windows}\n\
                 detection: {s: {EventID: 4720}, condition: s}\nlevel: critical\n---\n";
    let rules = Rules::of(&format!("{alone}{RULES}"));
    let mut told = Told::new(&rules);
    for second in 0..3 {
        told.push(&found("failed", second, "web01", "anna"));
    }
    told.push(&found("account", 100, "web02", "ben"));
    told.push(&found("account", 200, "web02", "ben"));
    let expected = [
        "alert Open Correlation(0)",
        "alert Close Correlation(0)",
        "incident Open \"Account\"",
    ];
    assert_eq!(heads(&told.said), expected);
}

#[test]
fn no_more_matches_wait_than_may() {
    let rules = Rules::of(RULES);
    let mut told = Told::new(&rules);
    told.casebook = rules.casebook(Options {
        waiting_max: 2,
        ..Options::default()
    });
    for host in ["web01", "web02", "web03", "web04"] {
        told.push(&found("cleared", 0, host, "SYSTEM"));
    }
    assert_eq!(told.casebook.pushed_out(), 2);
    assert_eq!(told.casebook.incident_counters().contributions, 2);
    let said = told.finish();
    let opened = said.iter().filter(|of| of.contains("state: Open"));
    assert!(opened.count() >= 4, "none is lost: {said:?}");
}
