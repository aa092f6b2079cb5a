//! How a command that reads inputs ends: what counts for the exit code, whatever happened to the
//! output.

use std::process;
use std::sync::PoisonError;

use yagura_rules::Level;

use crate::failure::{Exit, Failure};
use crate::render::summary;
use crate::scan::Statistics;
use crate::source::SourceErrors;
use crate::standard_output::print_error;
use crate::terminal::Terminal;

/// What decides how a command ends.
#[derive(Debug)]
pub struct Ending<'a> {
    /// `--fail-on-detection`.
    pub fail_on: Option<Level>,
    /// The inputs that could not be read.
    pub errors: &'a SourceErrors,
    /// Where messages go.
    pub terminal: Terminal,
}

impl Ending<'_> {
    /// The end of a run by what was read and found.
    pub fn exit(&self, statistics: &Statistics) -> Exit {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        match self.fail_on {
            _ if !errors.is_empty() => Exit::Errors,
            Some(level) if statistics.reaches(level) => Exit::Detected,
            _ => Exit::Success,
        }
    }

    /// The end of a run that could not write its output. That the reader left is no error, and
    /// no excuse for those that there were.
    pub fn cut_short(&self, failure: Failure, statistics: &Statistics) -> Result<Exit, Failure> {
        let mut text = String::new();
        {
            let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
            summary::unreadable(&mut text, &errors, self.terminal.err.colour);
        }
        print_error(&text);
        match (&failure, self.exit(statistics)) {
            (Failure::ClosedPipe, exit @ (Exit::Detected | Exit::Errors)) => Ok(exit),
            _ => Err(failure),
        }
    }

    /// Ends the process at once by [`Self::cut_short`]: the thread that reads may be waiting for
    /// input that never comes, and returning would wait for it.
    pub fn leave(&self, failure: Failure, statistics: &Statistics) -> ! {
        let exit = self
            .cut_short(failure, statistics)
            .unwrap_or_else(|failure| failure.report(self.terminal));
        process::exit(exit.code().into())
    }
}
