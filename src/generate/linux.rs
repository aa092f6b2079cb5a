//! Lines of a Linux machine: logins by SSH, commands by sudo, packets of the kernel's firewall.

use super::fleet::outside_address;
use super::text::{self, Case, decimal};
use super::world::World;

/// What stands around a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// What the format itself says.
    Own,
    /// A header of RFC 5424, as a collector of many sources adds it.
    Syslog,
}

/// Appends what stands in front of a message. A file has times with a year (as rsyslog writes
/// them today), so that it reads the same in any year.
pub fn header(
    out: &mut Vec<u8>,
    envelope: Envelope,
    world: &World,
    host: usize,
    (priority, program, process_id): (u8, &str, Option<u64>),
) {
    let name = &world.fleet.host(host).name;
    match envelope {
        Envelope::Own => {
            out.extend_from_slice(world.moment.iso());
            out.extend_from_slice(b"+00:00 ");
            out.extend_from_slice(name);
            out.push(b' ');
            out.extend_from_slice(program.as_bytes());
            if let Some(id) = process_id {
                out.push(b'[');
                decimal(out, id);
                out.push(b']');
            }
            out.extend_from_slice(b": ");
        }
        Envelope::Syslog => {
            out.push(b'<');
            decimal(out, priority.into());
            out.extend_from_slice(b">1 ");
            out.extend_from_slice(world.moment.iso());
            out.extend_from_slice(b"Z ");
            out.extend_from_slice(name);
            out.push(b' ');
            out.extend_from_slice(program.as_bytes());
            out.push(b' ');
            match process_id {
                Some(id) => decimal(out, id),
                None => out.push(b'-'),
            }
            out.extend_from_slice(b" - - ");
        }
    }
}

/// Appends what the function does, and counts it as a value of free text.
pub fn observed(
    out: &mut Vec<u8>,
    world: &mut World,
    field: &str,
    append: impl FnOnce(&mut Vec<u8>, &mut World),
) {
    let start = out.len();
    append(out, world);
    world.source.repetition.observe(field, &out[start..]);
}

/// Appends the address of a client from outside.
pub fn client(out: &mut Vec<u8>, world: &mut World) {
    observed(out, world, "src_ip", |out, world| {
        let random = &mut world.source.random;
        if world.source.repetition.fresh(random) {
            outside_address(out, random.next() as u32 | 7);
        } else {
            let number = random.below(24) * random.below(24);
            outside_address(out, number * 8 + number % 2);
        }
    });
}

/// One line of sshd on an ordinary day.
pub fn sshd(out: &mut Vec<u8>, world: &mut World, envelope: Envelope) {
    let (host, user) = (world.any_host(), world.any_user());
    let roll = world.source.random.below(100);
    let put = Vec::extend_from_slice;
    sshd_header(out, world, host, envelope);
    let name = world.fleet.user(user).name.clone();
    let (before, after): (&[u8], &[u8]) = match roll {
        0..36 => (b"Accepted publickey for ", b" ssh2: ED25519 SHA256:"),
        36..46 => (b"Accepted password for ", b" ssh2"),
        46..52 => (b"Failed password for ", b" ssh2"),
        52..62 => (b"pam_unix(sshd:session): session closed for user ", b""),
        62..72 => (b"Connection closed by authenticating user ", b" [preauth]"),
        72..94 => (b"Disconnected from user ", b""),
        _ => (b"Invalid user ", b""),
    };
    put(out, before);
    if roll >= 94 {
        world.draw(out, |texts| &texts.accounts, user, host);
    } else {
        put(out, &name);
    }
    if (52..62).contains(&roll) {
        return;
    }
    put(
        out,
        if (62..94).contains(&roll) {
            b" "
        } else {
            b" from "
        },
    );
    client(out, world);
    put(out, b" port ");
    decimal(out, world.any_port());
    put(out, after);
    if roll < 36 {
        // The key of a person is always the same.
        let mut key = super::random::Random::new(user as u64);
        text::hexadecimal(out, 40, Case::Lower, &mut key);
    }
}

fn sshd_header(out: &mut Vec<u8>, world: &mut World, host: usize, envelope: Envelope) {
    let id = 1000 + u64::from(world.source.random.below(60_000));
    header(out, envelope, world, host, (86, "sshd", Some(id)));
}

/// A login by password of an attacker.
pub fn sshd_password(
    out: &mut Vec<u8>,
    world: &mut World,
    envelope: Envelope,
    (outcome, user): (&[u8], &[u8]),
    (host, address): (usize, &[u8]),
) {
    sshd_header(out, world, host, envelope);
    out.extend_from_slice(outcome);
    out.extend_from_slice(b" password for ");
    out.extend_from_slice(user);
    out.extend_from_slice(b" from ");
    out.extend_from_slice(address);
    out.extend_from_slice(b" port ");
    decimal(out, world.any_port());
    out.extend_from_slice(b" ssh2");
}

/// One line of sudo.
pub fn sudo(out: &mut Vec<u8>, world: &mut World, envelope: Envelope) {
    let (host, user) = (world.any_host(), world.any_user());
    let is_suspicious = world.is_suspicious();
    let id = 1000 + u64::from(world.source.random.below(60_000));
    let put = Vec::extend_from_slice;
    header(out, envelope, world, host, (86, "sudo", Some(id)));
    let name = world.fleet.user(user).name.clone();
    put(out, &name);
    put(out, b" : ");
    if world.source.random.below(50) == 0 {
        put(out, b"3 incorrect password attempts ; ");
    }
    put(out, b"TTY=pts/");
    decimal(out, user as u64 % 6);
    put(out, b" ; PWD=/home/");
    put(out, &name);
    put(out, b" ; USER=root ; COMMAND=");
    observed(out, world, "COMMAND", |out, world| {
        if is_suspicious {
            world.fill(out, |texts| &texts.suspicious_sudo_commands, user, host);
        } else {
            world.draw(out, |texts| &texts.sudo_commands, user, host);
        }
    });
}

/// One packet.
pub fn netfilter(out: &mut Vec<u8>, world: &mut World, envelope: Envelope) {
    let host = world.any_host();
    let put = Vec::extend_from_slice;
    header(out, envelope, world, host, (4, "kernel", None));
    out.push(b'[');
    world.moment.uptime(out);
    let is_blocked = world.source.random.below(4) > 0;
    put(
        out,
        if is_blocked {
            b"] [UFW BLOCK] "
        } else {
            b"] [UFW ALLOW] "
        },
    );
    put(
        out,
        b"IN=eth0 OUT= MAC=02:00:5e:00:53:01:02:00:5e:00:53:fe:08:00 SRC=",
    );
    client(out, world);
    put(out, b" DST=");
    put(out, &world.fleet.host(host).address);
    let (port, service) = (
        world.any_port(),
        world
            .source
            .random
            .of([22, 23, 80, 443, 445, 1433, 3389, 5060, 8080]),
    );
    put(out, b" LEN=");
    decimal(out, 40 + port % 3 * 4);
    put(out, b" TOS=0x00 PREC=0x00 TTL=");
    decimal(out, 44 + port % 12);
    put(out, b" ID=");
    decimal(out, port * 7 % 65_536);
    put(out, b" DF PROTO=TCP SPT=");
    decimal(out, port);
    put(out, b" DPT=");
    decimal(out, service);
    put(out, b" WINDOW=64240 RES=0x00 SYN URGP=0");
}
