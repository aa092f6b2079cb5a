//! Which attack, and how much of it: `ssh-bruteforce`, `access-flood=300000`.

use super::super::kind::Family;

/// An attack that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttackType {
    /// Many wrong passwords for one machine, then a right one.
    SshBruteforce,
    /// One wrong password for each of many accounts, then a right one.
    PasswordSpraying,
    /// Many requests of one program to one web server.
    AccessFlood,
    /// One account asks for weakly encrypted tickets of many services.
    Kerberoasting,
    /// A logon, a new service and its process on one machine after the other.
    LateralMovement,
    /// Backups destroyed, then many files encrypted.
    Ransomware,
    /// Data packed, then sent out in many parts.
    Exfiltration,
    /// Logs cleared on one machine after the other.
    LogClearing,
}

impl AttackType {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SshBruteforce,
        Self::PasswordSpraying,
        Self::AccessFlood,
        Self::Kerberoasting,
        Self::LateralMovement,
        Self::Ransomware,
        Self::Exfiltration,
        Self::LogClearing,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SshBruteforce => "ssh-bruteforce",
            Self::PasswordSpraying => "password-spraying",
            Self::AccessFlood => "access-flood",
            Self::Kerberoasting => "kerberoasting",
            Self::LateralMovement => "lateral-movement",
            Self::Ransomware => "ransomware",
            Self::Exfiltration => "exfiltration",
            Self::LogClearing => "log-clearing",
        }
    }

    /// What it needs to be seen.
    pub fn family(self) -> Family {
        match self {
            Self::SshBruteforce => Family::Sshd,
            Self::AccessFlood => Family::Apache,
            _ => Family::Windows,
        }
    }

    fn default_count(self) -> u32 {
        match self {
            Self::SshBruteforce => 200,
            Self::PasswordSpraying => 60,
            Self::AccessFlood => 300_000,
            Self::Kerberoasting => 30,
            Self::LateralMovement => 5,
            Self::Ransomware => 500,
            Self::Exfiltration => 20,
            Self::LogClearing => 1,
        }
    }
}

/// An attack, and how many failures, accesses, machines or files it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttackOrder {
    /// Which.
    pub attack: AttackType,
    /// How many of what it counts.
    pub count: u32,
}

impl AttackOrder {
    /// More would not end in a day.
    pub const COUNT_MAX: u32 = 1_000_000_000;

    /// Reads `name` or `name=count`.
    pub fn read(text: &str) -> Result<Self, String> {
        let (name, count) = match text.split_once('=') {
            Some((name, count)) => (name, Some(count)),
            None => (text, None),
        };
        let attack = AttackType::ALL
            .into_iter()
            .find(|attack| attack.name() == name)
            .ok_or_else(|| {
                let names = AttackType::ALL.map(AttackType::name).join(", ");
                format!("there is no such attack; there are {names}")
            })?;
        let count = match count {
            None => attack.default_count(),
            Some(count) => count
                .parse()
                .ok()
                .filter(|count| (1..=Self::COUNT_MAX).contains(count))
                .ok_or_else(|| {
                    format!("the count has to be a number from 1 to {}", Self::COUNT_MAX)
                })?,
        };
        Ok(Self { attack, count })
    }

    /// How many events it has.
    pub fn steps(self) -> u32 {
        match self.attack {
            AttackType::SshBruteforce | AttackType::PasswordSpraying => self.count + 1,
            AttackType::AccessFlood | AttackType::Kerberoasting => self.count,
            AttackType::LateralMovement | AttackType::LogClearing => self.count * 3,
            AttackType::Ransomware => self.count + 3,
            AttackType::Exfiltration => self.count * 2 + 1,
        }
    }

    /// How long it lasts where there is time for it.
    pub fn natural_seconds(self) -> i64 {
        let seconds = match self.attack {
            AttackType::SshBruteforce => self.count,
            AttackType::PasswordSpraying => self.count.saturating_mul(4),
            AttackType::AccessFlood => self.count / 500 + 1,
            AttackType::Kerberoasting => self.count / 10 + 1,
            AttackType::LateralMovement => self.count.saturating_mul(120),
            AttackType::Ransomware => self.count / 20 + 20,
            AttackType::Exfiltration => self.count.saturating_mul(30),
            AttackType::LogClearing => self.count.saturating_mul(10),
        };
        seconds.into()
    }
}
