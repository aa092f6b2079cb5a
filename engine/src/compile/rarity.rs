//! How rarely a predicate holds: a guess from its test, before any event was seen.
//!
//! The longer a literal, the rarer it is, unless it is made of what most events have: a path
//! below `C:\Windows\System32` says little, and so does the name of a process that always runs.

use crate::matcher::check::Check;
use crate::matcher::pattern::WildPattern;
use crate::matcher::plan::{Finding, Predicate};

/// What logs are full of, folded. Each counts as one character of a literal.
const COMMONPLACES: [&str; 63] = [
    // Longer ones come before their parts.
    "system\\currentcontrolset",
    "microsoft\\windows\\currentversion",
    "microsoft-windows-",
    "currentversion",
    "\\registry\\machine",
    "nt authority",
    "\\svchost.exe",
    "\\services.exe",
    "\\lsass.exe",
    "\\explorer.exe",
    "\\winlogon.exe",
    "\\wmiprvse.exe",
    "\\conhost.exe",
    "\\taskhostw.exe",
    "\\powershell.exe",
    "\\cmd.exe",
    "\\rundll32.exe",
    "svchost.exe",
    "powershell.exe",
    "cmd.exe",
    "ntdll.dll",
    "kernelbase.dll",
    "kernel32.dll",
    "advapi32.dll",
    "user32.dll",
    "\\program files (x86)",
    "\\program files",
    "\\programdata",
    "\\windowspowershell",
    "\\microsoft",
    "\\system32",
    "\\syswow64",
    "\\windows",
    "windows",
    "\\users",
    "\\public",
    "\\appdata",
    "\\local",
    "\\roaming",
    "\\temp",
    "software",
    "services",
    "system",
    "policies",
    "\\classes",
    "hkey_local_machine",
    "hkey_users",
    "hklm",
    "hkcu",
    "hku",
    "https://",
    "http://",
    "/usr",
    "/bin",
    "/etc",
    "/var",
    "/lib",
    "/tmp",
    ".exe",
    ".dll",
    "c:",
    "0x",
    "true",
];

/// How often a predicate holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// Estimated share of events.
    pub(crate) of_events: f64,
    /// Whether it needs its field: without, it can hold though nothing was looked up.
    pub(crate) needs_field: bool,
}

impl Share {
    pub(crate) fn of(predicate: &Predicate) -> Self {
        Self {
            of_events: share(predicate),
            needs_field: !matches!(predicate.check, Check::Null),
        }
    }
}

fn share(predicate: &Predicate) -> f64 {
    match &predicate.check {
        Check::Null | Check::Network(_) => 0.3,
        Check::Exists => 0.9,
        Check::Compare(..) | Check::DatePart(..) | Check::Field(..) => 0.5,
        Check::Regex(_) if predicate.finding == Finding::Direct => 0.4,
        Check::Regex(_) => 0.05,
        Check::Number { .. } => 0.1,
        Check::Bool(_) => 0.4,
        Check::Text(_) if predicate.finding == Finding::Direct => 0.8,
        Check::Text(pattern) => of_text(pattern),
    }
}

fn of_text(pattern: &WildPattern) -> f64 {
    let surprise: i32 = pattern.literals().map(surprise).sum();
    // Whole values are rarer than what may stand anywhere among much else.
    let base = if pattern.is_whole() { 0.3 } else { 0.5 };
    base * 0.75_f64.powi(surprise.min(99))
}

/// The length of a literal, its commonplaces shortened.
fn surprise(literal: &[u8]) -> i32 {
    let folded = literal.to_ascii_lowercase();
    let mut rest = folded.as_slice();
    let mut surprise = 0;
    let mut in_word = false;
    while let [first, after @ ..] = rest {
        // Commonplaces are whole words, so that few places have to be looked at.
        let common = (!in_word).then(|| after_commonplace(rest)).flatten();
        in_word = common.is_none() && first.is_ascii_alphanumeric();
        rest = common.unwrap_or(after);
        surprise += 1;
    }
    surprise
}

fn after_commonplace(text: &[u8]) -> Option<&[u8]> {
    let first = text.first();
    let mut likely = COMMONPLACES.iter().map(|c| c.as_bytes());
    likely.find_map(|c| {
        let begins = c.first() == first;
        begins.then(|| text.strip_prefix(c)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::surprise;

    #[test]
    fn commonplaces_tell_little() {
        assert_eq!(surprise(br"C:\Windows\System32\ntdll.dll+"), 6);
        assert_eq!(surprise(b"mimikatz"), 8);
        assert_eq!(surprise(br"\SVCHOST.exe"), 1);
    }
}
