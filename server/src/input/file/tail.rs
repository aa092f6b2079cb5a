//! One file that is followed.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use yagura_parsers::Format;

use super::position::{Identity, Position, Positions};
use crate::input::octets::Framing;
use crate::input::packer::Packer;
use crate::input::{Context, syslog_format};
use crate::parcel::Parcel;

/// A last line without its end is taken after that time.
const SILENCE: Duration = Duration::from_secs(5);
/// How much of a file's beginning tells it from others.
const FINGERPRINT_BYTES: usize = 1024;
/// How much is read at once; a parcel holds it.
const CHUNK_BYTES: usize = 192 << 10;

pub(super) struct Tail {
    pub(super) path: PathBuf,
    /// Whether one of the paths still leads to it.
    pub(super) named: bool,
    /// What was read in this round.
    pub(super) parcel: Option<Parcel>,
    file: File,
    identity: Identity,
    /// Everything before is durable.
    offset: u64,
    /// Everything before was read in this round.
    ahead: u64,
    grown: Instant,
    size: u64,
    framing: Framing,
    format: Option<Format>,
}

impl Tail {
    pub(super) fn open(
        path: &Path,
        context: &Context,
        format: Option<Format>,
        positions: &Positions,
    ) -> io::Result<Self> {
        let file = File::open(path)?;
        let meta = file.metadata()?;
        let known = positions.of(meta.dev(), meta.ino());
        let known = known.filter(|known| {
            known.offset <= meta.len() && is_same(&file, known.identity).unwrap_or(false)
        });
        let offset = known.as_ref().map_or(0, |known| known.offset);
        Ok(Self {
            path: path.to_owned(),
            named: true,
            parcel: None,
            identity: identity(&file)?,
            file,
            offset,
            ahead: offset,
            grown: Instant::now(),
            size: 0,
            framing: Framing::lines(&context.limits),
            format,
        })
    }

    pub(super) fn is(&self, meta: &Metadata) -> bool {
        meta.dev() == self.identity.device && meta.ino() == self.identity.inode
    }

    /// Whether it was read to its end, the last line included.
    pub(super) fn is_done(&self) -> bool {
        self.parcel.is_none() && self.offset >= self.size && self.grown.elapsed() >= SILENCE
    }

    /// Reads the next whole lines into `parcel`; whether there are more.
    pub(super) fn read(&mut self, context: &Context) -> io::Result<bool> {
        let size = self.file.metadata()?.len();
        if size != self.size {
            self.grown = Instant::now();
            if size < self.offset || !is_same(&self.file, self.identity)? {
                self.begin_anew(context);
            }
            self.size = size;
            self.identity = identity(&self.file)?;
        }
        let is_silent = self.grown.elapsed() >= SILENCE;
        if self.offset >= size {
            return Ok(false);
        }
        let mut chunk = vec![0; CHUNK_BYTES.max(context.limits.line_bytes + 2)];
        let read = self.file.read_at(&mut chunk, self.offset)?;
        chunk.truncate(read);
        let source = context.sources.of_input(&context.name);
        let format = self
            .format
            .unwrap_or_else(|| syslog_format::of_message(&chunk));
        let mut packer = Packer::new(source, format, context.limits.line_bytes);
        // Lines have no counts, so none is absurd.
        let mut taken = self.framing.take(&chunk, &mut packer).unwrap_or(0);
        let at_end = self.offset + read as u64 >= size;
        if is_silent && at_end && !packer.is_full() {
            self.framing
                .finish(chunk.get(taken..).unwrap_or_default(), &mut packer);
            taken = read;
        }
        self.parcel = packer.take();
        if self.parcel.is_some() {
            self.format = Some(format);
        }
        self.ahead = self.offset + taken as u64;
        Ok(taken > 0 && self.ahead < size)
    }

    /// What was read is durable.
    pub(super) fn accept(&mut self, positions: &Positions) {
        if self.offset == self.ahead {
            return;
        }
        self.offset = self.ahead;
        positions.set(Position {
            path: self.path.clone(),
            identity: self.identity,
            offset: self.offset,
        });
    }

    /// What was read was refused, and is read again.
    pub(super) fn rewind(&mut self) {
        self.ahead = self.offset;
    }

    /// It was truncated, or overwritten.
    fn begin_anew(&mut self, context: &Context) {
        (self.offset, self.ahead) = (0, 0);
        self.framing = Framing::lines(&context.limits);
    }
}

fn identity(file: &File) -> io::Result<Identity> {
    let meta = file.metadata()?;
    let head = head(file, FINGERPRINT_BYTES)?;
    Ok(Identity {
        device: meta.dev(),
        inode: meta.ino(),
        fingerprint: crc32fast::hash(&head),
        fingerprint_bytes: head.len() as u32,
    })
}

/// Whether the file still begins as it did.
fn is_same(file: &File, known: Identity) -> io::Result<bool> {
    let wanted = known.fingerprint_bytes as usize;
    let head = head(file, wanted.min(FINGERPRINT_BYTES))?;
    Ok(head.len() == wanted && crc32fast::hash(&head) == known.fingerprint)
}

fn head(file: &File, wanted: usize) -> io::Result<Vec<u8>> {
    let mut head = vec![0; wanted];
    let read = file.read_at(&mut head, 0)?;
    head.truncate(read);
    Ok(head)
}
