//! Opening one input, whatever it is.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use yagura_parsers::{Origin, Timestamp};

use super::Counters;
use super::stream::Stream;
use super::unpack::{self, Content};
use super::walk::STANDARD_INPUT;

/// An input that is open.
pub(super) struct Opened {
    pub(super) feed: Feed,
    /// When it was last changed, or now.
    pub(super) near: Timestamp,
}

/// Where the unpacked bytes of an input come from.
pub(super) enum Feed {
    /// A file as it is. Read without any reader around it, because only then the standard
    /// library reads into memory that it did not have to clear before.
    Plain(File, Arc<Counters>),
    /// A file that has to be unpacked.
    Packed(Box<dyn Read + Send>),
    /// Something that may pause.
    Stream(Stream),
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The buffer has as much as was asked for.
    Full,
    /// Nothing more comes for a moment.
    Paused,
    /// There is nothing more to come.
    Ended,
}

/// What to do when a stream has nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Wait for a moment only: there is something to go on with.
    Moment,
    /// Wait until something comes.
    Endless,
}

impl Feed {
    /// Appends to `buffer` until it holds `wanted` bytes or there is another reason to stop.
    /// Also what was read before an error stays in it.
    pub(super) fn read_to(
        &mut self,
        buffer: &mut Vec<u8>,
        wanted: usize,
        patience: Patience,
    ) -> io::Result<Stop> {
        let missing = wanted.saturating_sub(buffer.len());
        if missing == 0 {
            return Ok(Stop::Full);
        }
        let limit = missing as u64;
        buffer.reserve(missing);
        let read = match self {
            Self::Stream(stream) => return stream.read_to(buffer, wanted, patience),
            Self::Packed(reader) => reader.take(limit).read_to_end(buffer)?,
            Self::Plain(file, counters) => {
                let read = file.take(limit).read_to_end(buffer)?;
                counters
                    .read_bytes
                    .fetch_add(read as u64, Ordering::Relaxed);
                read
            }
        };
        Ok(if read < missing {
            Stop::Ended
        } else {
            Stop::Full
        })
    }
}

/// Opens a path; `-` is standard input.
pub(super) fn open(path: &Path, counters: &Arc<Counters>) -> io::Result<Opened> {
    let counters = Arc::clone(counters);
    if path == Path::new(STANDARD_INPUT) {
        let feed = Stream::spawn(move || unpack::unpack(Counted::new(io::stdin(), counters)))?;
        return Ok(Opened {
            feed: Feed::Stream(feed),
            near: Origin::near_of_source_until(timestamp(SystemTime::now())),
        });
    }
    let data = fs::metadata(path)?;
    let changed = timestamp(data.modified().unwrap_or_else(|_| SystemTime::now()));
    let near = Origin::near_of_source_until(changed);
    let feed = if data.is_file() {
        file(File::open(path)?, counters)?
    } else {
        // Opening a named pipe waits for its writer, so that is the thread's business too.
        let path = path.to_owned();
        Feed::Stream(Stream::spawn(move || {
            unpack::unpack(Counted::new(File::open(path)?, counters))
        })?)
    };
    Ok(Opened { feed, near })
}

fn file(mut file: File, counters: Arc<Counters>) -> io::Result<Feed> {
    let head = unpack::head_of(&mut file)?;
    file.rewind()?;
    Ok(match Content::of(&head) {
        Content::Plain => Feed::Plain(file, counters),
        _ => Feed::Packed(unpack::unpack(Counted::new(file, counters))?),
    })
}

fn timestamp(time: SystemTime) -> Timestamp {
    time.duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|age| {
            Timestamp::from_unix(i64::try_from(age.as_secs()).ok()?, age.subsec_nanos())
        })
        .unwrap_or_default()
}

/// Counts what is read before it is unpacked.
struct Counted<R> {
    reader: R,
    counters: Arc<Counters>,
}

impl<R> Counted<R> {
    fn new(reader: R, counters: Arc<Counters>) -> Self {
        Self { reader, counters }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let total = &self.counters.read_bytes;
        total.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
