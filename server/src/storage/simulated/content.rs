use std::collections::BTreeSet;

use super::Random;

pub(super) const PAGE: usize = 4096;
/// What a disk writes whole or not at all. The spool relies on it: a record that is durable
/// shares its last sector with the first of the next batch.
const SECTOR: usize = 512;

/// A file without its names: what is seen, and what a crash leaves.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) cache: Vec<u8>,
    pub(super) durable: Vec<u8>,
    /// Pages to be written by the next `sync`. Not all that differ between `cache` and `durable`:
    /// a failed `sync` makes pages clean that never reached the disk.
    dirty: BTreeSet<usize>,
}

impl Content {
    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len();
        let grown_from = self.cache.len().min(offset);
        if self.cache.len() < end {
            self.cache.resize(end, 0);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        self.dirty.extend(grown_from / PAGE..=(end - 1) / PAGE);
    }

    pub(super) fn truncate(&mut self, bytes: usize) {
        self.cache.truncate(bytes);
        self.dirty.retain(|page| page * PAGE < bytes);
    }

    pub(super) fn sync(&mut self) {
        self.durable.resize(self.cache.len(), 0);
        for page in std::mem::take(&mut self.dirty) {
            self.persist(page, PAGE);
        }
    }

    /// An error of the device: each page has reached the disk, stays to be written, or is taken
    /// for written though it is not; of those some are read back from the disk at once.
    pub(super) fn fail_sync(&mut self, random: &mut Random) {
        for page in std::mem::take(&mut self.dirty) {
            match random.below(4) {
                0 => {
                    let end = self.cache.len().min((page + 1) * PAGE);
                    if self.durable.len() < end {
                        self.durable.resize(end, 0);
                    }
                    self.persist(page, PAGE);
                }
                1 => {
                    self.dirty.insert(page);
                }
                2 => {}
                _ => self.evict(page),
            }
        }
    }

    fn evict(&mut self, page: usize) {
        let range = page * PAGE..self.cache.len().min((page + 1) * PAGE);
        for at in range {
            self.cache[at] = self.durable.get(at).copied().unwrap_or(0);
        }
    }

    /// Writes the first `bytes` of a page to the disk, as far as the file is that long there.
    fn persist(&mut self, page: usize, bytes: usize) {
        let start = page * PAGE;
        let end = (start + bytes)
            .min(self.cache.len())
            .min(self.durable.len());
        if start < end {
            self.durable[start..end].copy_from_slice(&self.cache[start..end]);
        }
    }

    /// The power goes: of what was not synced any part survives, in any order. Bytes that the
    /// file was to have but that were never written show what lay on the disk before.
    pub(super) fn lose_power(&mut self, random: &mut Random, stale: &[u8]) {
        let was = self.durable.len();
        let length = match random.below(4) {
            0 => was,
            1 => self.cache.len(),
            _ => {
                let (low, high) = (was.min(self.cache.len()), was.max(self.cache.len()));
                low + random.below((high - low) as u64 + 1) as usize
            }
        };
        self.durable.truncate(length);
        let show_stale = random.per_mille(500);
        for at in self.durable.len()..length {
            let old = if show_stale {
                stale.get(at).copied()
            } else {
                None
            };
            self.durable.push(old.unwrap_or(0));
        }
        for page in std::mem::take(&mut self.dirty) {
            match random.below(4) {
                0 => {}
                1 => self.persist(page, PAGE),
                2 => self.persist(page, random.below(PAGE as u64) as usize),
                _ => self.tear(page, random),
            }
        }
        self.cache.clone_from(&self.durable);
    }

    fn tear(&mut self, page: usize, random: &mut Random) {
        let end = self
            .cache
            .len()
            .min(self.durable.len())
            .min((page + 1) * PAGE);
        for start in (page * PAGE..end).step_by(SECTOR) {
            if random.per_mille(500) {
                let end = end.min(start + SECTOR);
                self.durable[start..end].copy_from_slice(&self.cache[start..end]);
            }
        }
    }
}
