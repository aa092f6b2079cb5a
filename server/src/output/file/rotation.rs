//! Former files: `PATH.1` (or `PATH.1.gz`) is the latest, and higher numbers are older.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Makes room for a new file. A crash at any point leaves gaps in the numbers at most.
pub(super) fn rotate(path: &Path, keep: u32, gzip: bool) -> io::Result<()> {
    if keep == 0 {
        return fs::remove_file(path);
    }
    for packed in ["", ".gz"] {
        remove(&former(path, keep, packed))?;
    }
    for number in (1..keep).rev() {
        for packed in ["", ".gz"] {
            let (from, to) = (
                former(path, number, packed),
                former(path, number + 1, packed),
            );
            match fs::rename(from, to) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    let latest = former(path, 1, "");
    fs::rename(path, &latest)?;
    if gzip {
        pack(&latest, &former(path, 1, ".gz"))?;
    }
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn pack(from: &Path, to: &Path) -> io::Result<()> {
    let temporary = to.with_extension("gz.tmp");
    let mut encoder = GzEncoder::new(File::create(&temporary)?, Compression::default());
    io::copy(&mut File::open(from)?, &mut encoder)?;
    encoder.finish()?.sync_all()?;
    fs::rename(temporary, to)?;
    fs::remove_file(from)
}

fn former(path: &Path, number: u32, packed: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}{packed}"));
    PathBuf::from(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
