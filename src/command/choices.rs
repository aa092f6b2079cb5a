//! Values of options that several subcommands share.

use std::num::NonZeroUsize;
use std::thread;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use yagura_parsers::Format;
use yagura_rules::Level;

/// Reads the name of a format.
pub fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name)).try_map(|name| {
        let of_name = |format: &Format| format.name() == name;
        Format::ALL
            .into_iter()
            .find(of_name)
            .ok_or("unknown format")
    })
}

/// Reads the name of a level.
pub fn level_parser() -> impl TypedValueParser<Value = Level> {
    PossibleValuesParser::new(Level::ALL.map(Level::name))
        .try_map(|name| Level::from_name(&name).ok_or("unknown level"))
}

/// Reads a number of threads, one at least.
pub fn threads_parser() -> impl TypedValueParser<Value = NonZeroUsize> {
    NonEmptyStringValueParser::new().try_map(|text| {
        text.parse::<NonZeroUsize>()
            .map_err(|_| "a whole number of at least 1 is needed")
    })
}

/// The number of threads asked for, else one a core.
pub fn threads(asked: Option<NonZeroUsize>) -> NonZeroUsize {
    asked
        .or_else(|| thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}
