//! Who a contribution is about, and through whom it joins.

use super::builder::Builder;
use super::contribution::{Contribution, Source};
use super::entities::{ALERT, EntityId, NOBODY, Standing};

/// The entities of one contribution. Kept between contributions for its room.
#[derive(Debug, Default)]
pub(super) struct Naming {
    /// As named, without those that the policy ignores.
    pub(super) named: Vec<EntityId>,
    /// Those through which it joins: hosts in place of their other names, without the crowded.
    pub(super) joining: Vec<EntityId>,
    /// Names that a host claimed just now, and for which it alone stands: what they linked to
    /// so far becomes the host's.
    pub(super) absorbed: Vec<EntityId>,
    /// The hosts that it was seen on.
    pub(super) hosts: Vec<EntityId>,
    /// How many of those named, and of their hosts, an earlier record of the alert named.
    sighted: (usize, usize),
    claimed: Vec<EntityId>,
    own_address: Option<EntityId>,
    /// Something was left out.
    pub(super) is_partial: bool,
    short_name: Vec<u8>,
}

impl Naming {
    fn clear(&mut self) {
        self.named.clear();
        self.joining.clear();
        self.absorbed.clear();
        self.hosts.clear();
        self.sighted = (0, 0);
        self.claimed.clear();
        self.own_address = None;
        self.is_partial = false;
    }
}

fn push_new(list: &mut Vec<EntityId>, id: EntityId) {
    if !list.contains(&id) {
        list.push(id);
    }
}

/// The first label of a host's long name: `web01` of `web01.corp.example`. Addresses have none.
pub(super) fn short_name(host: &[u8]) -> Option<&[u8]> {
    let dot = memchr::memchr(b'.', host).filter(|dot| *dot > 0)?;
    let last = host
        .rsplit(|b| *b == b'.')
        .find(|label| !label.is_empty())?;
    let is_address = last.iter().all(u8::is_ascii_digit) || host.contains(&b':');
    if is_address { None } else { host.get(..dot) }
}

impl Builder {
    /// Finds out who a contribution is about. Takes note of claims and sightings.
    pub(super) fn name(&mut self, contribution: &Contribution<'_>, now: i64, naming: &mut Naming) {
        naming.clear();
        self.intern_all(contribution, now, naming);
        self.claim_short_names(now, naming);
        self.claim_own_address(contribution, now, naming);
        for name in &naming.claimed {
            if self.entities.resolve(*name, now) != *name {
                naming.absorbed.push(*name);
            }
        }
        self.note_sightings(now, naming);
        self.choose_joining(contribution, now, naming);
    }

    fn intern_all(&mut self, contribution: &Contribution<'_>, now: i64, naming: &mut Naming) {
        let limit = self.limits.contribution_entities;
        let left_out = contribution.entities.len().saturating_sub(limit);
        self.counters.refused_entities += left_out as u64;
        naming.is_partial = left_out > 0;
        let sighted = self.sighted(contribution, now);
        for (place, (kind, value)) in contribution.entities.iter().take(limit).enumerate() {
            if place == sighted {
                naming.sighted.0 = naming.named.len();
            }
            if let Some(id) = self.intern(*kind, value, now, naming) {
                push_new(&mut naming.named, id);
            }
        }
        if contribution.entities.len().min(limit) <= sighted {
            naming.sighted.0 = naming.named.len();
        }
    }

    /// How many of its entities an alert has named before.
    fn sighted(&self, contribution: &Contribution<'_>, now: i64) -> usize {
        if contribution.source != Source::Alert {
            return 0;
        }
        let id = self.entities.find(ALERT, &contribution.id.to_le_bytes());
        let alert = id.and_then(|id| self.entities.get(id));
        let alert = alert.filter(|alert| !alert.is_forgettable(now));
        alert.map_or(0, |alert| alert.sighted as usize)
    }

    /// `None`: the policy ignores it, or it was refused, which is counted.
    fn intern(
        &mut self,
        kind: u8,
        value: &[u8],
        now: i64,
        naming: &mut Naming,
    ) -> Option<EntityId> {
        let Some(ignored) = self.ignored.get(usize::from(kind)) else {
            self.counters.refused_entities += 1;
            return None;
        };
        if value.is_empty() {
            return None;
        }
        if value.len() > self.limits.value_bytes {
            self.counters.refused_entities += 1;
            naming.is_partial = true;
            return None;
        }
        let id = self.entities.intern(kind, value, now, |folded| {
            if ignored.iter().any(|pattern| pattern.matches(folded)) {
                Standing::Ignored
            } else {
                Standing::Joins
            }
        });
        let standing = self.entities.get(id)?.standing;
        (standing == Standing::Joins).then_some(id)
    }

    fn is_host(&self, id: EntityId) -> bool {
        let kind = self.entities.get(id).map(|entity| entity.kind);
        kind.is_some() && kind == self.host_kind
    }

    fn claim_short_names(&mut self, now: i64, naming: &mut Naming) {
        let Some(kind) = self.host_kind else { return };
        for at in 0..naming.named.len() {
            let Some(id) = naming.named.get(at).copied() else {
                return;
            };
            let mut short = std::mem::take(&mut naming.short_name);
            short.clear();
            if let Some(host) = self.entities.get(id).filter(|entity| entity.kind == kind) {
                short.extend_from_slice(short_name(&host.folded).unwrap_or_default());
            }
            if !short.is_empty()
                && let Some(name) = self.intern(kind, &short, now, naming)
            {
                self.claim(name, id, now, naming);
            }
            naming.short_name = short;
        }
    }

    fn claim_own_address(
        &mut self,
        contribution: &Contribution<'_>,
        now: i64,
        naming: &mut Naming,
    ) {
        let (Some((host, address)), Some(host_kind), Some(address_kind)) =
            (contribution.own_address, self.host_kind, self.address_kind)
        else {
            return;
        };
        let host = self.intern(host_kind, host, now, naming);
        let address = self.intern(address_kind, address, now, naming);
        for id in host.into_iter().chain(address) {
            push_new(&mut naming.named, id);
        }
        if let (Some(host), Some(address)) = (host, address) {
            let host = self.entities.resolve(host, now);
            self.claim(address, host, now, naming);
            naming.own_address = Some(address);
        }
    }

    fn claim(&mut self, name: EntityId, host: EntityId, now: i64, naming: &mut Naming) {
        let host = self.entities.host_ref(host, now);
        if let Some(name) = self.entities.get_mut(name) {
            name.claims.note(host, now);
        }
        push_new(&mut naming.claimed, name);
    }

    fn note_sightings(&mut self, now: i64, naming: &mut Naming) {
        for (place, id) in naming.named.iter().enumerate() {
            if self.is_host(*id) {
                push_new(&mut naming.hosts, self.entities.resolve(*id, now));
            }
            if place < naming.sighted.0 {
                naming.sighted.1 = naming.hosts.len();
            }
        }
        for (place, id) in naming.named.iter().enumerate() {
            if self.is_host(*id) {
                continue;
            }
            // Or each update of an alert would show all that it names on all of its hosts anew.
            let sighted = if place < naming.sighted.0 {
                naming.sighted.1
            } else {
                0
            };
            for host in naming.hosts.iter().skip(sighted) {
                let host = self.entities.host_ref(*host, now);
                if let Some(entity) = self.entities.get_mut(*id) {
                    entity.sightings.note(host, now, self.crowded);
                }
            }
        }
    }

    fn choose_joining(&mut self, contribution: &Contribution<'_>, now: i64, naming: &mut Naming) {
        for id in &naming.named {
            // Its host is named as well, and joins in its place.
            if naming.own_address == Some(*id) {
                continue;
            }
            let resolved = self.entities.resolve(*id, now);
            let entity = self.entities.get(*id);
            let crowded = |id| {
                resolved == id && entity.is_some_and(|e| e.sightings.is_crowded(now, self.crowded))
            };
            if !crowded(*id) {
                push_new(&mut naming.joining, resolved);
            }
        }
        if naming.joining.is_empty() {
            let rule = self.rules.get(contribution.rule as usize);
            let rule = rule.map_or("", |facts| facts.identity());
            let nobody = self
                .entities
                .intern(NOBODY, rule.as_bytes(), now, |_| Standing::Joins);
            naming.joining.push(nobody);
        }
        if contribution.source == Source::Alert {
            let id = contribution.id.to_le_bytes();
            let alert = self.entities.intern(ALERT, &id, now, |_| Standing::Joins);
            naming.joining.push(alert);
            let named = contribution.entities.len();
            let named = named.min(self.limits.contribution_entities) as u32;
            if let Some(alert) = self.entities.get_mut(alert) {
                alert.sighted = alert.sighted.max(named);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn short_names() {
        let cases: [(&str, Option<&str>); 7] = [
            ("web01.corp.example", Some("web01")),
            ("web01.", Some("web01")),
            ("web01", None),
            (".corp", None),
            ("10.0.0.1", None),
            ("::ffff:10.0.0.a", None),
            ("", None),
        ];
        for (host, short) in cases {
            assert_eq!(
                short_name(host.as_bytes()),
                short.map(str::as_bytes),
                "{host}"
            );
        }
    }
}
