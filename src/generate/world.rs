//! Everything that events are made from.

use yagura_parsers::Timestamp;

use super::fleet::Fleet;
use super::moment::Moment;
use super::pool::{Pool, Source};
use super::process::Processes;
use super::template::Scene;

/// What can be asked for.
#[derive(Clone, Copy, Debug)]
pub struct WorldOptions {
    /// Decides everything that chance decides.
    pub seed: u64,
    /// Machines.
    pub hosts: u32,
    /// People.
    pub users: u32,
    /// Share of repeated values, in millionths.
    pub repeated: u32,
    /// Share of events that rules look for, in millionths.
    pub suspicious: u32,
}

/// Lists of texts.
#[derive(Debug)]
pub struct Texts {
    pub accounts: Pool,
    pub files: Pool,
    pub registry_keys: Pool,
    pub libraries: Pool,
    pub domains: Pool,
    pub scripts: Pool,
    pub suspicious_scripts: Pool,
    pub uris: Pool,
    pub suspicious_uris: Pool,
    pub agents: Pool,
    pub sudo_commands: Pool,
    pub suspicious_sudo_commands: Pool,
}

/// The state of the made-up company.
#[derive(Debug)]
pub struct World {
    pub source: Source,
    pub fleet: Fleet,
    pub texts: Texts,
    pub processes: Processes,
    /// The time of the event under construction.
    pub moment: Moment,
    suspicious: u32,
}

impl World {
    /// At its beginning.
    pub fn new(options: WorldOptions, start: Timestamp) -> Self {
        let fleet = Fleet::new(options.hosts, options.users);
        Self::of_fleet(fleet, options, start)
    }

    /// With machines and people that are given.
    pub fn of_fleet(fleet: Fleet, options: WorldOptions, start: Timestamp) -> Self {
        let mut source = Source::new(options.seed, options.repeated);
        let texts = Texts::new(&fleet, &mut source);
        Self {
            processes: Processes::new(&fleet, &mut source),
            texts,
            fleet,
            source,
            moment: Moment::new(start),
            suspicious: options.suspicious,
        }
    }

    /// Whether the next event is to be one that rules look for.
    pub fn is_suspicious(&mut self) -> bool {
        self.source.random.chance(self.suspicious)
    }

    /// Starts one of the programs that rules look for.
    pub fn start_suspicious(&mut self, host: usize) -> usize {
        let (fleet, source) = (&self.fleet, &mut self.source);
        self.processes.start_suspicious(host, fleet, source)
    }

    /// A machine.
    pub fn any_host(&mut self) -> usize {
        self.fleet.any_host(&mut self.source.random)
    }

    /// A person.
    pub fn any_user(&mut self) -> usize {
        self.fleet.any_user(&mut self.source.random)
    }

    /// A port of a client.
    pub fn any_port(&mut self) -> u64 {
        u64::from(32_768 + self.source.random.below(28_000))
    }

    /// Appends a text of a list, new or known.
    pub fn draw(&mut self, out: &mut Vec<u8>, list: fn(&Texts) -> &Pool, user: usize, host: usize) {
        let scene = Scene {
            user: &self.fleet.user(user).name,
            host: &self.fleet.host(host).name,
        };
        list(&self.texts).draw(out, scene, &mut self.source);
    }

    /// Appends a text of a list, filled anew.
    pub fn fill(&mut self, out: &mut Vec<u8>, list: fn(&Texts) -> &Pool, user: usize, host: usize) {
        let scene = Scene {
            user: &self.fleet.user(user).name,
            host: &self.fleet.host(host).name,
        };
        list(&self.texts).fill(out, scene, &mut self.source);
    }
}

impl Texts {
    fn new(fleet: &Fleet, source: &mut Source) -> Self {
        let mut pool = |list| Pool::new(list, fleet, source);
        Self {
            accounts: pool(include_str!("texts/accounts.txt")),
            files: pool(include_str!("texts/files.txt")),
            registry_keys: pool(include_str!("texts/registry_keys.txt")),
            libraries: pool(include_str!("texts/libraries.txt")),
            domains: pool(include_str!("texts/domains.txt")),
            scripts: pool(include_str!("texts/scripts.txt")),
            suspicious_scripts: pool(include_str!("texts/suspicious_scripts.txt")),
            uris: pool(include_str!("texts/uris.txt")),
            suspicious_uris: pool(include_str!("texts/suspicious_uris.txt")),
            agents: pool(include_str!("texts/agents.txt")),
            sudo_commands: pool(include_str!("texts/sudo_commands.txt")),
            suspicious_sudo_commands: pool(include_str!("texts/suspicious_sudo_commands.txt")),
        }
    }
}
