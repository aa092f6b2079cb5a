//! Numbers that are the same on every replay, machine and version.

/// FNV-1a, 128 bits.
const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// Of an incident: from the contribution that began it and when that was. An alert that
/// outlives its incident may begin another, hence the time.
pub(super) fn incident_id(contribution: u128, time: i64) -> u128 {
    let bytes = contribution
        .to_le_bytes()
        .into_iter()
        .chain(time.to_le_bytes());
    bytes.fold(BASIS, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(PRIME)
    })
}
