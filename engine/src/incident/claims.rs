//! Which host stands behind another name: an address that is a host's own, a short host name.
//!
//! A name stands for a host as long as exactly one host claimed it within the last day. Where
//! several do (an address behind translation, `web01` of two domains), it stands for none of
//! them: to join the wrong machines is worse than to miss a join.

use super::entities::HostRef;
use super::{DAY_NS, since};

/// A host said that a name is its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) host: HostRef,
    pub(super) time: i64,
}

/// The latest claims by different hosts, latest first. Three suffice to tell one host from
/// several: at most two entries (a short name and its long form) mean the same machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims([Option<Claim>; 3]);

impl Claims {
    pub(super) fn note(&mut self, host: HostRef, now: i64) {
        let same = |claim: &Option<Claim>| claim.is_some_and(|c| c.host == host);
        let place = self.0.iter().position(same).unwrap_or(self.0.len() - 1);
        if let Some(moved) = self.0.get_mut(..=place) {
            moved.rotate_right(1);
        }
        self.0[0] = Some(Claim { host, time: now });
    }

    /// The hosts that claimed it within the last day.
    pub(super) fn fresh(&self, now: i64) -> impl Iterator<Item = HostRef> + '_ {
        let fresh = move |claim: &&Claim| since(claim.time, now) <= DAY_NS;
        self.0
            .iter()
            .flatten()
            .filter(fresh)
            .map(|claim| claim.host)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Claim> + '_ {
        self.0.iter().flatten().copied()
    }

    /// Latest first; those beyond the third are left out.
    pub(super) fn from_all(claims: &[Claim]) -> Self {
        let mut all = Self::default();
        for (place, claim) in all.0.iter_mut().zip(claims) {
            *place = Some(*claim);
        }
        all
    }
}
