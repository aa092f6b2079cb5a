//! The bounded way from inputs to the disk.
//!
//! ```text
//!  submit ── waits for room ──▶ queue ──▶ one thread: append, append, … commit ──▶ receipts
//! ```
//!
//! Room is counted in bytes and given back when the bytes are durable, so a full disk or a slow
//! one reaches every sender by its own protocol: sockets are not read, requests are answered
//! "later", datagrams are dropped and counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use yagura_parsers::Timestamp;

use crate::parcel::Parcel;
use crate::source::DropReason;

/// Why a parcel was not stored. It may be sent again; nothing of it was acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There was no room in time.
    #[error("there is no room in the spool; send it again later")]
    Full,
    /// The disk did not take it.
    #[error("the spool cannot store it now: {0}")]
    Failed(Arc<str>),
    /// The server is about to stop.
    #[error("the server is stopping")]
    Stopping,
}

/// Where inputs hand over what they received; cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    /// One permit a unit of [`UNIT`] bytes.
    room: Arc<Semaphore>,
    units: u32,
    queue: mpsc::UnboundedSender<Delivery>,
}

/// A parcel that waits for the disk, with who waits for it.
#[derive(Debug)]
pub struct Delivery {
    /// What to store.
    pub parcel: Parcel,
    /// When its sender is told to come again, if it is one that can be told.
    pub deadline: Option<Instant>,
    receipt: oneshot::Sender<Result<(), Refused>>,
    _room: OwnedSemaphorePermit,
}

/// The promise that a parcel is durable, or the reason why it is not.
#[derive(Debug)]
pub struct Receipt(oneshot::Receiver<Result<(), Refused>>);

/// The granularity of room.
const UNIT: usize = 1024;

impl Intake {
    /// An intake for that many bytes under way, and the end where they are stored.
    pub fn new(bytes: usize) -> (Self, mpsc::UnboundedReceiver<Delivery>) {
        let units = u32::try_from(bytes / UNIT).unwrap_or(u32::MAX).max(1);
        let (queue, deliveries) = mpsc::unbounded_channel();
        let intake = Self {
            room: Arc::new(Semaphore::new(units as usize)),
            units,
            queue,
        };
        (intake, deliveries)
    }

    /// Hands over a parcel as soon as there is room.
    ///
    /// # Errors
    /// [`Refused::Stopping`] if the server stops.
    pub async fn submit(&self, parcel: Parcel) -> Result<Receipt, Refused> {
        let room = self.room_for(&parcel).await?;
        self.hand_over(parcel, room, None)
    }

    /// The same, if there is room, in the queue and on the disk, in that time.
    ///
    /// # Errors
    /// [`Refused::Full`] if there was not; [`Refused::Stopping`].
    pub async fn submit_within(&self, parcel: Parcel, time: Duration) -> Result<Receipt, Refused> {
        let deadline = Instant::now() + time;
        let room = tokio::time::timeout(time, self.room_for(&parcel)).await;
        self.hand_over(parcel, room.unwrap_or(Err(Refused::Full))?, Some(deadline))
    }

    /// The same, if there is room at once.
    ///
    /// # Errors
    /// As [`Self::submit_within`].
    pub fn try_submit(&self, parcel: Parcel) -> Result<Receipt, Refused> {
        let units = self.units(&parcel);
        let room = Arc::clone(&self.room).try_acquire_many_owned(units);
        let room = room.map_err(|error| match error {
            tokio::sync::TryAcquireError::Closed => Refused::Stopping,
            tokio::sync::TryAcquireError::NoPermits => Refused::Full,
        })?;
        self.hand_over(parcel, room, None)
    }

    async fn room_for(&self, parcel: &Parcel) -> Result<OwnedSemaphorePermit, Refused> {
        let units = self.units(parcel);
        let room = Arc::clone(&self.room).acquire_many_owned(units).await;
        room.map_err(|_| Refused::Stopping)
    }

    /// Takes no more; those that wait for room are told.
    pub fn close(&self) {
        self.room.close();
    }

    /// Bytes under way now.
    pub fn under_way(&self) -> usize {
        (self.units as usize).saturating_sub(self.room.available_permits()) * UNIT
    }

    /// A parcel larger than all the room there is takes all of it.
    fn units(&self, parcel: &Parcel) -> u32 {
        let units = parcel.bytes.len().div_ceil(UNIT).max(1);
        u32::try_from(units).unwrap_or(u32::MAX).min(self.units)
    }

    fn hand_over(
        &self,
        parcel: Parcel,
        room: OwnedSemaphorePermit,
        deadline: Option<Instant>,
    ) -> Result<Receipt, Refused> {
        let (receipt, promise) = oneshot::channel();
        let delivery = Delivery {
            parcel,
            deadline,
            receipt,
            _room: room,
        };
        self.queue.send(delivery).map_err(|_| Refused::Stopping)?;
        Ok(Receipt(promise))
    }
}

impl Delivery {
    /// Says how it ended, counts it, and gives its room back.
    pub fn resolve(self, outcome: Result<(), Refused>, now: Timestamp) {
        let Parcel {
            source,
            bytes,
            records,
            ..
        } = &self.parcel;
        match &outcome {
            Ok(()) => source.received(u64::from(*records), bytes.len() as u64, now),
            Err(_) => source.dropped(DropReason::NotStored, u64::from(*records)),
        }
        // Whoever does not wait for it any more had no acknowledgement to give.
        let _ = self.receipt.send(outcome);
    }
}

impl Receipt {
    /// Waits until the parcel is durable.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn durable(mut self) -> Result<(), Refused> {
        self.settled().await
    }

    /// The same for who may stop waiting and come again, such as for a keep-alive. Not to be
    /// asked again once it answered.
    pub(crate) async fn settled(&mut self) -> Result<(), Refused> {
        (&mut self.0).await.unwrap_or(Err(Refused::Stopping))
    }
}
