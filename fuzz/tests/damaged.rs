//! The checks of the fuzz targets over damaged inputs of the parsers' test cases.

use std::fs;
use std::path::Path;

/// How often each input is damaged.
const ROUNDS: u64 = 60;

/// Larger inputs are cut.
const INPUT_BYTES_MAX: usize = 16 << 10;

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 32).unwrap_or_default() % end.max(1)
    }
}

const SPECIAL: &[u8] = b"\"\\{}[]:,<>&;/='\n\r\t 019-+.eEtfnuZT\x00\xff";

fn damage(text: &mut Vec<u8>, draw: &mut Draw) {
    for _ in 0..=draw.below(4) {
        let at = draw.below(text.len() + 1);
        let byte = SPECIAL[draw.below(SPECIAL.len())];
        match draw.below(5) {
            0 => text.insert(at, byte),
            1 if at < text.len() => text[at] = byte,
            2 if at < text.len() => drop(text.remove(at)),
            3 => text.truncate(at),
            _ => {
                let end = (at + draw.below(200)).min(text.len());
                let piece = text[at..end].to_vec();
                text.extend_from_slice(&piece);
            }
        }
    }
}

fn inputs(kinds: &[&str]) -> Vec<Vec<u8>> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../parsers/tests/cases");
    let mut inputs = Vec::new();
    for kind in kinds {
        for case in fs::read_dir(cases.join(kind)).expect("cases").flatten() {
            let files = fs::read_dir(case.path()).into_iter().flatten().flatten();
            let is_input = |name: &str| name.starts_with("input");
            let files = files.filter(|file| file.file_name().to_str().is_some_and(is_input));
            inputs.extend(files.filter_map(|file| fs::read(file.path()).ok()));
        }
    }
    assert!(!inputs.is_empty(), "no inputs");
    inputs
}

fn run(kinds: &[&str], check: fn(&[u8])) {
    let mut draw = Draw(7);
    for input in inputs(kinds) {
        for _ in 0..ROUNDS {
            let mut text = input.clone();
            text.truncate(INPUT_BYTES_MAX);
            damage(&mut text, &mut draw);
            check(&text);
        }
    }
}

#[test]
fn json() {
    run(&["json", "windows_json"], yagura_fuzz::json);
}

#[test]
fn syslog() {
    run(&["syslog", "body"], yagura_fuzz::syslog);
}

#[test]
fn xml() {
    run(&["windows_xml"], yagura_fuzz::xml);
}

#[test]
fn framing() {
    let all = [
        "json",
        "windows_json",
        "windows_xml",
        "auditd",
        "syslog",
        "cef",
    ];
    run(&all, |data| {
        for first in [0, 1, 2, 13, 26, 131, 200] {
            yagura_fuzz::framing(&[&[first], data].concat());
        }
    });
}
