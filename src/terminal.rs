//! What the two output streams can show: colours, lines of limited width.

use std::env;

use clap::ValueEnum;
use console::Term;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether escape sequences for colours are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// They are.
    On,
    /// They are not.
    Off,
}

/// What a stream leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A person at a terminal.
    Terminal,
    /// A file or another program.
    Pipe,
}

/// One output stream.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    /// Where it leads.
    pub destination: Destination,
    /// Whether it takes colours.
    pub colour: Colour,
    /// Columns.
    pub width: usize,
}

/// Columns of a table that goes to a file: wide enough for most matched fields, and the same
/// everywhere, so that outputs can be compared.
pub const PIPE_WIDTH: usize = 200;

const TERMINAL_WIDTH_MIN: usize = 60;
/// For terminals that do not tell.
const TERMINAL_WIDTH_USUAL: usize = 80;

impl Stream {
    /// A file, without colours.
    pub const PLAIN: Self = Self {
        destination: Destination::Pipe,
        colour: Colour::Off,
        width: PIPE_WIDTH,
    };

    fn of(term: &Term, choice: ColourChoice) -> Self {
        let is_terminal = term.is_term();
        let allowed = || {
            env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
                && env::var_os("TERM").is_none_or(|v| v != "dumb")
        };
        let coloured = match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => is_terminal && allowed(),
        };
        let width = match (is_terminal, term.size_checked()) {
            (false, _) => PIPE_WIDTH,
            (true, Some((_, columns))) => usize::from(columns).max(TERMINAL_WIDTH_MIN),
            (true, None) => TERMINAL_WIDTH_USUAL,
        };
        Self {
            destination: if is_terminal {
                Destination::Terminal
            } else {
                Destination::Pipe
            },
            colour: if coloured { Colour::On } else { Colour::Off },
            width,
        }
    }
}

/// Both streams.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Standard output.
    pub out: Stream,
    /// Standard error.
    pub err: Stream,
}

impl Terminal {
    /// Looks at both streams.
    pub fn detect(choice: ColourChoice) -> Self {
        Self {
            out: Stream::of(&Term::stdout(), choice),
            err: Stream::of(&Term::stderr(), choice),
        }
    }
}
