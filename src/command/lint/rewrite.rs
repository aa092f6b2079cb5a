//! Puts new text in the place of a file: whole, or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Replaces the text of a file, unless somebody has changed it since `before` was read. Links are
/// followed and permissions kept.
pub fn rewrite(path: &Path, before: &str, after: &str) -> Result<(), Failure> {
    replace(path, before, after).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })
}

fn replace(path: &Path, before: &str, after: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let now = fs::read(&path)?;
    let now = now.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&now);
    if now != before.as_bytes() {
        return Err(io::Error::other("it has changed while it was read"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(after.as_bytes())?;
    file.as_file()
        .set_permissions(fs::metadata(&path)?.permissions())?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
