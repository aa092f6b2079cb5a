//! Colours of a terminal (ECMA-48 SGR), where they are wanted.

use yagura_rules::Level;

use crate::terminal::Colour;

/// What a stretch of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A level.
    Level(Level),
    /// A heading.
    Heading,
    /// Less important than what stands beside it.
    Dim,
    /// An error.
    Error,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Level(Level::Critical) => "1;31",
            Self::Level(Level::High) | Self::Error => "31",
            Self::Level(Level::Medium) => "33",
            Self::Level(Level::Low) => "36",
            Self::Level(Level::Informational) | Self::Dim => "2",
            Self::Heading => "1",
        }
    }
}

/// Text with the escapes of its style around it, if colours are on.
pub fn paint(text: &str, style: Style, colour: Colour) -> String {
    match colour {
        Colour::On => format!("\x1b[{}m{text}\x1b[0m", style.code()),
        Colour::Off => text.to_owned(),
    }
}
