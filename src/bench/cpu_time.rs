//! Processor time of this process: what its threads used, however many others wanted a turn.

use std::fs;
use std::time::Duration;

/// `/proc` counts in hundredths of a second on every architecture (`USER_HZ`), whatever the
/// kernel's own tick is.
const TICK: Duration = Duration::from_millis(10);

/// What all threads used so far, also those that have ended, user and system; `None` where the
/// system does not tell (`/proc` is Linux). It is told in hundredths of a second, so what is
/// measured with it should take some seconds.
pub fn of_process() -> Option<Duration> {
    parse(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// Fields 14 and 15 of proc(5), `stat`.
fn parse(stat: &str) -> Option<Duration> {
    // The name of the program is the second field; it may hold spaces and parentheses.
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    let (user, system) = (ticks()?, ticks()?);
    TICK.checked_mul(user)?
        .checked_add(TICK.checked_mul(system)?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn reads_user_and_system_time_behind_any_name() {
        let stat = "7 (a) b (c)) R 1 7 7 0 -1 4194304 100 0 0 0 150 25 0 0 20 0 3 0 99";
        assert_eq!(parse(stat), Some(Duration::from_millis(1750)));
        assert_eq!(parse("7 (yagura) R 1 7"), None);
        assert_eq!(parse(""), None);
    }
}
