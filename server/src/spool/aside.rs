//! Bytes that do not check are kept for a person to look at, within bounds.

use std::io;
use std::path::{Path, PathBuf};

use super::Position;
use crate::storage::{File, Storage, read_fully};

/// Kept of one place; more stays in the segment until that is released.
const KEPT_BYTES_MAX: u64 = 1 << 20;
/// Files kept; the oldest positions make room for new ones.
const KEPT_FILES_MAX: usize = 16;
const SUFFIX: &str = ".damaged";

/// Copies the bytes of a segment from `from` to `to` beside it. Nothing is kept if they are all
/// zero, which is what a file system leaves that had allocated space but not written it yet.
pub(super) fn keep(
    storage: &dyn Storage,
    folder: &Path,
    segment: &dyn File,
    base: Position,
    (from, to): (Position, Position),
) -> io::Result<Option<PathBuf>> {
    let bytes = to.bytes_since(from).min(KEPT_BYTES_MAX);
    let mut buffer = vec![0; usize::try_from(bytes).unwrap_or(0)];
    let read = read_fully(segment, from.bytes_since(base), &mut buffer)?;
    buffer.truncate(read);
    if buffer.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    make_room(storage, folder)?;
    let path = folder.join(format!("{:020}{SUFFIX}", from.get()));
    match storage.remove(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = storage.create(&path)?;
    file.write_at(0, &buffer)?;
    file.sync()?;
    Ok(Some(path))
}

fn make_room(storage: &dyn Storage, folder: &Path) -> io::Result<()> {
    let listed = storage.list(folder)?.into_iter().map(|listed| listed.name);
    let mut kept: Vec<_> = listed.filter(|name| name.ends_with(SUFFIX)).collect();
    kept.sort_unstable();
    let too_many = (kept.len() + 1).saturating_sub(KEPT_FILES_MAX);
    for name in kept.iter().take(too_many) {
        storage.remove(&folder.join(name))?;
    }
    Ok(())
}
