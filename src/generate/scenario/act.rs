//! What is done at set times: so many steps of one deed.

use super::super::process::Process;
use super::super::random::Random;
use super::super::text::decimal;
use super::super::windows::security::{self, Outcome};
use super::super::windows::{Shape, WindowsEvent, sysmon, system};
use super::super::world::World;
use super::SECOND;
use super::company::clock_error;
use super::traffic::Request;

/// The malware.
pub const MALWARE: &str = "C:\\ProgramData\\Meridian\\msync.exe";
const MALWARE_CALL: &str = "C:\\ProgramData\\Meridian\\msync.exe -k";
/// The service that starts it.
pub const MALWARE_SERVICE: &str = "MeridianTimeSync";
/// Whom it calls, address and name.
const CONTROL: (&str, &str) = ("203.0.113.66", "time-pool.meridian-sync.example");

/// A text with the number of the step in the middle, if there is anything behind it.
pub type Numbered = [&'static str; 2];

/// What is done in each step.
#[derive(Debug)]
pub enum Deed {
    /// Malware comes to a machine from another (logon, service, process), then calls home.
    Infect {
        /// The machine that it comes from.
        from: usize,
        /// The account that it comes with.
        user: usize,
        /// The process, once it runs.
        process: Option<Process>,
    },
    /// A program is called.
    Run {
        /// The account.
        user: usize,
        /// The program's file.
        image: &'static str,
        /// How it is called.
        call: Numbered,
    },
    /// A service is installed.
    InstallService {
        /// Its name.
        name: &'static str,
        /// Its program.
        image: &'static str,
    },
    /// A wrong password.
    MistypePassword {
        /// Whose.
        user: usize,
    },
    /// A program asks a web server for one thing after the other.
    Ask {
        /// The machines that ask, in turn.
        clients: Vec<usize>,
        /// The account that they log on with.
        account: &'static str,
        /// What they ask for.
        line: Numbered,
        /// What they call themselves.
        agent: &'static str,
    },
}

/// When steps are made.
#[derive(Clone, Copy, Debug)]
pub struct Rhythm {
    /// The first step.
    pub start: i64,
    /// How many steps.
    pub steps: u32,
    /// From one to the next.
    pub every: i64,
    /// Later than that by chance, at most so much; less than `every`.
    pub jitter: i64,
}

/// A deed, where, and when.
#[derive(Debug)]
pub struct Act {
    /// What.
    pub deed: Deed,
    /// The machine.
    pub host: usize,
    /// When.
    pub rhythm: Rhythm,
    /// Steps made.
    pub made: u32,
    /// Decides the jitter.
    pub seed: u64,
}

/// What a step writes with.
pub struct Stage<'a> {
    /// Who and what there is.
    pub world: &'a mut World,
    /// A Windows event to fill.
    pub event: &'a mut WindowsEvent,
    /// Where the line goes.
    pub out: &'a mut Vec<u8>,
}

/// The first steps of an infection follow each other at once.
const ARRIVAL_STEPS: u32 = 3;

impl Act {
    /// The time of the next step; none if all were made.
    pub fn due(&self) -> Option<i64> {
        let Rhythm {
            start,
            steps,
            every,
            jitter,
        } = self.rhythm;
        if self.made >= steps {
            return None;
        }
        let step = i64::from(self.made);
        if matches!(self.deed, Deed::Infect { .. }) {
            let waited = self.made.saturating_sub(ARRIVAL_STEPS - 1);
            let at_once = i64::from(self.made - waited) * 2 * SECOND;
            return Some(start + at_once + i64::from(waited) * every + self.jitter(jitter));
        }
        Some(start + step * every + self.jitter(jitter))
    }

    fn jitter(&self, nanos: i64) -> i64 {
        if nanos == 0 || self.made < ARRIVAL_STEPS {
            return 0;
        }
        let seed = self.seed.wrapping_add(u64::from(self.made) << 32);
        let share = Random::new(seed).below(1000);
        nanos / 1000 * i64::from(share)
    }

    /// Makes the next step.
    pub fn perform(&mut self, time: i64, stage: Stage<'_>) {
        let step = self.made;
        self.made += 1;
        let Stage { world, event, out } = stage;
        world.moment.set(time + clock_error(self.host));
        if let Deed::Ask {
            clients,
            account,
            line,
            agent,
        } = &self.deed
        {
            let client = clients.get(step as usize % clients.len().max(1));
            let request = Request {
                server: self.host,
                client: client.copied().unwrap_or_default(),
                account: account.as_bytes(),
                line: &numbered(*line, step),
                bytes: 40_000 + u64::from(step % 977) * 640,
                agent: agent.as_bytes(),
            };
            return request.write(out, world);
        }
        self.fill(step, world, event);
        Shape::Winlogbeat.write(out, event, world);
    }

    /// Makes a Windows event.
    fn fill(&mut self, step: u32, world: &mut World, event: &mut WindowsEvent) {
        let host = self.host;
        match &mut self.deed {
            Deed::Infect {
                from,
                user,
                process,
            } => infect(step, (host, *from, *user), process, world, event),
            Deed::Run { user, image, call } => {
                let call = numbered(*call, step);
                let sources = (&world.fleet, &mut world.source);
                let image = image.as_bytes();
                // On a busy machine it may have ended to make room for others.
                world.processes.ensure_parent(host, image, *user, sources);
                let sources = (&world.fleet, &mut world.source);
                let slot = world
                    .processes
                    .start_called(host, (image, &call), *user, sources);
                sysmon::process_created(event, world, host, slot);
                world.processes.take_away(host, slot);
            }
            Deed::InstallService { name, image } => {
                system::service_installed(event, host, (name.as_bytes(), image.as_bytes()));
            }
            Deed::MistypePassword { user } => {
                let address = world.fleet.host(host).address.clone();
                security::logon(event, world, host, *user, &address, Outcome::Failure);
            }
            Deed::Ask { .. } => {}
        }
    }
}

fn infect(
    step: u32,
    (host, from, user): (usize, usize, usize),
    process: &mut Option<Process>,
    world: &mut World,
    event: &mut WindowsEvent,
) {
    match step {
        0 => {
            let address = world.fleet.host(from).address.clone();
            security::logon(event, world, host, user, &address, Outcome::Success);
        }
        1 => {
            let service = (MALWARE_SERVICE.as_bytes(), MALWARE.as_bytes());
            system::service_installed(event, host, service);
        }
        2 => {
            let call = (MALWARE.as_bytes(), MALWARE_CALL.as_bytes());
            let sources = (&world.fleet, &mut world.source);
            let slot = world.processes.start_called(host, call, user, sources);
            *process = Some(world.processes.get(host, slot).clone());
            sysmon::process_created(event, world, host, slot);
            world.processes.take_away(host, slot);
        }
        _ => {
            let Some(process) = process else { return };
            let slot = world.processes.bring_back(host, process);
            let (address, name) = CONTROL;
            let to = (address.as_bytes(), name.as_bytes());
            sysmon::connected(event, world, host, slot, Some(to));
            world.processes.take_away(host, slot);
        }
    }
}

fn numbered([before, after]: Numbered, step: u32) -> Vec<u8> {
    let mut text = Vec::with_capacity(before.len() + after.len() + 8);
    text.extend_from_slice(before.as_bytes());
    if !after.is_empty() {
        decimal(&mut text, u64::from(step) + 1);
        text.extend_from_slice(after.as_bytes());
    }
    text
}
