//! The company: five sites with Windows machines, Linux servers in all of them, and the machines
//! that the story is about.

use std::ops::Range;

use super::super::fleet::{Fleet, Host};
use super::super::random::Random;
use super::SECOND;

/// Requests of the flood.
pub const FLOOD_REQUESTS: u32 = 300_000;
/// Servers that the malware comes to; the vault is one of them.
pub const INFECTED_SERVERS: usize = 45;
/// Workstations that it comes to.
pub const INFECTED_WORKSTATIONS: usize = 38;

/// No clock is further off.
pub const CLOCK_ERROR_MAX_NANOS: i64 = 90 * SECOND;

const SITES: [&str; 5] = ["harbor", "ridge", "moor", "quay", "crest"];
const WINDOWS_A_SITE: usize = 352;
/// Indices of the machines with Windows.
pub const WINDOWS: Range<usize> = 0..SITES.len() * WINDOWS_A_SITE;
/// Indices of those with Linux.
pub const LINUX: Range<usize> = WINDOWS.end..2000;
const USERS: u32 = 2600;

/// The server of a plant that keeps the drawings, at the site `ridge`.
pub const VAULT: usize = WINDOWS_A_SITE + 64;
/// Machines of the last site take no part in the attack.
const ATTACKED: Range<usize> = 0..4 * WINDOWS_A_SITE;
/// What looks like an attack and is none happens at the last site.
pub const CREST: usize = 4 * WINDOWS_A_SITE;

/// Machines and people. `with_traffic`: the machines that ordinary traffic is about.
pub fn fleet(with_traffic: Range<usize>) -> Fleet {
    Fleet::of_hosts((0..LINUX.end).map(host).collect(), USERS, with_traffic)
}

fn host(index: usize) -> Host {
    let linux = index.checked_sub(LINUX.start);
    let site = linux.map_or(index / WINDOWS_A_SITE, |number| number) % SITES.len();
    let plain = match linux {
        Some(number) => format!("lx-{:02}", number / SITES.len() + 1),
        None => Host::plain_name(index),
    };
    let name = format!("{}-{plain}", SITES[site]);
    let address = format!("10.{}.{}.{}", 20 + site, index / 250 % 250, index % 250 + 1);
    Host::named(&name, &address)
}

/// Whether a machine is a server; see [`Host::plain_name`].
pub fn is_server(host: usize) -> bool {
    host.is_multiple_of(4)
}

/// How far the clock of a machine is off: of one in forty some seconds, up to a minute and a half.
pub fn clock_error(host: usize) -> i64 {
    if host % 40 != 23 {
        return 0;
    }
    let seconds = i64::try_from(host * 7919 % 181).unwrap_or_default() - 90;
    seconds * SECOND
}

/// The machines that the malware comes to, in that order: four workstations, the vault, then
/// servers and workstations in turn until there are no more of them.
pub fn infected(seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed ^ 0x1F_EC7E_D000);
    let mut pick = |wanted: usize, accepts: &dyn Fn(usize) -> bool| {
        let mut picked = Vec::with_capacity(wanted);
        while picked.len() < wanted {
            let host = ATTACKED.start + random.index(ATTACKED.len());
            if host != VAULT && accepts(host) && !picked.contains(&host) {
                picked.push(host);
            }
        }
        picked
    };
    let servers = pick(INFECTED_SERVERS - 1, &is_server);
    let workstations = pick(INFECTED_WORKSTATIONS, &|host| !is_server(host));
    let (first, others) = workstations.split_at(4);
    let mut order = first.to_vec();
    order.push(VAULT);
    for at in 0..servers.len().max(others.len()) {
        order.extend(servers.get(at));
        order.extend(others.get(at));
    }
    order
}
