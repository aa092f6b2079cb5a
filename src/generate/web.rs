//! Lines of a web server's access log, in Apache's combined format.

use super::linux::{Envelope, client, header, observed};
use super::text::decimal;
use super::world::World;

/// One request on an ordinary day, or now and then one that rules look for.
pub fn access(out: &mut Vec<u8>, world: &mut World, envelope: Envelope) {
    let (host, user) = (world.any_host(), world.any_user());
    let is_suspicious = world.is_suspicious();
    let roll = world.source.random.below(100);
    server(out, world, host, envelope);
    client(out, world);
    out.extend_from_slice(b" - ");
    if roll < 12 {
        out.extend_from_slice(&world.fleet.user(user).name);
    } else {
        out.push(b'-');
    }
    time(out, world);
    out.extend_from_slice(if roll < 88 { b"GET " } else { b"POST " });
    observed(out, world, "cs-uri", |out, world| {
        if is_suspicious {
            world.fill(out, |texts| &texts.suspicious_uris, user, host);
        } else {
            world.draw(out, |texts| &texts.uris, user, host);
        }
    });
    out.extend_from_slice(b" HTTP/1.1\" ");
    let status = match roll {
        0..3 => 404,
        3..6 => 304,
        6..9 => 302,
        9 => 500,
        _ => 200,
    };
    decimal(out, status);
    out.push(b' ');
    decimal(out, 180 + u64::from(world.source.random.below(48_000)));
    out.extend_from_slice(b" \"https://www.tidemark.example/\" \"");
    observed(out, world, "cs-user-agent", |out, world| {
        world.draw(out, |texts| &texts.agents, user, host);
    });
    out.push(b'"');
}

/// One request of an attacker's program.
pub fn automated_access(
    out: &mut Vec<u8>,
    world: &mut World,
    envelope: Envelope,
    (host, address): (usize, &[u8]),
    number: u32,
) {
    server(out, world, host, envelope);
    out.extend_from_slice(address);
    out.extend_from_slice(b" - -");
    time(out, world);
    out.extend_from_slice(b"GET /search?q=item&page=");
    decimal(out, number.into());
    out.extend_from_slice(b" HTTP/1.1\" 200 5120 \"-\" \"fetchloop/2.4\"");
}

fn server(out: &mut Vec<u8>, world: &World, host: usize, envelope: Envelope) {
    if envelope == Envelope::Syslog {
        header(out, envelope, world, host, (134, "apache2", None));
    }
}

/// Appends the time between user and request.
pub fn time(out: &mut Vec<u8>, world: &World) {
    out.extend_from_slice(b" [");
    world.moment.access_log(out);
    out.extend_from_slice(b"] \"");
}
