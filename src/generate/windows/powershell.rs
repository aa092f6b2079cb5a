//! Events of PowerShell.

use super::super::world::World;
use super::event::{Channel, EventType, WindowsEvent};

const fn powershell(id: u16, title: &'static str, task: &'static str) -> EventType {
    EventType {
        channel: Channel::PowerShell,
        id,
        task,
        title,
        provider: "Microsoft-Windows-PowerShell",
        provider_guid: "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}",
    }
}

const MODULE: EventType = powershell(
    4103,
    "CommandInvocation(Write-Output)",
    "Executing Pipeline",
);
const SCRIPT_BLOCK: EventType = powershell(
    4104,
    "Creating Scriptblock text (1 of 1):",
    "Execute a Remote Command",
);

/// One event of everyday work, or now and then a script that rules look for.
pub fn ordinary(event: &mut WindowsEvent, world: &mut World) {
    let (host, user) = (world.any_host(), world.any_user());
    if world.is_suspicious() {
        event.begin(SCRIPT_BLOCK, host);
        script(event, world, |out, world| {
            world.fill(out, |texts| &texts.suspicious_scripts, user, host);
        });
    } else if world.source.random.below(10) < 6 {
        event.begin(SCRIPT_BLOCK, host);
        script(event, world, |out, world| {
            world.draw(out, |texts| &texts.scripts, user, host);
        });
    } else {
        module(event, world, host, user);
    }
}

fn script(
    event: &mut WindowsEvent,
    world: &mut World,
    text: impl FnOnce(&mut Vec<u8>, &mut World),
) {
    event.text("MessageNumber", "1");
    event.text("MessageTotal", "1");
    event.write_free("ScriptBlockText", |out| text(out, world));
    let id = [world.source.random.next(), world.source.random.next()];
    event.guid("ScriptBlockId", id);
    event.text("Path", "");
}

fn module(event: &mut WindowsEvent, world: &mut World, host: usize, user: usize) {
    let id = [world.source.random.next(), world.source.random.next()];
    event.begin(MODULE, host);
    event.write("ContextInfo", |out| {
        out.extend_from_slice(b"Severity = Informational\nHost Name = ConsoleHost\nHost Version = 5.1.19041.1\nHost ID = ");
        super::super::text::guid(out, id, super::super::text::Case::Lower);
        out.extend_from_slice(b"\nHost Application = powershell.exe -NoProfile -File C:\\Scripts\\inventory.ps1\nEngine Version = 5.1.19041.1\nUser = ");
        out.extend_from_slice(&world.fleet.user(user).qualified);
        out.extend_from_slice(b"\nShell ID = Microsoft.PowerShell\n");
    });
    event.text("UserData", "");
    event.write_free("Payload", |out| {
        out.extend_from_slice(b"CommandInvocation(Write-Output): \"Write-Output\"\nParameterBinding(Write-Output): name=\"InputObject\"; value=\"");
        world.draw(out, |texts| &texts.files, user, host);
        out.push(b'"');
    });
}
