//! Asks the server again and again, beside the terminal.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::glance::Glance;
use crate::api_client::ApiClient;
use crate::failure::Failure;

/// What came of asking.
pub type Asked = Result<Glance, Failure>;

/// See the module. It ends when it is dropped.
#[derive(Debug)]
pub struct Feed {
    asked: Receiver<Asked>,
    _more: SyncSender<()>,
}

impl Feed {
    /// Starts to ask.
    pub fn start(api: ApiClient, every: Duration) -> Self {
        let (answers, asked) = sync_channel(1);
        let (more, ended) = sync_channel::<()>(0);
        thread::spawn(move || {
            while answers.send(Glance::of(&api)).is_ok() {
                if ended.recv_timeout(every) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        });
        Self { asked, _more: more }
    }

    /// The next answer, if there is one.
    pub fn next(&self) -> Option<Asked> {
        self.asked.try_recv().ok()
    }
}
