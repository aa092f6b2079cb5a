//! Events of Sysmon.

use super::super::fleet::outside_address;
use super::super::process::Process;
use super::super::world::World;
use super::event::{Channel, EventType, WindowsEvent};
use super::utc_time;

const fn sysmon(id: u16, title: &'static str, task: &'static str) -> EventType {
    EventType {
        channel: Channel::Sysmon,
        id,
        task,
        title,
        provider: "Microsoft-Windows-Sysmon",
        provider_guid: "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
    }
}

const PROCESS_CREATE: EventType =
    sysmon(1, "Process Create:", "Process Create (rule: ProcessCreate)");
const NETWORK_CONNECT: EventType = sysmon(
    3,
    "Network connection detected:",
    "Network connection detected (rule: NetworkConnect)",
);
const PROCESS_END: EventType = sysmon(
    5,
    "Process terminated:",
    "Process terminated (rule: ProcessTerminate)",
);
const IMAGE_LOAD: EventType = sysmon(7, "Image loaded:", "Image loaded (rule: ImageLoad)");
const PROCESS_ACCESS: EventType = sysmon(
    10,
    "Process accessed:",
    "Process accessed (rule: ProcessAccess)",
);
const FILE_CREATE: EventType = sysmon(11, "File created:", "File created (rule: FileCreate)");
const REGISTRY_KEY: EventType = sysmon(
    12,
    "Registry object added or deleted:",
    "Registry object added or deleted (rule: RegistryEvent)",
);
const REGISTRY_VALUE: EventType = sysmon(
    13,
    "Registry value set:",
    "Registry value set (rule: RegistryEvent)",
);
const DNS_QUERY: EventType = sysmon(22, "Dns query:", "Dns query (rule: DnsQuery)");

/// One event of everyday work, or now and then a process that rules look for.
pub fn ordinary(event: &mut WindowsEvent, world: &mut World) {
    let host = world.any_host();
    if world.is_suspicious() {
        let slot = world.start_suspicious(host);
        return process_created(event, world, host, slot);
    }
    let roll = world.source.random.below(100);
    let World {
        processes,
        fleet,
        source,
        ..
    } = world;
    if roll < 12 {
        let slot = processes.start(host, fleet, source);
        return process_created(event, world, host, slot);
    }
    let slot = processes.any(host, fleet, source);
    // Some programs have nothing to say to the network.
    let is_quiet = world
        .processes
        .get(host, slot)
        .image
        .ends_with(b"notepad.exe");
    match roll {
        12..26 if !is_quiet => connected(event, world, host, slot, None),
        26..31 => process_ended(event, world, host, slot),
        12..26 | 31..53 => image_loaded(event, world, host, slot),
        53..63 => process_accessed(event, world, host, slot),
        63..77 => file_created(event, world, host, slot, None),
        77..82 => registry(event, world, host, slot, REGISTRY_KEY),
        82..94 => registry(event, world, host, slot, REGISTRY_VALUE),
        _ => dns_query(event, world, host, slot),
    }
}

fn begin(event: &mut WindowsEvent, world: &World, host: usize, of: EventType) {
    event.begin(of, host);
    event.text("RuleName", "-");
    utc_time(event, "UtcTime", &world.moment);
}

fn process(event: &mut WindowsEvent, process: &Process) {
    event.guid("ProcessGuid", process.guid);
    event.number("ProcessId", process.id.into());
    event.free("Image", &process.image);
}

fn account<'a>(world: &'a World, process: &Process) -> &'a [u8] {
    match process.user {
        Some(user) => &world.fleet.user(user).qualified,
        None => b"NT AUTHORITY\\SYSTEM",
    }
}

/// Event 1.
pub fn process_created(event: &mut WindowsEvent, world: &mut World, host: usize, slot: usize) {
    begin(event, world, host, PROCESS_CREATE);
    let this = world.processes.get(host, slot);
    let parent = world.processes.parent(host, this);
    let program = world.processes.program(this);
    process(event, this);
    event.text("FileVersion", "10.0.19041.1 (WinBuild.160101.0800)");
    event.text("Description", program.description);
    event.text("Product", program.company);
    event.text("Company", program.company);
    event.text("OriginalFileName", program.original_name);
    event.free("CommandLine", &this.command_line);
    event.text("CurrentDirectory", "C:\\Windows\\system32\\");
    event.text("User", account(world, this));
    event.guid("LogonGuid", [this.logon << 32 | 0x5A5A, this.logon]);
    event.hexadecimal("LogonId", this.logon);
    event.number("TerminalSessionId", u64::from(this.user.is_some()));
    let integrity = if this.user.is_some() {
        "Medium"
    } else {
        "System"
    };
    event.text("IntegrityLevel", integrity);
    event.write_free("Hashes", |out| this.hashes(out));
    event.guid("ParentProcessGuid", parent.guid);
    event.number("ParentProcessId", parent.id.into());
    event.free("ParentImage", &parent.image);
    event.free("ParentCommandLine", &parent.command_line);
    // A machine can have several people on it, each with an explorer of their own.
    let parent_runs_as = if parent.user.is_some() { this } else { parent };
    event.text("ParentUser", account(world, parent_runs_as));
}

fn process_ended(event: &mut WindowsEvent, world: &mut World, host: usize, slot: usize) {
    begin(event, world, host, PROCESS_END);
    let this = world.processes.get(host, slot);
    process(event, this);
    event.text("User", account(world, this));
}

/// Event 3; to an address from outside unless one is given.
pub fn connected(
    event: &mut WindowsEvent,
    world: &mut World,
    host: usize,
    slot: usize,
    to: Option<(&[u8], &[u8])>,
) {
    begin(event, world, host, NETWORK_CONNECT);
    let (port, roll) = (world.any_port(), world.source.random.below(1000));
    let this = world.processes.get(host, slot);
    process(event, this);
    event.text("User", account(world, this));
    event.text("Protocol", "tcp");
    event.text("Initiated", "true");
    event.text("SourceIsIpv6", "false");
    event.text("SourceIp", &world.fleet.host(host).address);
    event.text("SourceHostname", &world.fleet.host(host).full_name);
    event.number("SourcePort", port);
    event.text("SourcePortName", "-");
    event.text("DestinationIsIpv6", "false");
    if let Some((address, name)) = to {
        event.text("DestinationIp", address);
        event.free("DestinationHostname", name);
    } else {
        event.write("DestinationIp", |out| outside_address(out, roll * 8));
        event.write_free("DestinationHostname", |out| {
            world.draw(out, |texts| &texts.domains, 0, host);
        });
    }
    event.number("DestinationPort", if roll % 10 == 0 { 80 } else { 443 });
    event.text(
        "DestinationPortName",
        if roll % 10 == 0 { "http" } else { "https" },
    );
}

fn image_loaded(event: &mut WindowsEvent, world: &mut World, host: usize, slot: usize) {
    begin(event, world, host, IMAGE_LOAD);
    let user = world.processes.get(host, slot).user;
    process(event, world.processes.get(host, slot));
    event.write_free("ImageLoaded", |out| {
        world.draw(out, |texts| &texts.libraries, user.unwrap_or(0), host);
    });
    let this = world.processes.get(host, slot);
    event.text("FileVersion", "10.0.19041.1 (WinBuild.160101.0800)");
    event.text("Description", "Shared library");
    event.text("Product", "Microsoft® Windows® Operating System");
    event.text("Company", "Microsoft Corporation");
    event.text("OriginalFileName", "-");
    event.write_free("Hashes", |out| this.hashes(out));
    event.text("Signed", "true");
    event.text("Signature", "Microsoft Windows");
    event.text("SignatureStatus", "Valid");
    event.text("User", account(world, this));
}

fn process_accessed(event: &mut WindowsEvent, world: &mut World, host: usize, slot: usize) {
    begin(event, world, host, PROCESS_ACCESS);
    let World {
        processes,
        fleet,
        source,
        ..
    } = world;
    let target = processes.any(host, fleet, source);
    let mut offsets = source.random.next();
    let (this, target) = (
        world.processes.get(host, slot),
        world.processes.get(host, target),
    );
    event.guid("SourceProcessGUID", this.guid);
    event.number("SourceProcessId", this.id.into());
    event.number("SourceThreadId", u64::from(this.id) + 8);
    event.free("SourceImage", &this.image);
    event.guid("TargetProcessGUID", target.guid);
    event.number("TargetProcessId", target.id.into());
    event.free("TargetImage", &target.image);
    event.text("GrantedAccess", "0x1000");
    event.write("CallTrace", |out| {
        // Not by chance alone: the same code is called again and again.
        offsets %= 16;
        for library in [
            "ntdll.dll",
            "KERNELBASE.dll",
            "sechost.dll",
            "KERNEL32.DLL",
            "ntdll.dll",
        ] {
            out.extend_from_slice(b"C:\\Windows\\System32\\");
            out.extend_from_slice(library.as_bytes());
            out.push(b'+');
            offsets = (offsets * 7919 + 4099) & 0xF_FFFF;
            super::super::text::hexadecimal_of(out, offsets, 5, super::super::text::Case::Lower);
            out.push(b'|');
        }
        out.pop();
    });
    event.text("SourceUser", account(world, this));
    event.text("TargetUser", account(world, target));
}

/// Event 11; any file unless one is given.
pub fn file_created(
    event: &mut WindowsEvent,
    world: &mut World,
    host: usize,
    slot: usize,
    file: Option<&[u8]>,
) {
    begin(event, world, host, FILE_CREATE);
    let user = world.processes.get(host, slot).user;
    process(event, world.processes.get(host, slot));
    match file {
        Some(file) => event.free("TargetFilename", file),
        None => event.write_free("TargetFilename", |out| {
            world.draw(out, |texts| &texts.files, user.unwrap_or(0), host);
        }),
    }
    utc_time(event, "CreationUtcTime", &world.moment);
    event.text("User", account(world, world.processes.get(host, slot)));
}

fn registry(event: &mut WindowsEvent, world: &mut World, host: usize, slot: usize, of: EventType) {
    event.begin(of, host);
    event.text("RuleName", "-");
    let is_value = of.id == REGISTRY_VALUE.id;
    event.text("EventType", if is_value { "SetValue" } else { "CreateKey" });
    utc_time(event, "UtcTime", &world.moment);
    let user = world.processes.get(host, slot).user;
    process(event, world.processes.get(host, slot));
    event.write_free("TargetObject", |out| {
        world.draw(out, |texts| &texts.registry_keys, user.unwrap_or(0), host);
    });
    if is_value {
        let value = u64::from(world.source.random.below(4));
        event.write("Details", |out| {
            out.extend_from_slice(b"DWORD (0x");
            super::super::text::hexadecimal_of(out, value, 8, super::super::text::Case::Lower);
            out.push(b')');
        });
    }
    event.text("User", account(world, world.processes.get(host, slot)));
}

fn dns_query(event: &mut WindowsEvent, world: &mut World, host: usize, slot: usize) {
    begin(event, world, host, DNS_QUERY);
    let this = world.processes.get(host, slot);
    event.guid("ProcessGuid", this.guid);
    event.number("ProcessId", this.id.into());
    event.write_free("QueryName", |out| {
        world.draw(out, |texts| &texts.domains, 0, host);
    });
    event.text("QueryStatus", "0");
    let number = world.source.random.below(1000) * 8;
    event.write("QueryResults", |out| {
        out.extend_from_slice(b"::ffff:");
        outside_address(out, number);
        out.push(b';');
    });
    let this = world.processes.get(host, slot);
    event.free("Image", &this.image);
    event.text("User", account(world, this));
}
