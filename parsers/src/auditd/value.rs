//! Values that the kernel writes in hexadecimal because they hold blanks, quotes or control
//! bytes: whatever a user could have chosen.

use memchr::memchr;

use super::record::Quoting;

/// `a0`, `a1` …
pub(super) fn is_argument(name: &[u8]) -> bool {
    matches!(name, [b'a', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}

/// `a1` of `a1[0]`.
pub(super) fn piece_of(name: &[u8]) -> Option<&[u8]> {
    let end = memchr(b'[', name)?;
    is_argument(&name[..end]).then_some(&name[..end])
}

/// The fields that the kernel treats so. In others (`a0` of a system call, `inode`) hexadecimal
/// digits are numbers.
fn may_be_encoded(kind: &[u8], name: &[u8]) -> bool {
    match name {
        b"exe" | b"cmd" | b"proctitle" | b"comm" | b"name" | b"cwd" | b"key" | b"acct"
        | b"path" | b"data" | b"dir" | b"file" | b"vm" | b"new-disk" | b"old-disk" | b"device"
        | b"ocomm" | b"watch" | b"grp" | b"new_group" => true,
        _ => kind == b"EXECVE" && is_argument(piece_of(name).unwrap_or(name)),
    }
}

/// Appends the plain text of a value to `plain`; `false` where the value is plain already, and
/// nothing was appended.
pub(super) fn decode(
    kind: &[u8],
    (name, value, quoting): (&[u8], &[u8], Quoting),
    plain: &mut Vec<u8>,
) -> bool {
    let is_hex = quoting == Quoting::Bare
        && may_be_encoded(kind, name)
        && !value.is_empty()
        && value.len() % 2 == 0
        && value.iter().all(u8::is_ascii_hexdigit);
    if !is_hex {
        return false;
    }
    let digit = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
    let bytes = value
        .chunks_exact(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]));
    let start = plain.len();
    plain.extend(bytes);
    if name == b"proctitle" || name == b"cmd" {
        // Arguments are separated by NUL.
        let title = &mut plain[start..];
        title
            .iter_mut()
            .filter(|b| **b == 0)
            .for_each(|b| *b = b' ');
    }
    true
}
