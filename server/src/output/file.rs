use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use super::{Format, Output, Queued, Undelivered};

mod rotation;

/// A file in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileSettings {
    /// Where.
    pub path: PathBuf,
    /// How records are written.
    #[serde(default)]
    pub format: Format,
    /// When a new file is begun.
    #[serde(default)]
    pub rotate: RotateSettings,
}

/// When a new file is begun, and what becomes of the former ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RotateSettings {
    /// When it would become larger.
    pub bytes: u64,
    /// When it is older, in seconds; never without it.
    pub age_seconds: Option<u64>,
    /// How many former ones are kept: `PATH.1` is the latest.
    pub keep: u32,
    /// Whether they are packed: `PATH.1.gz`.
    pub gzip: bool,
}

impl Default for RotateSettings {
    /// At 100 MiB, ten kept, not packed.
    fn default() -> Self {
        Self {
            bytes: 100 << 20,
            age_seconds: None,
            keep: 10,
            gzip: false,
        }
    }
}

/// JSON lines in a file, on the disk before they count as delivered.
#[derive(Debug)]
pub struct FileOutput {
    path: PathBuf,
    format: Format,
    rotate: RotateSettings,
    file: Option<Open>,
}

#[derive(Debug)]
struct Open {
    file: File,
    bytes: u64,
    begun: SystemTime,
    /// Device and inode: somebody else may rotate too.
    identity: (u64, u64),
}

impl FileOutput {
    /// Opens the file and mends its last line.
    pub fn open(settings: &FileSettings, folder: &Path) -> Result<Self, String> {
        let mut output = Self {
            path: folder.join(&settings.path),
            format: settings.format,
            rotate: settings.rotate,
            file: None,
        };
        output
            .reopen()
            .map_err(|error| output.explain("open", &error))?;
        Ok(output)
    }

    fn explain(&self, action: &str, error: &io::Error) -> String {
        format!("cannot {action} {}: {error}", self.path.display())
    }

    fn reopen(&mut self) -> io::Result<()> {
        self.file = None;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .read(true)
            .append(true)
            .open(&self.path)?;
        let bytes = mend(&mut file)?;
        let meta = file.metadata()?;
        let begun = meta.created().or_else(|_| meta.modified())?;
        self.file = Some(Open {
            file,
            bytes,
            begun,
            identity: (meta.dev(), meta.ino()),
        });
        Ok(())
    }

    /// The file that has the path now.
    fn current(&mut self) -> io::Result<&mut Open> {
        let identity = fs::metadata(&self.path).map(|meta| (meta.dev(), meta.ino()));
        let is_current =
            matches!((&self.file, identity), (Some(open), Ok(at)) if open.identity == at);
        if !is_current {
            self.reopen()?;
        }
        self.file.as_mut().ok_or_else(|| io::Error::other("closed"))
    }

    fn rotate_if_due(&mut self, more: u64) -> io::Result<()> {
        let rotate = self.rotate;
        let open = self.current()?;
        let age = SystemTime::now().duration_since(open.begun);
        let limit = rotate.age_seconds.map(Duration::from_secs);
        let is_old = limit.is_some_and(|limit| age.is_ok_and(|age| age > limit));
        let is_large = open.bytes.saturating_add(more) > rotate.bytes;
        if open.bytes > 0 && (is_old || is_large) {
            self.file = None;
            rotation::rotate(&self.path, rotate.keep, rotate.gzip)?;
            self.reopen()?;
        }
        Ok(())
    }

    /// Writes lines so that all of them are on the disk, or none.
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        self.rotate_if_due(lines.len() as u64)?;
        let open = self.current()?;
        let written = open.file.write_all(lines);
        match written.and_then(|()| open.file.sync_data()) {
            Ok(()) => {
                open.bytes += lines.len() as u64;
                Ok(())
            }
            Err(error) => {
                // If that fails too, the end is mended when the file is opened next. Somebody
                // else may have cut the file meanwhile; it must not become longer.
                let length = open.file.metadata().map_or(0, |meta| meta.len());
                let _ = open.file.set_len(open.bytes.min(length));
                self.file = None;
                Err(error)
            }
        }
    }
}

impl Output for FileOutput {
    fn deliver(&mut self, batch: &[Queued]) -> Result<(), Undelivered> {
        let mut lines = Vec::new();
        let mut refused = None;
        for (at, queued) in batch.iter().enumerate() {
            match self.format.write(&queued.finding, at) {
                Ok(line) => lines.extend_from_slice(&line),
                Err(undelivered) => {
                    refused = Some(undelivered);
                    break;
                }
            }
            lines.push(b'\n');
        }
        self.write(&lines)
            .map_err(|error| Undelivered::later(0, self.explain("write to", &error)))?;
        refused.map_or(Ok(()), Err)
    }
}

/// Cuts what a crash left of a last line: it was not delivered, and comes again.
fn mend(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut end = length;
    let mut block = [0; 4096];
    while end > 0 {
        let begin = end.saturating_sub(block.len() as u64);
        let Some(part) = block.get_mut(..(end - begin) as usize) else {
            break;
        };
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(part)?;
        if let Some(at) = memchr::memrchr(b'\n', part) {
            end = begin + at as u64 + 1;
            break;
        }
        end = begin;
    }
    if end < length {
        file.set_len(end)?;
    }
    Ok(end)
}
