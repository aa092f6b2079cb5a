//! The kinds of logs, and which of them can be in one stream.

use super::linux::{self, Envelope};
use super::web;
use super::windows::{self, Channel, Shape, WindowsEvent};
use super::world::World;

/// A kind of log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Windows events of one channel as JSON lines.
    WindowsJson(Channel, Shape),
    /// Windows events of all channels as XML.
    WindowsXml,
    /// Windows events of all channels as XML or JSON in syslog.
    WindowsSyslog,
    /// Logins by SSH.
    Sshd,
    /// Commands by sudo.
    Sudo,
    /// Requests to a web server.
    Apache,
    /// Packets at a firewall.
    Netfilter,
}

use Channel::{PowerShell, Security, Sysmon};
use Shape::{Nxlog, Winlogbeat};

impl Kind {
    /// All, with their names.
    pub const ALL: [(&'static str, Self); 12] = [
        ("sysmon-json", Self::WindowsJson(Sysmon, Winlogbeat)),
        ("security-json", Self::WindowsJson(Security, Winlogbeat)),
        ("powershell-json", Self::WindowsJson(PowerShell, Winlogbeat)),
        ("sysmon-nxlog", Self::WindowsJson(Sysmon, Nxlog)),
        ("security-nxlog", Self::WindowsJson(Security, Nxlog)),
        ("powershell-nxlog", Self::WindowsJson(PowerShell, Nxlog)),
        ("windows-xml", Self::WindowsXml),
        ("windows-syslog", Self::WindowsSyslog),
        ("sshd", Self::Sshd),
        ("sudo", Self::Sudo),
        ("apache", Self::Apache),
        ("netfilter", Self::Netfilter),
    ];

    /// Those of `mixed`: one of each source.
    pub const MIXED: [Self; 7] = [
        Self::WindowsJson(Sysmon, Winlogbeat),
        Self::WindowsJson(Security, Winlogbeat),
        Self::WindowsJson(PowerShell, Winlogbeat),
        Self::Sshd,
        Self::Sudo,
        Self::Apache,
        Self::Netfilter,
    ];

    /// Which machines an attack can be seen on in this kind.
    pub fn family(self) -> Family {
        match self {
            Self::WindowsJson(..) | Self::WindowsXml | Self::WindowsSyslog => Family::Windows,
            Self::Sshd => Family::Sshd,
            Self::Apache => Family::Apache,
            Self::Sudo | Self::Netfilter => Family::Other,
        }
    }

    /// Bytes of an event, roughly, to tell how long a stream of a size lasts.
    pub fn event_bytes(self) -> u64 {
        match self {
            Self::WindowsJson(..) => 2200,
            Self::WindowsXml | Self::WindowsSyslog => 1800,
            _ => 200,
        }
    }

    fn layout(self) -> Layout {
        match self {
            Self::WindowsJson(..) => Layout::JsonLines,
            Self::WindowsXml => Layout::Xml,
            Self::Apache => Layout::AccessLog,
            Self::WindowsSyslog | Self::Sshd | Self::Sudo | Self::Netfilter => Layout::Syslog,
        }
    }

    /// What stands around the lines of these kinds: readers take one format a stream, so kinds
    /// that have none in common all come by syslog.
    pub fn envelope(kinds: &[Self]) -> Envelope {
        let mut layouts = kinds.iter().map(|kind| kind.layout());
        let first = layouts.next();
        if layouts.all(|layout| Some(layout) == first) {
            Envelope::Own
        } else {
            Envelope::Syslog
        }
    }

    /// Makes one event of an ordinary day.
    pub fn write(
        self,
        out: &mut Vec<u8>,
        world: &mut World,
        event: &mut WindowsEvent,
        envelope: Envelope,
    ) {
        let channel = match self {
            Self::WindowsJson(channel, _) => channel,
            Self::WindowsXml | Self::WindowsSyslog => match world.source.random.below(100) {
                0..55 => Sysmon,
                55..88 => Security,
                88..98 => PowerShell,
                _ => Channel::System,
            },
            Self::Sshd => return linux::sshd(out, world, envelope),
            Self::Sudo => return linux::sudo(out, world, envelope),
            Self::Apache => return web::access(out, world, envelope),
            Self::Netfilter => return linux::netfilter(out, world, envelope),
        };
        windows::ordinary(channel, event, world);
        event.observe(&mut world.source.repetition);
        self.write_windows(out, world, event, envelope);
    }

    /// Writes a Windows event as this kind does; nothing if the kind is another.
    pub fn write_windows(
        self,
        out: &mut Vec<u8>,
        world: &World,
        event: &WindowsEvent,
        envelope: Envelope,
    ) {
        let (shape, envelope) = match self {
            Self::WindowsJson(_, shape) => (shape, envelope),
            Self::WindowsXml => (Shape::Xml, envelope),
            // Each machine has one shipper.
            Self::WindowsSyslog if event.host.is_multiple_of(2) => (Shape::Xml, Envelope::Syslog),
            Self::WindowsSyslog => (Winlogbeat, Envelope::Syslog),
            Self::Sshd | Self::Sudo | Self::Apache | Self::Netfilter => return,
        };
        if envelope == Envelope::Syslog {
            let sender = (14, "eventlog", Some(event.process_id));
            linux::header(out, envelope, world, event.host, sender);
        }
        shape.write(out, event, world);
    }
}

/// What an attack needs to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Windows events.
    Windows,
    /// Lines of sshd.
    Sshd,
    /// Lines of a web server.
    Apache,
    /// Nothing that attacks show in.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    JsonLines,
    Xml,
    AccessLog,
    Syslog,
}
