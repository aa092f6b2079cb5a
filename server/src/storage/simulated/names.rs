use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Inode, Random};

/// A change of a folder that its next sync makes durable.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Link(PathBuf, Inode),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, Inode),
}

impl Change {
    fn is_in(&self, folder: &Path) -> bool {
        let (Self::Link(path, _) | Self::Unlink(path) | Self::Rename(path, _, _)) = self;
        path.parent() == Some(folder)
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Inode>) {
        match self {
            Self::Link(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Self::Unlink(path) => {
                names.remove(path);
            }
            Self::Rename(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

/// The names of all folders: as seen, and as a crash leaves them.
#[derive(Debug, Default)]
pub(super) struct Names {
    visible: BTreeMap<PathBuf, Inode>,
    durable: BTreeMap<PathBuf, Inode>,
    pending: Vec<Change>,
}

impl Names {
    pub(super) fn visible(&self) -> &BTreeMap<PathBuf, Inode> {
        &self.visible
    }

    pub(super) fn apply(&mut self, change: Change) {
        change.apply(&mut self.visible);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self, folder: &Path) {
        for change in self.take_pending(folder) {
            change.apply(&mut self.durable);
        }
    }

    /// Each change has become durable, is still to be, or never will though it is seen.
    pub(super) fn fail_sync(&mut self, folder: &Path, random: &mut Random) {
        for change in self.take_pending(folder) {
            match random.below(3) {
                0 => change.apply(&mut self.durable),
                1 => self.pending.push(change),
                _ => {}
            }
        }
    }

    fn take_pending(&mut self, folder: &Path) -> Vec<Change> {
        let (taken, kept) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|change| change.is_in(folder));
        self.pending = kept;
        taken
    }

    pub(super) fn lose_power(&mut self, random: &mut Random) {
        for change in std::mem::take(&mut self.pending) {
            if random.per_mille(500) {
                change.apply(&mut self.durable);
            }
        }
        self.visible.clone_from(&self.durable);
    }
}
