//! What a connection handed over and has not acknowledged yet, in order.
//!
//! ```text
//!  reading half ─▶ Ledger ═ at most PARCELS_UNDER_WAY ═▶ Dues ─▶ acknowledging half
//! ```
//!
//! When it is full the reading half waits, so that a slow disk reaches the socket of each client
//! separately, before the shared room of the intake is used up by one of them.

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Context;
use crate::intake::{Receipt, Refused};
use crate::parcel::Parcel;

/// How many parcels of one connection may wait for the disk.
const PARCELS_UNDER_WAY: usize = 16;

/// Where the reading half writes down what it owes.
#[derive(Debug)]
pub(super) struct Ledger<A> {
    context: Context,
    dues: mpsc::Sender<Due<A>>,
}

/// What the acknowledging half works off.
pub(super) type Dues<A> = mpsc::Receiver<Due<A>>;

/// An answer that is due when its parcel is durable; at once if there is none.
#[derive(Debug)]
pub(super) struct Due<A> {
    receipt: Option<Receipt>,
    pub(super) answer: A,
}

/// The connection ends: the server stops, or the acknowledging half gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended;

impl<A> Ledger<A> {
    pub(super) fn new(context: Context) -> (Self, Dues<A>) {
        let (dues, receiver) = mpsc::channel(PARCELS_UNDER_WAY);
        (Self { context, dues }, receiver)
    }

    /// Hands a parcel over, if there is one, and notes the answer behind all earlier ones.
    pub(super) async fn owe(&self, parcel: Option<Parcel>, answer: A) -> Result<(), Ended> {
        let place = self.dues.reserve().await.map_err(|_| Ended)?;
        let receipt = match parcel {
            Some(parcel) => Some(submit(&self.context, parcel).await.map_err(|_| Ended)?),
            None => None,
        };
        place.send(Due { receipt, answer });
        Ok(())
    }
}

impl<A> Due<A> {
    /// Waits until the answer may be given.
    pub(super) async fn settled(&mut self) -> Result<(), Refused> {
        match self.receipt.as_mut() {
            Some(receipt) => {
                let outcome = receipt.settled().await;
                self.receipt = None;
                outcome
            }
            None => Ok(()),
        }
    }
}

/// Waits for room as long as the input runs, and a little longer: what was read before the stop
/// should still be stored.
pub(super) async fn submit(context: &Context, parcel: Parcel) -> Result<Receipt, Refused> {
    let (source, records) = (parcel.source.clone(), u64::from(parcel.records));
    let stopped = async {
        context.stop.cancelled().await;
        sleep(context.limits.room).await;
    };
    let submitted = tokio::select! {
        biased;
        submitted = context.intake.submit(parcel) => submitted,
        () = stopped => Err(Refused::Stopping),
    };
    if submitted.is_err() {
        source.dropped(crate::DropReason::NotStored, records);
    }
    submitted
}

/// Runs both halves of a connection. The end of reading lets the acknowledging half finish; the
/// end of acknowledging, which drops its `Dues`, ends reading at once.
pub(super) async fn both(
    reading: impl Future<Output = ()>,
    acknowledging: impl Future<Output = ()>,
) {
    tokio::pin!(acknowledging);
    tokio::select! {
        () = reading => acknowledging.await,
        () = &mut acknowledging => {}
    }
}
