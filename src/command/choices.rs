//! Values of options that several subcommands share.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use yagura_parsers::Format;
use yagura_rules::Level;

/// Reads the name of a format.
pub fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
        .try_map(|name| Format::from_name(&name).ok_or("unknown format"))
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

/// `500ms`, `5s`, `2m`; a number alone is seconds.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    let (number, unit_seconds) = if let Some(number) = text.strip_suffix("ms") {
        (number, 0.001)
    } else if let Some(number) = text.strip_suffix('s') {
        (number, 1.0)
    } else if let Some(number) = text.strip_suffix('m') {
        (number, 60.0)
    } else {
        (text, 1.0)
    };
    let number: f64 = number.parse().map_err(|_| "a time like 500ms, 5s or 2m")?;
    Duration::try_from_secs_f64(number * unit_seconds).map_err(|_| "a time of 0 or more")
}
