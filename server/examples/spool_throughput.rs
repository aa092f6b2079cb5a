//! How many records and bytes a second this machine's disk makes durable.
//!
//! ```text
//! cargo run --release -p yagura-server --example spool_throughput -- FOLDER [SECONDS]
//! ```
//!
//! Removes what it wrote. Producers wait for their receipts, as an acknowledging protocol does.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use yagura_server::spool::{
    Item, Options, Outcome, OwnedRecord, Position, Spool, Writer, WriterOptions,
};
use yagura_server::storage::Disk;

struct Load {
    producers: usize,
    /// Records that a producer has under way at most.
    window: usize,
    payload_bytes: usize,
}

const LOADS: [Load; 6] = [
    Load {
        producers: 1,
        window: 1,
        payload_bytes: 200,
    },
    Load {
        producers: 16,
        window: 1,
        payload_bytes: 200,
    },
    Load {
        producers: 4,
        window: 1000,
        payload_bytes: 200,
    },
    Load {
        producers: 4,
        window: 8,
        payload_bytes: 16 << 10,
    },
    Load {
        producers: 4,
        window: 8,
        payload_bytes: 256 << 10,
    },
    Load {
        producers: 2,
        window: 2,
        payload_bytes: 8 << 20,
    },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("name a folder on the disk to measure")?;
    let seconds = arguments.next().map_or(Ok(3), |text| text.parse())?;
    println!("producers window  payload   records/s     MB/s  commits/s   read MB/s");
    for load in LOADS {
        let folder = Path::new(&folder).join("spool-throughput");
        measure(&folder, &load, Duration::from_secs(seconds))?;
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

fn measure(folder: &Path, load: &Load, time: Duration) -> Result<(), Box<dyn Error>> {
    let (spool, _) = Spool::open(Arc::new(Disk), folder, Options::default())?;
    let writer = Writer::start(spool, WriterOptions::default())?;
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..load.producers {
            scope.spawn(|| produce(&writer, load, begun + time));
        }
    });
    let seconds = begun.elapsed().as_secs_f64();
    let health = writer.health();
    let (begun, bytes) = (Instant::now(), read_all(&writer)?);
    println!(
        "{:9} {:6} {:8} {:11.0} {:8.1} {:10.0} {:11.0}",
        load.producers,
        load.window,
        load.payload_bytes,
        per_second(health.records, seconds),
        per_second(health.payload_bytes, seconds) / 1e6,
        per_second(health.commits, seconds),
        per_second(bytes, begun.elapsed().as_secs_f64()) / 1e6,
    );
    Ok(())
}

/// Keeps a window of records under way until the time is over or one is refused.
fn produce(writer: &Writer, load: &Load, until: Instant) {
    let sender = writer.sender();
    let refused = Arc::new(AtomicU64::new(0));
    let (told, receipts) = mpsc::channel();
    let mut under_way = 0;
    while Instant::now() < until && refused.load(Ordering::Relaxed) == 0 {
        let (told, refused) = (told.clone(), refused.clone());
        let payload = vec![b'x'; load.payload_bytes];
        let record = OwnedRecord {
            received_ns: 0,
            source: 0,
            kind: 0,
            format: 0,
            payload,
        };
        sender.send(record, move |outcome: Outcome| {
            refused.fetch_add(u64::from(outcome.is_err()), Ordering::Relaxed);
            let _ = told.send(());
        });
        under_way += 1;
        while under_way >= load.window && receipts.recv().is_ok() {
            under_way -= 1;
        }
    }
    drop(told);
    receipts.iter().for_each(drop);
}

fn read_all(writer: &Writer) -> Result<u64, Box<dyn Error>> {
    let mut reader = writer.reader(Position::START);
    let mut bytes = 0;
    while let Some(item) = reader.next()? {
        if let Item::Record { record, .. } = item {
            bytes += record.payload.len() as u64;
        }
    }
    Ok(bytes)
}

// Precise enough for a table.
#[allow(clippy::cast_precision_loss)]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}
