//! Real log shippers, as their makers publish them, stream into `yagura serve`.
//!
//! `tests/clients/install.sh` gets them; what is not there is skipped, and says so.

#[path = "../serve/served.rs"]
#[allow(dead_code, reason = "the tests of the server need more of it")]
mod served;

mod curl;
mod python;
mod receiver;
mod rsyslog;
mod syslog_ng;
mod util_linux;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// How many messages each client sends.
const MESSAGES: u64 = 500;

/// The folder of `install.sh`, if it has this in it.
fn installed(program: &str) -> Option<PathBuf> {
    let named = std::env::var_os("YAGURA_CLIENTS").map(PathBuf::from);
    let cache = || {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cache")));
        Some(cache?.join("yagura-clients"))
    };
    let folder = named.or_else(cache)?.join(program);
    if folder.join("complete").exists() {
        return Some(folder);
    }
    println!("skipped: {program} is not there; tests/clients/install.sh gets it");
    None
}

/// A program of the system, if it is there.
fn system(program: &str) -> Option<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(program).exists()) {
        return Some(Command::new(program));
    }
    println!("skipped: {program} is not there");
    None
}

/// A program below a root of unpacked packages, which finds its libraries there.
fn unpacked(root: &Path, program: &str) -> Command {
    let folders = [
        "usr/lib/x86_64-linux-gnu",
        "lib/x86_64-linux-gnu",
        "usr/lib",
        "lib",
    ];
    let machine = std::env::consts::ARCH;
    let folders = folders.map(|folder| {
        let folder = folder.replace("x86_64", machine);
        root.join(folder).display().to_string()
    });
    let mut command = Command::new(root.join(program));
    let syslog_ng = root.join("usr/lib/syslog-ng").display().to_string();
    command.env(
        "LD_LIBRARY_PATH",
        format!("{}:{syslog_ng}", folders.join(":")),
    );
    command
}

/// Runs until it is dropped.
struct Daemon(Child);

impl Daemon {
    fn start(mut command: Command, log: &Path) -> Self {
        let log = std::fs::File::create(log).expect("a file");
        let errors = log.try_clone().expect("a file");
        command.stdin(std::process::Stdio::null());
        command.stdout(log).stderr(errors);
        Self(command.spawn().expect("it starts"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs it to its end, which has to be a good one.
fn succeed<I: AsRef<OsStr>>(mut command: Command, arguments: &[I]) {
    let ran = command.args(arguments).output().expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}: {said}");
}
