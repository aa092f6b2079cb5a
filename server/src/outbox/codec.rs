//! A finding as bytes.
//!
//! ```text
//!   0  u8 version (1)   1  u8 kind   2  u8 state, 0 for none   3  u8 level
//!   4  u128 id         20  i64 time
//!  28  u32 length of the rule      its bytes
//!      u32 length of the title     its bytes
//!      the record, up to the end
//! ```
//!
//! Little endian. Whole or not at all is the spool's business, and so are checksums.

use yagura_parsers::Timestamp;
use yagura_rules::Level;

use crate::finding::{Finding, Kind, State};

const VERSION: u8 = 1;

/// Why bytes are no finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Of another version of this program.
    #[error("version {0} of the encoding is not known; run the yagura that wrote it")]
    Version(u8),
    /// They end too early.
    #[error("the bytes end within {0}")]
    Short(&'static str),
    /// A number or text that cannot be.
    #[error("{0} cannot be what it says")]
    Invalid(&'static str),
}

/// The finding as bytes.
pub fn encode(finding: &Finding) -> Vec<u8> {
    let texts = finding.rule.len() + finding.title.len() + finding.json.len();
    let mut bytes = Vec::with_capacity(36 + texts);
    bytes.push(VERSION);
    bytes.push(finding.kind as u8);
    bytes.push(finding.state.map_or(0, |state| state as u8 + 1));
    bytes.push(finding.level as u8);
    bytes.extend_from_slice(&finding.id.to_le_bytes());
    bytes.extend_from_slice(&finding.time.0.to_le_bytes());
    for text in [&finding.rule, &finding.title] {
        // Rules are read from files of a few megabytes at most.
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&finding.json);
    bytes
}

/// The finding in these bytes.
pub fn decode(bytes: &[u8]) -> Result<Finding, DecodeError> {
    let mut rest = bytes;
    let [version, kind, state, level] = take::<4>(&mut rest, "its head")?;
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    let kind = match kind {
        0 => Kind::Detection,
        1 => Kind::Alert,
        2 => Kind::Incident,
        _ => return Err(DecodeError::Invalid("the kind")),
    };
    let state = match state {
        0 => None,
        1 => Some(State::Open),
        2 => Some(State::Update),
        3 => Some(State::Closed),
        _ => return Err(DecodeError::Invalid("the state")),
    };
    let level = Level::ALL.get(usize::from(level)).copied();
    Ok(Finding {
        kind,
        state,
        level: level.ok_or(DecodeError::Invalid("the level"))?,
        id: u128::from_le_bytes(take(&mut rest, "the id")?),
        time: Timestamp(i64::from_le_bytes(take(&mut rest, "the time")?)),
        rule: text(&mut rest, "the rule")?,
        title: text(&mut rest, "the title")?,
        json: rest.to_vec(),
    })
}

fn take<const N: usize>(rest: &mut &[u8], what: &'static str) -> Result<[u8; N], DecodeError> {
    let (taken, left) = rest.split_first_chunk().ok_or(DecodeError::Short(what))?;
    *rest = left;
    Ok(*taken)
}

fn text(rest: &mut &[u8], what: &'static str) -> Result<String, DecodeError> {
    let length = u32::from_le_bytes(take(rest, what)?) as usize;
    let (taken, left) = rest
        .split_at_checked(length)
        .ok_or(DecodeError::Short(what))?;
    *rest = left;
    let text = std::str::from_utf8(taken).map_err(|_| DecodeError::Invalid(what))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn findings()(
            kind in prop::sample::select(vec![Kind::Detection, Kind::Alert, Kind::Incident]),
            state in prop::option::of(prop::sample::select(
                vec![State::Open, State::Update, State::Closed],
            )),
            level in prop::sample::select(Level::ALL.to_vec()),
            id: u128, time: i64, rule: String, title: String,
            json in prop::collection::vec(any::<u8>(), 0..100),
        ) -> Finding {
            Finding { kind, state, id, time: Timestamp(time), level, rule, title, json }
        }
    }

    proptest! {
        #[test]
        fn comes_back_as_it_went_in(finding in findings()) {
            prop_assert_eq!(decode(&encode(&finding)), Ok(finding));
        }

        #[test]
        fn any_bytes_are_a_finding_or_an_error(bytes in prop::collection::vec(0_u8..5, 0..80)) {
            let _ = decode(&bytes);
        }

        #[test]
        fn a_cut_head_is_an_error(finding in findings(), cut: prop::sample::Index) {
            let bytes = encode(&finding);
            let head = bytes.len() - finding.json.len();
            prop_assert!(decode(&bytes[..cut.index(head)]).is_err());
        }
    }
}
