//! Events of Windows' audit log.

use super::super::fleet::DOMAIN;
use super::super::world::World;
use super::event::{Channel, EventType, WindowsEvent};

const fn security(id: u16, title: &'static str, task: &'static str) -> EventType {
    EventType {
        channel: Channel::Security,
        id,
        task,
        title,
        provider: "Microsoft-Windows-Security-Auditing",
        provider_guid: "{54849625-5478-4994-A5BA-3E3B0328C30D}",
    }
}

const LOGON: EventType = security(4624, "An account was successfully logged on.", "Logon");
const LOGON_FAILED: EventType = security(4625, "An account failed to log on.", "Logon");
const FILE_ACCESS: EventType = security(
    4663,
    "An attempt was made to access an object.",
    "File System",
);
const PRIVILEGES: EventType = security(
    4672,
    "Special privileges assigned to new logon.",
    "Special Logon",
);
const PROCESS_CREATE: EventType =
    security(4688, "A new process has been created.", "Process Creation");
const PROCESS_EXIT: EventType = security(4689, "A process has exited.", "Process Termination");
const SERVICE_TICKET: EventType = security(
    4769,
    "A Kerberos service ticket was requested.",
    "Kerberos Service Ticket Operations",
);
const CONNECTION: EventType = security(
    5156,
    "The Windows Filtering Platform has permitted a connection.",
    "Filtering Platform Connection",
);
const LOG_CLEARED: EventType = EventType {
    provider: "Microsoft-Windows-Eventlog",
    provider_guid: "{FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148}",
    ..security(1102, "The audit log was cleared.", "Log clear")
};

/// Whether somebody got in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They did.
    Success,
    /// The password was wrong.
    Failure,
}

/// One event of everyday work, or now and then a process that rules look for.
pub fn ordinary(event: &mut WindowsEvent, world: &mut World) {
    let host = world.any_host();
    if world.is_suspicious() {
        let slot = world.start_suspicious(host);
        return process_created(event, world, host, slot);
    }
    let user = world.any_user();
    match world.source.random.below(100) {
        0..22 => {
            let from = world.any_host();
            let address = world.fleet.host(from).address.clone();
            logon(event, world, host, user, &address, Outcome::Success);
        }
        22..24 => {
            let address = world.fleet.host(host).address.clone();
            logon(event, world, host, user, &address, Outcome::Failure);
        }
        24..36 => privileges(event, world, host, user),
        36..62 => {
            let World {
                processes,
                fleet,
                source,
                ..
            } = world;
            let slot = processes.start(host, fleet, source);
            process_created(event, world, host, slot);
        }
        62..70 => process_exited(event, world, host),
        70..80 => service_ticket(event, world, host, user, (b"krbtgt", 0x12)),
        80..90 => file_access(event, world, host, user),
        _ => connection(event, world, host),
    }
}

fn account(
    event: &mut WindowsEvent,
    world: &World,
    [sid, name, domain, id]: [&'static str; 4],
    user: usize,
) {
    let person = world.fleet.user(user);
    event.text(sid, &person.sid);
    event.text(name, &person.name);
    event.text(domain, DOMAIN);
    event.hexadecimal(id, 0x10_0000 + user as u64 * 0x1_01F3);
}

const SUBJECT: [&str; 4] = [
    "SubjectUserSid",
    "SubjectUserName",
    "SubjectDomainName",
    "SubjectLogonId",
];
const TARGET: [&str; 4] = [
    "TargetUserSid",
    "TargetUserName",
    "TargetDomainName",
    "TargetLogonId",
];

/// Events 4624 and 4625, over the network.
pub fn logon(
    event: &mut WindowsEvent,
    world: &mut World,
    host: usize,
    user: usize,
    from: &[u8],
    outcome: Outcome,
) {
    let port = world.any_port();
    event.begin(
        if outcome == Outcome::Success {
            LOGON
        } else {
            LOGON_FAILED
        },
        host,
    );
    event.text("SubjectUserSid", "S-1-0-0");
    event.text("SubjectUserName", "-");
    event.text("SubjectDomainName", "-");
    event.text("SubjectLogonId", "0x0");
    match outcome {
        Outcome::Success => account(event, world, TARGET, user),
        Outcome::Failure => {
            event.text("TargetUserSid", "S-1-0-0");
            event.text("TargetUserName", &world.fleet.user(user).name);
            event.text("TargetDomainName", DOMAIN);
            event.text("Status", "0xc000006d");
            event.text("FailureReason", "%%2313");
            event.text("SubStatus", "0xc000006a");
        }
    }
    event.text("LogonType", "3");
    event.text("LogonProcessName", "NtLmSsp ");
    event.text("AuthenticationPackageName", "NTLM");
    event.text("WorkstationName", &world.fleet.host(user).name);
    event.text("TransmittedServices", "-");
    event.text("LmPackageName", "NTLM V2");
    event.text("KeyLength", "128");
    event.text("ProcessId", "0x0");
    event.text("ProcessName", "-");
    event.text("IpAddress", from);
    event.number("IpPort", port);
}

fn privileges(event: &mut WindowsEvent, world: &mut World, host: usize, user: usize) {
    event.begin(PRIVILEGES, host);
    account(event, world, SUBJECT, user);
    event.text(
        "PrivilegeList",
        "SeSecurityPrivilege SeBackupPrivilege SeRestorePrivilege",
    );
}

/// Event 4688.
pub fn process_created(event: &mut WindowsEvent, world: &mut World, host: usize, slot: usize) {
    event.begin(PROCESS_CREATE, host);
    let this = world.processes.get(host, slot);
    let parent = world.processes.parent(host, this);
    match this.user {
        Some(user) => account(event, world, SUBJECT, user),
        None => system_account(event),
    }
    event.hexadecimal("NewProcessId", this.id.into());
    event.free("NewProcessName", &this.image);
    event.text("TokenElevationType", "%%1936");
    event.hexadecimal("ProcessId", parent.id.into());
    event.free("CommandLine", &this.command_line);
    event.text("TargetUserSid", "S-1-0-0");
    event.text("TargetUserName", "-");
    event.text("TargetDomainName", "-");
    event.text("TargetLogonId", "0x0");
    event.free("ParentProcessName", &parent.image);
    event.text("MandatoryLabel", "S-1-16-8192");
}

fn system_account(event: &mut WindowsEvent) {
    event.text("SubjectUserSid", "S-1-5-18");
    event.text("SubjectUserName", "SYSTEM");
    event.text("SubjectDomainName", "NT AUTHORITY");
    event.text("SubjectLogonId", "0x3e7");
}

fn process_exited(event: &mut WindowsEvent, world: &mut World, host: usize) {
    let World {
        processes,
        fleet,
        source,
        ..
    } = world;
    let slot = processes.any(host, fleet, source);
    event.begin(PROCESS_EXIT, host);
    let this = world.processes.get(host, slot);
    match this.user {
        Some(user) => account(event, world, SUBJECT, user),
        None => system_account(event),
    }
    event.text("Status", "0x0");
    event.hexadecimal("ProcessId", this.id.into());
    event.free("ProcessName", &this.image);
}

/// Event 4769; the number names the encryption of the ticket.
pub fn service_ticket(
    event: &mut WindowsEvent,
    world: &mut World,
    host: usize,
    user: usize,
    (service, encryption): (&[u8], u64),
) {
    let port = world.any_port();
    event.begin(SERVICE_TICKET, host);
    event.write("TargetUserName", |out| {
        out.extend_from_slice(&world.fleet.user(user).name);
        out.extend_from_slice(b"@TIDEMARK.EXAMPLE");
    });
    event.text("TargetDomainName", "TIDEMARK.EXAMPLE");
    event.text("ServiceName", service);
    event.text("ServiceSid", &world.fleet.user(user / 2).sid);
    event.text("TicketOptions", "0x40810000");
    event.hexadecimal("TicketEncryptionType", encryption);
    event.text("IpAddress", &world.fleet.host(user).address);
    event.number("IpPort", port);
    event.text("Status", "0x0");
    event.guid("LogonGuid", [user as u64 + 0x51_0000_0000, 0x77]);
    event.text("TransmittedServices", "-");
}

fn file_access(event: &mut WindowsEvent, world: &mut World, host: usize, user: usize) {
    let World {
        processes,
        fleet,
        source,
        ..
    } = world;
    let slot = processes.any(host, fleet, source);
    event.begin(FILE_ACCESS, host);
    account(event, world, SUBJECT, user);
    event.text("ObjectServer", "Security");
    event.text("ObjectType", "File");
    event.write_free("ObjectName", |out| {
        world.draw(out, |texts| &texts.files, user, host);
    });
    event.hexadecimal("HandleId", 0x400 + user as u64 * 4);
    event.text("AccessList", "%%4416");
    event.text("AccessMask", "0x1");
    let this = world.processes.get(host, slot);
    event.hexadecimal("ProcessId", this.id.into());
    event.free("ProcessName", &this.image);
    event.text("ResourceAttributes", "S:AI");
}

fn connection(event: &mut WindowsEvent, world: &mut World, host: usize) {
    let World {
        processes,
        fleet,
        source,
        ..
    } = world;
    let slot = processes.any(host, fleet, source);
    let (port, to) = (world.any_port(), world.any_host());
    event.begin(CONNECTION, host);
    let this = world.processes.get(host, slot);
    event.number("ProcessID", this.id.into());
    event.write_free("Application", |out| {
        out.extend_from_slice(b"\\device\\harddiskvolume2");
        let path = this.image.get(2..).unwrap_or_default();
        out.extend(path.iter().map(u8::to_ascii_lowercase));
    });
    event.text("Direction", "%%14593");
    event.text("SourceAddress", &world.fleet.host(host).address);
    event.number("SourcePort", port);
    event.text("DestAddress", &world.fleet.host(to).address);
    event.text("DestPort", "443");
    event.text("Protocol", "6");
    event.text("FilterRTID", "70221");
    event.text("LayerName", "%%14611");
    event.text("LayerRTID", "48");
}

/// Event 1102.
pub fn log_cleared(event: &mut WindowsEvent, world: &mut World, host: usize, user: usize) {
    event.begin(LOG_CLEARED, host);
    account(event, world, SUBJECT, user);
}
