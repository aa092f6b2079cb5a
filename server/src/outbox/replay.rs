//! What the outbox holds already, while the analysis finds it again.

use hashbrown::HashSet;
use sha2::{Digest, Sha256};

/// How many findings a replay remembers (64 MiB of hashes); of more, repetitions go out again,
/// with the same ids.
pub const FINDINGS_MAX: usize = 4 << 20;

/// Hashes of encoded findings. Cryptographic ones: log lines, which attackers write, are part of
/// findings, and a collision would swallow one.
#[derive(Debug, Default)]
pub(super) struct Replay {
    hashes: HashSet<[u8; 16]>,
    not_remembered: u64,
}

impl Replay {
    pub(super) fn remember(&mut self, encoded: &[u8]) {
        if self.hashes.len() < FINDINGS_MAX {
            self.hashes.insert(hash(encoded));
        } else {
            self.not_remembered += 1;
        }
    }

    /// Whether it is there already. It is forgotten then: a finding is found again once.
    pub(super) fn takes(&mut self, encoded: &[u8]) -> bool {
        !self.hashes.is_empty() && self.hashes.remove(&hash(encoded))
    }

    pub(super) fn left(&self) -> usize {
        self.hashes.len()
    }

    pub(super) fn not_remembered(&self) -> u64 {
        self.not_remembered
    }
}

fn hash(encoded: &[u8]) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(encoded).into();
    let mut hash = [0; 16];
    hash.copy_from_slice(&digest[..16]);
    hash
}
