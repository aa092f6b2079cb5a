//! Programs, and the processes that run on each machine.
//!
//! A machine has a few processes at a time. Each was started by another one that makes sense for
//! it; events about a process agree on its number, image, command line, user and hashes.

use super::fleet::Fleet;
use super::pool::Source;
use super::random::{Random, Zipf};
use super::template::{Scene, Template, lines};
use super::text::{self, Case};

const COMMANDS: &str = include_str!("texts/commands.txt");
const SUSPICIOUS: &str = include_str!("texts/suspicious_commands.txt");
/// What only scenarios start, by name.
const STAGED: &str = include_str!("texts/scenario_commands.txt");

const ROOTS: &str = "\
C:\\Windows\\System32\\services.exe|services.exe|Services and Controller app|Microsoft Corporation|system|wininit.exe|C:\\Windows\\System32\\services.exe
C:\\Windows\\explorer.exe|EXPLORER.EXE|Windows Explorer|Microsoft Corporation|user|userinit.exe|C:\\Windows\\explorer.exe";

/// Slots of the processes that never end.
const SERVICES: usize = 0;
const EXPLORER: usize = 1;
/// How many processes of a machine are remembered.
const PROCESSES: usize = 12;
/// How many command lines everybody uses.
const KNOWN_COUNT: usize = 200;

/// A program and how it is called.
#[derive(Debug)]
pub struct Program {
    /// Its file.
    pub image: &'static str,
    /// What its maker called the file.
    pub original_name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Who made it.
    pub company: &'static str,
    runs_as_user: bool,
    parent: &'static str,
    command: Template,
}

impl Program {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = line.splitn(7, '|');
        let mut next = || parts.next();
        Some(Self {
            image: next()?,
            original_name: next()?,
            description: next()?,
            company: next()?,
            runs_as_user: next()? == "user",
            parent: next()?,
            command: Template::new(next()?),
        })
    }
}

/// A running program.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Index of its program.
    pub program: usize,
    /// Its file.
    pub image: Vec<u8>,
    /// How it was called.
    pub command_line: Vec<u8>,
    /// Index of the account, none for the system's.
    pub user: Option<usize>,
    /// Its number.
    pub id: u32,
    /// Its number for all times.
    pub guid: [u64; 2],
    /// The session that it runs in.
    pub logon: u64,
    parent: usize,
}

impl Process {
    /// Appends its hashes, which depend on the image only.
    pub fn hashes(&self, out: &mut Vec<u8>) {
        let seed = self
            .image
            .iter()
            .fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
            });
        let mut random = Random::new(seed);
        for (name, count) in [
            ("SHA1=", 40),
            (",MD5=", 32),
            (",SHA256=", 64),
            (",IMPHASH=", 32),
        ] {
            out.extend_from_slice(name.as_bytes());
            text::hexadecimal(out, count, Case::Upper, &mut random);
        }
    }
}

/// Which file a program is started from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ImageFile {
    /// The one it is known by.
    Usual,
    /// One that was not seen before.
    NewRelease,
}

/// A command line that everybody uses.
#[derive(Debug)]
struct Known {
    program: usize,
    user: usize,
    command_line: Box<[u8]>,
}

/// What runs where.
#[derive(Debug)]
pub struct Processes {
    programs: Box<[Program]>,
    ordinary: std::ops::Range<usize>,
    suspicious: std::ops::Range<usize>,
    known: Box<[Known]>,
    /// Those of programs that are no part of Windows.
    installed: Box<[usize]>,
    popularity: Zipf,
    hosts: Box<[Vec<Process>]>,
    next_slot: Box<[u8]>,
}

impl Processes {
    /// On all machines of a fleet.
    pub fn new(fleet: &Fleet, source: &mut Source) -> Self {
        let (roots, ordinary) = (lines(ROOTS).count(), lines(COMMANDS).count());
        let suspicious = lines(SUSPICIOUS).count();
        let programs: Box<[Program]> = [ROOTS, COMMANDS, SUSPICIOUS, STAGED]
            .into_iter()
            .flat_map(lines)
            .filter_map(Program::read)
            .collect();
        let ordinary = roots..(roots + ordinary).min(programs.len());
        let known: Box<[Known]> = (0..KNOWN_COUNT)
            .map(|index| {
                let program = ordinary.start + index % ordinary.len().max(1);
                let user = fleet.any_user(&mut source.random);
                let mut command_line = Vec::new();
                let scene = Scene {
                    user: &fleet.user(user).name,
                    host: &fleet.host(fleet.any_host(&mut source.random)).name,
                };
                source.fill(&mut command_line, &programs[program].command, scene);
                Known {
                    program,
                    user,
                    command_line: command_line.into(),
                }
            })
            .collect();
        let hosts = fleet.host_count();
        let is_installed = |index: &usize| {
            let program = known.get(*index).map(|known| &programs[known.program]);
            program.is_some_and(|program| !program.image.starts_with("C:\\Windows"))
        };
        Self {
            installed: (0..known.len()).filter(is_installed).collect(),
            suspicious: ordinary.end..(ordinary.end + suspicious).min(programs.len()),
            ordinary,
            programs,
            known,
            popularity: Zipf::new(KNOWN_COUNT),
            hosts: (0..hosts).map(|_| Vec::new()).collect(),
            next_slot: vec![0; hosts].into(),
        }
    }

    /// The program of a process.
    pub fn program(&self, process: &Process) -> &Program {
        &self.programs[process.program % self.programs.len()]
    }

    /// The process of a slot.
    pub fn get(&self, host: usize, slot: usize) -> &Process {
        let processes = &self.hosts[host % self.hosts.len()];
        &processes[slot % processes.len()]
    }

    /// The process that started another one.
    pub fn parent(&self, host: usize, process: &Process) -> &Process {
        self.get(host, process.parent)
    }

    /// A process of a machine, running for a while.
    pub fn any(&mut self, host: usize, fleet: &Fleet, source: &mut Source) -> usize {
        // Where nothing may repeat, each event is about a process of its own.
        if source.fresh() {
            return self.start(host, fleet, source);
        }
        self.boot(host, fleet, source);
        source.random.index(self.hosts[host].len())
    }

    /// Starts one of the ordinary programs.
    pub fn start(&mut self, host: usize, fleet: &Fleet, source: &mut Source) -> usize {
        self.boot(host, fleet, source);
        let slot = self.free_slot(host);
        let mut process = std::mem::take(&mut self.hosts[host][slot]);
        // A new file is a release of a program that was installed: nobody copies svchost.exe.
        let file = if source.fresh() && !self.installed.is_empty() {
            ImageFile::NewRelease
        } else {
            ImageFile::Usual
        };
        let known = if file == ImageFile::NewRelease {
            self.installed[source.random.index(self.installed.len())]
        } else {
            self.popularity.draw(&mut source.random) % self.known.len()
        };
        let known = &self.known[known];
        let mut user = known.user;
        process.program = known.program;
        process.command_line.clear();
        if source.fresh() {
            user = fleet.any_user(&mut source.random);
            self.new_command(&mut process, host, user, fleet, source);
            if !self.programs[process.program].command.is_varied() {
                process.command_line.extend_from_slice(b" -session ");
                text::hexadecimal(
                    &mut process.command_line,
                    10,
                    Case::Lower,
                    &mut source.random,
                );
            }
        } else {
            process.command_line.extend_from_slice(&known.command_line);
        }
        self.set_image(&mut process, file, source);
        self.settle(host, slot, process, user, source);
        slot
    }

    /// Starts one of the programs that rules look for.
    pub fn start_suspicious(&mut self, host: usize, fleet: &Fleet, source: &mut Source) -> usize {
        let choice = self.suspicious.start + source.random.index(self.suspicious.len());
        let user = fleet.any_user(&mut source.random);
        self.start_program(host, choice, user, fleet, source)
    }

    /// Starts a program called by its own command line, for an attack.
    pub fn start_called(
        &mut self,
        host: usize,
        (image, command_line): (&[u8], &[u8]),
        user: usize,
        (fleet, source): (&Fleet, &mut Source),
    ) -> usize {
        self.boot(host, fleet, source);
        let is_it = |program: &Program| program.image.as_bytes() == image;
        let program = self.programs.iter().position(is_it).unwrap_or(0);
        let slot = self.free_slot(host);
        let mut process = std::mem::take(&mut self.hosts[host][slot]);
        process.program = program;
        process.image.clear();
        process.image.extend_from_slice(image);
        process.command_line.clear();
        process.command_line.extend_from_slice(command_line);
        self.settle(host, slot, process, user, source);
        slot
    }

    /// Sees to it that the program that usually starts an image runs on a machine, where it is
    /// one that is known.
    pub fn ensure_parent(
        &mut self,
        host: usize,
        image: &[u8],
        user: usize,
        (fleet, source): (&Fleet, &mut Source),
    ) {
        self.boot(host, fleet, source);
        let is_it = |program: &&Program| program.image.as_bytes() == image;
        let Some(parent) = self.programs.iter().find(is_it).map(|of| of.parent) else {
            return;
        };
        let runs = |process: &Process| process.image.ends_with(parent.as_bytes());
        if self.hosts[host].iter().any(runs) {
            return;
        }
        let is_parent = |program: &Program| program.image.ends_with(parent);
        if let Some(program) = self.programs.iter().position(is_parent) {
            self.start_program(host, program, user, fleet, source);
        }
    }

    /// Puts a process back that has run on a machine all the while.
    pub fn bring_back(&mut self, host: usize, process: &Process) -> usize {
        let slot = self.free_slot(host);
        if let Some(place) = self.hosts[host].get_mut(slot) {
            place.clone_from(process);
        }
        slot
    }

    /// Takes a process away, so that ordinary events are not about it. The place of it goes to
    /// the explorer that is there anyway.
    pub fn take_away(&mut self, host: usize, slot: usize) {
        let processes = &mut self.hosts[host];
        let explorer = processes.get(EXPLORER).cloned();
        if let (Some(place), Some(explorer)) = (processes.get_mut(slot), explorer) {
            *place = explorer;
        }
    }

    fn start_program(
        &mut self,
        host: usize,
        program: usize,
        user: usize,
        fleet: &Fleet,
        source: &mut Source,
    ) -> usize {
        self.boot(host, fleet, source);
        let slot = self.free_slot(host);
        let mut process = std::mem::take(&mut self.hosts[host][slot]);
        process.program = program;
        process.command_line.clear();
        self.new_command(&mut process, host, user, fleet, source);
        process.image.clear();
        process
            .image
            .extend_from_slice(self.programs[program].image.as_bytes());
        self.settle(host, slot, process, user, source);
        slot
    }

    fn new_command(
        &self,
        process: &mut Process,
        host: usize,
        user: usize,
        fleet: &Fleet,
        source: &mut Source,
    ) {
        let scene = Scene {
            user: &fleet.user(user).name,
            host: &fleet.host(host).name,
        };
        let command = &self.programs[process.program].command;
        source.fill(&mut process.command_line, command, scene);
    }

    /// The program's own file, or a new release of it.
    fn set_image(&self, process: &mut Process, file: ImageFile, source: &mut Source) {
        let image = self.programs[process.program].image;
        process.image.clear();
        if file == ImageFile::NewRelease {
            let name = image.rsplit('\\').next().unwrap_or(image);
            let folder = image.strip_suffix(name).unwrap_or_default();
            process.image.extend_from_slice(folder.as_bytes());
            process.image.extend_from_slice(b"releases\\");
            text::hexadecimal(&mut process.image, 10, Case::Lower, &mut source.random);
            process.image.push(b'\\');
            process.image.extend_from_slice(name.as_bytes());
        } else {
            process.image.extend_from_slice(image.as_bytes());
        }
    }

    /// Gives a process its numbers and its parent.
    fn settle(
        &mut self,
        host: usize,
        slot: usize,
        mut process: Process,
        user: usize,
        source: &mut Source,
    ) {
        let program = &self.programs[process.program];
        process.user = program.runs_as_user.then_some(user);
        process.id = 1000 + source.random.below(16_000) * 4;
        process.guid = [source.random.next(), source.random.next()];
        process.logon = match process.user {
            Some(user) => 0x10_0000 + user as u64 * 0x1_01F3,
            None => 0x3E7,
        };
        let default = if program.runs_as_user {
            EXPLORER
        } else {
            SERVICES
        };
        let is_parent = |other: &Process| other.image.ends_with(program.parent.as_bytes());
        process.parent = self.hosts[host]
            .iter()
            .position(is_parent)
            .unwrap_or(default);
        self.hosts[host][slot] = process;
    }

    /// The slot of the process that ends to make room; the first two stay.
    fn free_slot(&mut self, host: usize) -> usize {
        let next = &mut self.next_slot[host];
        *next = (*next + 1) % (PROCESSES - 2) as u8;
        usize::from(*next) + 2
    }

    /// The first processes of a machine.
    fn boot(&mut self, host: usize, fleet: &Fleet, source: &mut Source) {
        if !self.hosts[host].is_empty() {
            return;
        }
        self.hosts[host].resize_with(PROCESSES, Process::default);
        let user = fleet.any_user(&mut source.random);
        for slot in 0..PROCESSES {
            let mut process = Process {
                program: slot,
                ..Process::default()
            };
            if slot > EXPLORER {
                process.program = self.ordinary.start + (slot - 2) * 2 % self.ordinary.len();
            }
            let known = self
                .known
                .iter()
                .find(|known| known.program == process.program);
            match known {
                Some(known) => process.command_line.extend_from_slice(&known.command_line),
                None => self.new_command(&mut process, host, user, fleet, source),
            }
            let image = self.programs[process.program].image;
            process.image.extend_from_slice(image.as_bytes());
            self.settle(host, slot, process, user, source);
        }
    }
}
