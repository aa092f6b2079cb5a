//! Incidents in the most obvious way: everything that was said is kept, and everything is
//! computed from all of it each time.

use std::collections::{BTreeSet, HashMap};

use yagura_engine::incident::{RuleFacts, Source};
use yagura_rules::{IncidentPolicy, Level};

use crate::script::{NANOS, Said};

const DAY: i64 = 86_400 * NANOS;
const MINUTE: i64 = 60 * NANOS;

type Name = (String, String);

/// A record as the reference would write it; incidents are named by the number of the
/// contribution that began them.
#[derive(Clone, Debug, PartialEq)]
pub struct Wrote {
    pub state: &'static str,
    pub incident: usize,
    pub merged_into: Option<usize>,
    /// To a thousandth: the order of a sum is nobody's business.
    pub risk: i64,
    pub title: String,
    pub first: i64,
    pub last: i64,
    pub tactics: Vec<String>,
    pub entities: BTreeSet<(Name, u64)>,
    /// Rule, alert or host, count.
    pub rows: BTreeSet<(String, String, u64)>,
}

struct Member {
    said: Said,
    added: u64,
    last: i64,
    listed: BTreeSet<Name>,
    subject: String,
}

#[derive(Clone, Default)]
struct Known {
    time: i64,
    risk: f64,
    rules: BTreeSet<u32>,
    tactics: BTreeSet<String>,
    kinds: BTreeSet<String>,
    entities: BTreeSet<Name>,
}

struct Group {
    begun: usize,
    members: Vec<Member>,
    links: BTreeSet<Name>,
    recorded: Option<Known>,
    merged: bool,
    waits: bool,
}

pub struct Reference<'a> {
    pub policy: &'a IncidentPolicy,
    pub rules: &'a [RuleFacts],
    pub ignored: &'a dyn Fn(u8, &str) -> bool,
    pub kinds: &'a [&'a str],
    groups: Vec<Group>,
    claims: Vec<(Name, Name, i64)>,
    sightings: Vec<(Name, Name, i64)>,
    /// Of alerts: the highest count so far, when they were last heard of, and how many entities
    /// they have named.
    totals: HashMap<u128, (u64, i64, usize)>,
    clock: i64,
    begun: usize,
    pub wrote: Vec<Wrote>,
}

impl<'a> Reference<'a> {
    pub fn new(
        policy: &'a IncidentPolicy,
        rules: &'a [RuleFacts],
        kinds: &'a [&'a str],
        ignored: &'a dyn Fn(u8, &str) -> bool,
    ) -> Self {
        Self {
            policy,
            rules,
            ignored,
            kinds,
            groups: Vec::new(),
            claims: Vec::new(),
            sightings: Vec::new(),
            totals: HashMap::new(),
            clock: i64::MIN,
            begun: 0,
            wrote: Vec::new(),
        }
    }

    fn join_within(&self) -> i64 {
        i64::try_from(self.policy.join_within_seconds).expect("small") * NANOS
    }

    fn name(&self, kind: u8, value: &str) -> Option<Name> {
        let value = value.to_lowercase();
        let usable = !value.is_empty() && !(self.ignored)(kind, &value);
        usable.then(|| (self.kinds[usize::from(kind)].to_owned(), value))
    }

    fn resolve(&self, name: &Name, now: i64) -> Name {
        let fresh = self
            .claims
            .iter()
            .filter(|(n, _, t)| n == name && now - t <= DAY);
        let hosts: BTreeSet<Name> = fresh
            .map(|(_, host, _)| {
                if host == name {
                    host.clone()
                } else {
                    self.resolve(host, now)
                }
            })
            .collect();
        match hosts.into_iter().collect::<Vec<_>>().as_slice() {
            [one] => one.clone(),
            _ => name.clone(),
        }
    }

    fn is_crowded(&self, name: &Name, now: i64) -> bool {
        let fresh = self
            .sightings
            .iter()
            .filter(|(n, _, t)| n == name && now - t <= DAY);
        let hosts: BTreeSet<&Name> = fresh.map(|(_, host, _)| host).collect();
        hosts.len() as u64 > self.policy.crowded
    }

    pub fn add(&mut self, said: &Said) {
        let now = said.time.max(self.clock);
        self.advance(now);
        let alert = ("alert".to_owned(), said.id.to_string());
        let is_alert = said.source == Source::Alert;
        let known = is_alert && self.groups.iter().any(|g| g.links.contains(&alert));
        if now - said.last > self.join_within() && !known {
            return;
        }
        let (mut added, mut sighted) = (said.count, 0);
        if is_alert {
            let total = self.totals.entry(said.id).or_insert((0, now, 0));
            if !known && now - total.1 > DAY {
                (total.0, total.2) = (0, 0);
            }
            sighted = total.2;
            added = said.count.saturating_sub(total.0);
            *total = (total.0 + added, now, sighted.max(said.entities.len()));
        }
        let mut named: Vec<Name> = Vec::new();
        let mut old: Vec<Name> = Vec::new();
        for (place, (kind, value)) in said.entities.iter().enumerate() {
            if place == sighted {
                old.clone_from(&named);
            }
            named.extend(self.name(*kind, value).filter(|name| !named.contains(name)));
        }
        if said.entities.len() <= sighted {
            old.clone_from(&named);
        }
        let mut claimed: Vec<Name> = Vec::new();
        for host in named.iter().filter(|(kind, _)| kind == "host") {
            let labels: Vec<&str> = host.1.split('.').collect();
            let is_name =
                labels.len() > 1 && labels.last().is_some_and(|l| l.parse::<u8>().is_err());
            if let Some(short) = self.name(0, labels[0]).filter(|_| is_name) {
                self.claims.push((short.clone(), host.clone(), now));
                claimed.push(short);
            }
        }
        let mut own = None;
        if let Some((host, address)) = &said.own {
            let (host, address) = (self.name(0, host), self.name(2, address));
            for name in [&host, &address].into_iter().flatten() {
                if !named.contains(name) {
                    named.push(name.clone());
                }
            }
            if let (Some(host), Some(address)) = (host, address) {
                let host = self.resolve(&host, now);
                self.claims.push((address.clone(), host, now));
                claimed.push(address.clone());
                own = Some(address);
            }
        }
        let absorbed: Vec<Name> = claimed
            .into_iter()
            .filter(|name| self.resolve(name, now) != *name)
            .collect();
        let hosts = self.sight(&named, &old, now);
        let mut joining: BTreeSet<Name> = BTreeSet::new();
        for name in named.iter().filter(|name| own.as_ref() != Some(*name)) {
            let resolved = self.resolve(name, now);
            if resolved != *name || !self.is_crowded(name, now) {
                joining.insert(resolved);
            }
        }
        if joining.is_empty() {
            joining.insert(("nobody".to_owned(), said.rule.to_string()));
        }
        if is_alert {
            joining.insert(alert);
        }
        let subject = match said.source {
            Source::Alert => said.id.to_string(),
            Source::Detection => hosts
                .first()
                .map_or_else(String::new, |host| host.1.clone()),
        };
        let listed = named.into_iter().chain(joining.iter().cloned());
        let listed = listed.filter(|(kind, _)| self.kinds.contains(&kind.as_str()));
        let member = Member {
            said: said.clone(),
            added,
            last: said.last.min(now),
            listed: listed.collect(),
            subject,
        };
        self.put(member, &joining, &absorbed, now);
    }

    /// Notes who was seen on which hosts, but for those pairs that the alert named before. Gives
    /// the hosts.
    fn sight(&mut self, named: &[Name], old: &[Name], now: i64) -> Vec<Name> {
        let (hosts, others): (Vec<_>, Vec<_>) = named.iter().partition(|(kind, _)| kind == "host");
        let resolved = |host: &&Name| self.resolve(host, now);
        let old_hosts = hosts.iter().filter(|host| old.contains(*host));
        let old_hosts: Vec<Name> = old_hosts.map(resolved).collect();
        let hosts: Vec<Name> = hosts.iter().map(resolved).collect();
        for other in others {
            for host in &hosts {
                if !old.contains(other) || !old_hosts.contains(host) {
                    self.sightings.push((other.clone(), host.clone(), now));
                }
            }
        }
        hosts
    }

    fn put(&mut self, member: Member, joining: &BTreeSet<Name>, absorbed: &[Name], now: i64) {
        let shares = |group: &Group| {
            absorbed
                .iter()
                .chain(joining)
                .any(|name| group.links.contains(name))
        };
        let (mut joined, others): (Vec<Group>, Vec<Group>) = std::mem::take(&mut self.groups)
            .into_iter()
            .partition(shares);
        self.groups = others;
        joined.sort_by_key(|group| group.begun);
        let mut joined = joined.into_iter();
        let mut group = joined.next().unwrap_or_else(|| {
            self.begun += 1;
            Group {
                begun: self.begun,
                members: Vec::new(),
                links: BTreeSet::new(),
                recorded: None,
                merged: false,
                waits: false,
            }
        });
        for younger in joined {
            if younger.recorded.is_some() {
                self.write("closed", &younger, Some(group.begun));
            }
            group.members.extend(younger.members);
            group.links.extend(younger.links);
            group.merged = true;
        }
        for name in absorbed {
            group.links.remove(name);
            for other in &mut self.groups {
                other.links.remove(name);
            }
        }
        group.links.extend(joining.iter().cloned());
        group.members.push(member);
        self.report(&mut group, now);
        self.groups.push(group);
    }

    fn report(&mut self, group: &mut Group, now: i64) {
        let known = self.know(group, now);
        let Some(recorded) = &group.recorded else {
            let at = &self.policy.open_at;
            let grave = at.risk.is_some_and(|risk| known.risk >= risk)
                || at.tactics.is_some_and(|count| known.tactics.len() >= count)
                || (at.risk.is_none() && at.tactics.is_none());
            if grave {
                self.write("open", group, None);
                group.recorded = Some(known);
                group.merged = false;
            }
            return;
        };
        let fresh = known.entities.len() - recorded.entities.len();
        let news = group.merged
            || known.rules != recorded.rules
            || known.tactics != recorded.tactics
            || known.kinds != recorded.kinds
            || known.risk >= recorded.risk * 1.25
            || (fresh > 0 && fresh >= recorded.entities.len());
        if news && now - recorded.time >= MINUTE {
            self.write("update", group, None);
            group.recorded = Some(known);
            (group.merged, group.waits) = (false, false);
        } else if news {
            group.waits = true;
        }
    }

    fn know(&self, group: &Group, time: i64) -> Known {
        let rules: BTreeSet<u32> = group.members.iter().map(|m| m.said.rule).collect();
        let facts = |rule: &u32| &self.rules[*rule as usize];
        let tactics = rules.iter().flat_map(|rule| facts(rule).tactics.iter());
        let entities: BTreeSet<Name> = group
            .members
            .iter()
            .flat_map(|m| m.listed.clone())
            .collect();
        let risk = rules.iter().map(|rule| {
            let of_rule = group.members.iter().filter(|m| m.said.rule == *rule);
            let count: u64 = of_rule.map(|m| m.added).sum();
            let level = Level::ALL.iter().position(|l| *l == facts(rule).level);
            #[expect(clippy::cast_precision_loss, reason = "counts in tests are small")]
            let count = count.max(1) as f64;
            self.policy.risk[level.expect("a level")] * (1.0 + count.log10() / 10.0)
        });
        Known {
            time,
            risk: risk.sum(),
            tactics: tactics.map(ToString::to_string).collect(),
            kinds: entities.iter().map(|(kind, _)| kind.clone()).collect(),
            entities,
            rules,
        }
    }

    /// Does what is due before `now`, one by one, the earliest first.
    pub fn advance(&mut self, now: i64) {
        self.clock = self.clock.max(now);
        loop {
            let mut due: Vec<(i64, usize, bool)> = Vec::new();
            for group in &self.groups {
                let last = group.members.iter().map(|m| m.last).max().expect("members");
                due.push((last + self.join_within(), group.begun, true));
                if let Some(recorded) = group.recorded.as_ref().filter(|_| group.waits) {
                    due.push((recorded.time + MINUTE, group.begun, false));
                }
            }
            let first = due
                .into_iter()
                .min()
                .filter(|(time, ..)| *time < self.clock);
            let Some((time, begun, over)) = first else {
                return;
            };
            let place = self
                .groups
                .iter()
                .position(|g| g.begun == begun)
                .expect("there");
            let mut group = self.groups.remove(place);
            if over {
                if group.recorded.is_some() {
                    self.write("closed", &group, None);
                }
            } else {
                self.write("update", &group, None);
                group.recorded = Some(self.know(&group, time));
                (group.merged, group.waits) = (false, false);
                self.groups.push(group);
            }
        }
    }

    pub fn finish(&mut self) {
        let mut groups = std::mem::take(&mut self.groups);
        groups.sort_by_key(|group| group.begun);
        for group in groups.iter().filter(|group| group.recorded.is_some()) {
            self.write("closed", group, None);
        }
    }

    fn write(&mut self, state: &'static str, group: &Group, merged_into: Option<usize>) {
        let known = self.know(group, 0);
        let members = &group.members;
        let first_of = |rule: u32| {
            let of_rule = members.iter().filter(|m| m.said.rule == rule);
            of_rule.map(|m| m.said.first).min()
        };
        let title = known.rules.iter().min_by_key(|rule| {
            let facts = &self.rules[**rule as usize];
            (
                std::cmp::Reverse(facts.level),
                first_of(**rule),
                facts.title.clone(),
            )
        });
        let with = |tactic: &str| {
            let has = |m: &&Member| {
                let tactics = &self.rules[m.said.rule as usize].tactics;
                tactics.iter().any(|t| t.name() == tactic)
            };
            members.iter().filter(has).map(|m| m.said.first).min()
        };
        // In the order of the matrix among those of one time.
        let mut tactics: Vec<_> = self
            .rules
            .iter()
            .flat_map(|r| r.tactics.iter())
            .copied()
            .collect();
        tactics.retain(|tactic| known.tactics.contains(tactic.name()));
        tactics.sort_by_key(|tactic| (with(tactic.name()), *tactic));
        tactics.dedup();
        let named = |name: &Name| members.iter().filter(|m| m.listed.contains(name)).count() as u64;
        let rows: BTreeSet<(u32, String)> = members
            .iter()
            .map(|m| (m.said.rule, m.subject.clone()))
            .collect();
        let count = |rule: u32, subject: &str| {
            let of_row = members
                .iter()
                .filter(|m| m.said.rule == rule && m.subject == subject);
            of_row.map(|m| m.added).sum()
        };
        let title_of = |rule: u32| self.rules[rule as usize].title.to_string();
        #[expect(clippy::cast_possible_truncation, reason = "small")]
        let risk = (known.risk * 1000.0).round() as i64;
        self.wrote.push(Wrote {
            state,
            incident: group.begun,
            merged_into,
            risk,
            title: title_of(*title.expect("a rule")),
            first: members.iter().map(|m| m.said.first).min().expect("members"),
            last: members.iter().map(|m| m.last).max().expect("members"),
            tactics: tactics
                .into_iter()
                .map(|tactic| tactic.to_string())
                .collect(),
            entities: known
                .entities
                .iter()
                .map(|name| (name.clone(), named(name)))
                .collect(),
            rows: rows
                .into_iter()
                .map(|(rule, subject)| (title_of(rule), subject.clone(), count(rule, &subject)))
                .collect(),
        });
    }
}
