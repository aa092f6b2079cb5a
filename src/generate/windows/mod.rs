//! Windows events.
//!
//! ```text
//!  sysmon, security, powershell, system ─▶ WindowsEvent ─▶ winlogbeat, nxlog, xml
//!        what happened                     names, values      how it is written
//! ```

pub mod event;
mod nxlog;
pub mod powershell;
pub mod security;
pub mod sysmon;
pub mod system;
mod winlogbeat;
mod xml;

pub use event::{Channel, WindowsEvent};

use super::moment::Moment;
use super::world::World;

/// How a Windows event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As Winlogbeat 8 does.
    Winlogbeat,
    /// Flat, as NXLog does.
    Nxlog,
    /// As Windows itself does.
    Xml,
}

impl Shape {
    /// Appends an event, without a line end.
    pub fn write(self, out: &mut Vec<u8>, event: &WindowsEvent, world: &World) {
        let (host, moment) = (world.fleet.host(event.host), &world.moment);
        match self {
            Self::Winlogbeat => winlogbeat::write(out, event, host, moment),
            Self::Nxlog => nxlog::write(out, event, host, moment),
            Self::Xml => xml::write(out, event, host, moment),
        }
    }
}

/// Makes one event of a channel.
pub fn ordinary(channel: Channel, event: &mut WindowsEvent, world: &mut World) {
    match channel {
        Channel::Sysmon => sysmon::ordinary(event, world),
        Channel::Security => security::ordinary(event, world),
        Channel::PowerShell => powershell::ordinary(event, world),
        Channel::System => system::service_changed(event, world),
    }
}

/// `2026-03-02 08:00:00.000` as a value.
fn utc_time(event: &mut WindowsEvent, name: &'static str, moment: &Moment) {
    event.write(name, |out| moment.spaced(out));
}
