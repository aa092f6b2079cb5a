//! Why a command ended without doing what it was asked, and the exit codes.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use yagura_engine::CompileError;

use crate::render::colour::{Style, paint};
use crate::render::escape::visible;
use crate::standard_output::print_error;
use crate::terminal::Terminal;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All went well, whether something was found or not.
    Success,
    /// A detection as grave as `--fail-on-detection` names.
    Detected,
    /// Something could not be read, loaded or written.
    Errors,
}

impl Exit {
    /// The code that the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Detected => 1,
            Self::Errors => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What stopped a command.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Whoever read our output has enough of it (`| head`): the end, and no error.
    #[error("standard output was closed")]
    ClosedPipe,
    /// Standard output refused bytes for another reason.
    #[error("standard output cannot be written: {0}")]
    Output(#[source] io::Error),
    /// A temporary file could not be made, written or read.
    #[error("a temporary file for sorting cannot be used: {0}")]
    Spill(#[source] io::Error),
    /// The rules cannot be compiled.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// No rule was found or none was left.
    #[error("no detection rule to evaluate: {0}")]
    NoRules(String),
    /// Rules were refused; their diagnostics are printed already.
    #[error("{refused} of {total} rules cannot be used, nothing was scanned")]
    RefusedRules {
        /// How many.
        refused: usize,
        /// Of how many.
        total: usize,
    },
    /// The placeholder file is of no use.
    #[error("placeholders cannot be read: {0}")]
    Placeholders(String),
    /// The configuration of `lint` is of no use.
    #[error("{}: {source}", .path.display())]
    LintConfiguration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: yagura_rules::lint::ConfigurationError,
    },
    /// A file that we were to write.
    #[error("{} cannot be written: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The server cannot start.
    #[error("{0}")]
    Serve(String),
    /// A server that was to be measured is not there, or does not do as it should.
    #[error("{0}")]
    Server(String),
    /// There is nothing to measure with.
    #[error("the input is empty, there is nothing to measure with")]
    NoInput,
    /// A benchmark of an engine that finds nothing would be of no worth.
    #[error("none of {rules} rules matches any event of the input ({events} in all)")]
    NoDetections {
        /// Events of the input.
        events: u64,
        /// Active rules.
        rules: u64,
    },
    /// Rounds of a benchmark found different things.
    #[error(
        "the figures are worth nothing: stage `{stage}` with {threads} threads found {found} \
         detections in {passes} passes, where one pass after the other finds {expected}, or \
         others"
    )]
    Inconsistent {
        /// The stage.
        stage: &'static str,
        /// Its threads.
        threads: NonZeroUsize,
        /// Passes over the input.
        passes: u64,
        /// Detections that should have been found.
        expected: u64,
        /// That were found.
        found: u64,
    },
    /// `gen` was asked for an attack that none of the kinds can show.
    #[error("attack `{attack}` cannot be seen in the kinds that were asked for")]
    UnseenAttack {
        /// Its name.
        attack: &'static str,
        /// A kind that shows it.
        needed: &'static str,
    },
    /// `rules show` found no such rule.
    #[error("no rule has the id, name or title `{wanted}`")]
    UnknownRule {
        /// As given.
        wanted: String,
        /// The title of a rule that is close to it.
        close: Option<String>,
    },
}

impl Failure {
    /// What to do about it, where there is something to say.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::ClosedPipe
            | Self::Output(_)
            | Self::Compile(_)
            | Self::File { .. }
            | Self::Server(_)
            | Self::Serve(_) => None,
            Self::NoInput => Some("give PATH a file or folder with logs".to_owned()),
            Self::NoDetections { .. } => Some(
                "measure with logs in which the rules find something, or say that nothing is \
                 expected by --allow-no-detections"
                    .to_owned(),
            ),
            Self::Inconsistent { .. } => {
                Some("this is a defect of yagura; please report it with the input".to_owned())
            }
            Self::Spill(_) => Some(
                "detections are sorted in the system's temporary folder; set TMPDIR to a folder \
                 with more room, or use --count"
                    .to_owned(),
            ),
            Self::NoRules(_) => Some(
                "give --rules a file or a folder with Sigma rules (.yml); \
                 `yagura rules check PATH` says what is wrong with them"
                    .to_owned(),
            ),
            Self::RefusedRules { .. } => Some(
                "mend the rules shown above, or scan with the others by --keep-going".to_owned(),
            ),
            Self::Placeholders(_) => Some(
                "it has to be a YAML file of names and values: `admins: [alice, bob]`".to_owned(),
            ),
            Self::LintConfiguration { .. } => Some(
                "write `disable: [YG307]` and `severity: {YG203: warning}`; docs/lint/ lists the \
                 checks"
                    .to_owned(),
            ),
            Self::UnseenAttack { needed, .. } => Some(format!("add `{needed}` to --kind")),
            Self::UnknownRule { close, .. } => Some(match close {
                Some(title) => format!("did you mean `{title}`?"),
                None => "`yagura rules list PATH` lists the rules".to_owned(),
            }),
        }
    }

    /// The code to end with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::ClosedPipe => Exit::Success,
            _ => Exit::Errors,
        }
    }

    /// Says on standard error what is wrong and what to do, unless all is well.
    pub fn report(&self, terminal: Terminal) -> Exit {
        if self.exit() != Exit::Success {
            let error = paint("error:", Style::Error, terminal.err.colour);
            let mut text = format!("{error} {}\n", visible(&self.to_string()));
            if let Some(help) = self.help() {
                text.push_str("  ");
                text.push_str(&visible(&help));
                text.push('\n');
            }
            print_error(&text);
        }
        self.exit()
    }

    /// Tells an ordinary end of the reader from an error.
    pub fn from_output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ClosedPipe
        } else {
            Self::Output(error)
        }
    }
}
