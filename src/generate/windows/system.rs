//! Events of the log `System`.

use super::super::world::World;
use super::event::{Channel, EventType, WindowsEvent};

const fn services(id: u16, title: &'static str) -> EventType {
    EventType {
        channel: Channel::System,
        id,
        task: "None",
        title,
        provider: "Service Control Manager",
        provider_guid: "{555908D1-A6D7-4695-8E1E-26931D2012F4}",
    }
}

/// Event 7036.
pub const SERVICE_STATE: EventType = services(7036, "A service changed its state.");
const SERVICE_INSTALLED: EventType = services(7045, "A service was installed in the system.");
const LOG_CLEARED: EventType = EventType {
    provider: "Microsoft-Windows-Eventlog",
    provider_guid: "{FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148}",
    task: "Log clear",
    ..services(104, "The log file was cleared.")
};

/// Event 7036.
pub fn service_changed(event: &mut WindowsEvent, world: &mut World) {
    let host = world.any_host();
    event.begin(SERVICE_STATE, host);
    event.text("param1", "Windows Update");
    event.text("param2", "running");
}

/// Event 7045.
pub fn service_installed(event: &mut WindowsEvent, host: usize, (name, image): (&[u8], &[u8])) {
    event.begin(SERVICE_INSTALLED, host);
    event.free("ServiceName", name);
    event.free("ImagePath", image);
    event.text("ServiceType", "user mode service");
    event.text("StartType", "demand start");
    event.text("AccountName", "LocalSystem");
}

/// Event 104.
pub fn log_cleared(event: &mut WindowsEvent, world: &World, host: usize, user: usize) {
    event.begin(LOG_CLEARED, host);
    event.text("SubjectUserName", &world.fleet.user(user).name);
    event.text("SubjectDomainName", super::super::fleet::DOMAIN);
    event.text("Channel", "System");
}
