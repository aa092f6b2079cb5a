//! Frames of RELP: `TXNR SP COMMAND SP DATALEN [SP DATA] LF`.

use std::ops::Range;

use crate::limits::Limits;
use crate::source::DropReason;

/// What a client may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Open,
    Syslog,
    Close,
    Unknown,
}

/// A frame whose data is a range of the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) transaction: u32,
    pub(super) command: Command,
    pub(super) data: Range<usize>,
}

/// Why there is no next frame, ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    TooLarge,
}

impl Refusal {
    pub(super) fn reason(self) -> DropReason {
        match self {
            Self::Malformed => DropReason::Malformed,
            Self::TooLarge => DropReason::TooLarge,
        }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Malformed => "malformed frame",
            Self::TooLarge => "frame too large",
        }
    }
}

/// Digits of a number; so no number overflows 32 bits.
const DIGITS_MAX: usize = 9;
const COMMAND_BYTES_MAX: usize = 32;

/// Finds frames.
#[derive(Debug)]
pub(super) struct Deframer {
    data_bytes_max: usize,
}

impl Deframer {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            data_bytes_max: limits.batch_bytes.max(limits.line_bytes),
        }
    }

    /// The frame that `bytes` begin with, and how many of them it takes; `None` if it is not
    /// whole.
    pub(super) fn next(&self, bytes: &[u8]) -> Result<Option<(Frame, usize)>, Refusal> {
        let Some((transaction, at)) = number(bytes, 0, b" ")? else {
            return Ok(None);
        };
        let Some((command, at)) = command(bytes, at)? else {
            return Ok(None);
        };
        let Some((length, end)) = number(bytes, at, b" \n")? else {
            return Ok(None);
        };
        let length = length as usize;
        if length > self.data_bytes_max {
            return Err(Refusal::TooLarge);
        }
        // Without data the blank before it may be missing too, and the end of the frame is read.
        let ends_here = bytes.get(end - 1) == Some(&b'\n');
        if ends_here && length > 0 {
            return Err(Refusal::Malformed);
        }
        let data = end..end + length;
        let taken = if ends_here {
            end
        } else {
            match bytes.get(data.end) {
                Some(b'\n') => data.end + 1,
                Some(_) => return Err(Refusal::Malformed),
                None => return Ok(None),
            }
        };
        let frame = Frame {
            transaction,
            command,
            data,
        };
        Ok(Some((frame, taken)))
    }
}

/// The number at `at`, and where what follows its delimiter begins.
fn number(bytes: &[u8], at: usize, delimiters: &[u8]) -> Result<Option<(u32, usize)>, Refusal> {
    let text = bytes.get(at..).unwrap_or_default();
    let digits = text.iter().take(DIGITS_MAX + 1);
    let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
    if digits > DIGITS_MAX {
        return Err(Refusal::Malformed);
    }
    let Some(delimiter) = text.get(digits) else {
        return Ok(None);
    };
    if digits == 0 || !delimiters.contains(delimiter) {
        return Err(Refusal::Malformed);
    }
    let fold = |sum: u32, digit: &u8| sum * 10 + u32::from(digit.wrapping_sub(b'0'));
    let number = text.iter().take(digits).fold(0, fold);
    Ok(Some((number, at + digits + 1)))
}

fn command(bytes: &[u8], at: usize) -> Result<Option<(Command, usize)>, Refusal> {
    let text = bytes.get(at..).unwrap_or_default();
    let near = text.get(..=COMMAND_BYTES_MAX).unwrap_or(text);
    let letters = near
        .iter()
        .take_while(|byte| byte.is_ascii_alphabetic())
        .count();
    match near.get(letters) {
        None if near.len() <= COMMAND_BYTES_MAX => return Ok(None),
        Some(b' ') if letters > 0 => {}
        _ => return Err(Refusal::Malformed),
    }
    let command = match near.get(..letters).unwrap_or_default() {
        b"open" => Command::Open,
        b"syslog" => Command::Syslog,
        b"close" => Command::Close,
        _ => Command::Unknown,
    };
    Ok(Some((command, at + letters + 1)))
}

#[cfg(test)]
mod tests {
    use super::{Command, Deframer, Frame, Refusal};
    use crate::limits::Limits;

    #[test]
    fn frames_with_data_and_without() {
        let deframer = Deframer::new(&Limits::default());
        let frame = |transaction, command, data| Frame {
            transaction,
            command,
            data,
        };
        for (bytes, expected) in [
            (
                &b"2 syslog 3 a b\nrest"[..],
                Ok(Some((frame(2, Command::Syslog, 11..14), 15))),
            ),
            (
                b"4 close 0\n",
                Ok(Some((frame(4, Command::Close, 10..10), 10))),
            ),
            (
                b"4 close 0 \n",
                Ok(Some((frame(4, Command::Close, 10..10), 11))),
            ),
            (b"2 syslog 3 a b", Ok(None)),
            (b"2 sys", Ok(None)),
            (b"", Ok(None)),
            (b"2 syslog 3 a bc", Err(Refusal::Malformed)),
            (b"2 syslog 3\n", Err(Refusal::Malformed)),
            (b"GET / HTTP/1.1", Err(Refusal::Malformed)),
            (b"1234567890 open 0\n", Err(Refusal::Malformed)),
            (b"1 syslog 999999999 x", Err(Refusal::TooLarge)),
        ] {
            assert_eq!(deframer.next(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
