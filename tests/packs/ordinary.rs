//! Ordinary logs of others: the packs alert on nothing in them but the attacks that they hold.
//!
//! Needs logs of others (`YAGURA_CORPUS`, else `shared/data` beside the checkout); says so
//! where they are not there. Recordings of attacks are not ordinary, and not read.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use super::outcome::Compiled;
use super::{entries, load, packs};

/// What is right to alert on, by file and rule: `OpenSSH_2k.log` is of a server on the internet,
/// and three addresses try ten to twenty-eight accounts each there, one of them twice.
const ATTACKS: [(&str, &str, usize); 1] = [("OpenSSH_2k.log", "attack_ssh_password_spraying", 4)];

fn logs() -> Vec<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data");
    let corpus = env::var_os("YAGURA_CORPUS").map_or(beside.into(), PathBuf::from);
    let mut logs = entries(&corpus.join("syslog"));
    logs.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
    logs
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

#[test]
fn ordinary_logs_are_quiet() {
    let logs = logs();
    if logs.is_empty() {
        eprintln!("skipped: no logs of others");
        return;
    }
    for pack in packs().iter().filter(|pack| pack.join("tests").is_dir()) {
        let rules = Compiled::new(load(pack));
        for log in &logs {
            let outcome = rules.scan(std::slice::from_ref(log));
            let mut alerts: BTreeMap<&str, usize> = BTreeMap::new();
            for rule in outcome.alerting_rules() {
                *alerts.entry(rule).or_default() += 1;
            }
            for (file, rule, count) in ATTACKS {
                if file_name(log) == file && alerts.get(rule) == Some(&count) {
                    alerts.remove(rule);
                }
            }
            assert!(alerts.is_empty(), "{}\n{outcome}", log.display());
        }
    }
}
