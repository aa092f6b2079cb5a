//! The outbox as the analysis sees it.

use yagura_server::finding::Finding;
use yagura_server::outbox::{Outbox, OutboxError};
use yagura_server::spool::Position;

use super::analysis::Ledger;

impl Ledger for Outbox {
    fn append(&mut self, finding: &Finding) {
        match Self::append(self, finding) {
            // What the disk does not take now is kept, and tried again by the next commit.
            Ok(_) | Err(OutboxError::Append(_) | OutboxError::Commit(_)) => {}
            Err(error) => {
                let id = format!("{:032x}", finding.id);
                tracing::error!(%error, id, title = finding.title, "a finding is lost");
            }
        }
    }

    fn commit(&mut self) -> Result<u64, String> {
        let committed = Self::commit(self);
        committed
            .map(Position::get)
            .map_err(|error| error.to_string())
    }

    fn checkpointed(&mut self, place: u64) {
        Self::checkpointed(self, Position::new(place));
    }

    fn caught_up(&mut self) {
        let (left, _) = self.end_replay();
        if self.replayed() > 0 || left > 0 {
            let again = self.replayed();
            tracing::info!(
                again,
                left,
                "findings since the last checkpoint were found again"
            );
        }
    }
}
