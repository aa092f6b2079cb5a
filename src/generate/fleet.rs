//! Who and what there is: machines and people, and how popular each of them is.
//!
//! Everything is made up. Names end in `.example`. Addresses from outside are those that RFC 5737
//! and RFC 3849 set aside for documentation; those of our own machines are private ones (RFC
//! 1918), since rules tell inside from outside by that.

use std::ops::Range;

use super::random::{Random, Zipf};
use super::template::lines;
use super::text;

const GIVEN: &str = include_str!("texts/given_names.txt");
const FAMILY: &str = include_str!("texts/family_names.txt");

/// The Windows domain that all belong to.
pub const DOMAIN: &[u8] = b"TIDEMARK";

const ROLES: [&str; 8] = ["web", "db", "file", "app", "mail", "build", "vpn", "print"];

/// One machine.
#[derive(Clone, Debug)]
pub struct Host {
    /// `ws-0042` or `web-03`.
    pub name: Box<[u8]>,
    /// With the domain.
    pub full_name: Box<[u8]>,
    /// Its address.
    pub address: Box<[u8]>,
}

/// One person.
#[derive(Clone, Debug)]
pub struct User {
    /// `mira.novik`
    pub name: Box<[u8]>,
    /// `TIDEMARK\mira.novik`
    pub qualified: Box<[u8]>,
    /// Security identifier.
    pub sid: Box<[u8]>,
}

/// Machines and people.
#[derive(Clone, Debug)]
pub struct Fleet {
    hosts: Box<[Host]>,
    users: Box<[User]>,
    /// The machine that has most of the traffic.
    busiest_host: usize,
    host_popularity: Zipf,
    user_popularity: Zipf,
}

impl Fleet {
    /// So many of each; at least one.
    pub fn new(hosts: u32, users: u32) -> Self {
        let (hosts, users) = (hosts.max(1) as usize, users.max(1) as usize);
        Self {
            hosts: (0..hosts).map(Host::new).collect(),
            users: (0..users).map(User::new).collect(),
            busiest_host: 0,
            host_popularity: Zipf::new(hosts),
            user_popularity: Zipf::new(users),
        }
    }

    /// Machines that are given, of which those of a range have traffic.
    pub fn of_hosts(hosts: Box<[Host]>, users: u32, with_traffic: Range<usize>) -> Self {
        Self {
            hosts,
            busiest_host: with_traffic.start,
            host_popularity: Zipf::new(with_traffic.len()),
            ..Self::new(1, users)
        }
    }

    /// The machine of an index; a wrong one leads to another machine.
    pub fn host(&self, index: usize) -> &Host {
        &self.hosts[index % self.hosts.len()]
    }

    /// The person of an index, likewise.
    pub fn user(&self, index: usize) -> &User {
        &self.users[index % self.users.len()]
    }

    /// How many machines there are.
    pub fn host_count(&self) -> usize {
        self.hosts.len()
    }

    /// A machine; a few have most of the traffic.
    pub fn any_host(&self, random: &mut Random) -> usize {
        self.busiest_host + self.host_popularity.draw(random)
    }

    /// A person, likewise.
    pub fn any_user(&self, random: &mut Random) -> usize {
        self.user_popularity.draw(random)
    }
}

impl Host {
    fn new(index: usize) -> Self {
        let name = Self::plain_name(index);
        let address = format!("10.20.{}.{}", index / 250 % 250, index % 250 + 1);
        let address = match index / 62_500 {
            0 => address,
            more => address.replacen("20", &(20 + more).to_string(), 1),
        };
        Self::named(&name, &address)
    }

    /// One of this name and address.
    pub fn named(name: &str, address: &str) -> Self {
        Self {
            full_name: format!("{name}.tidemark.example").into_bytes().into(),
            name: name.as_bytes().into(),
            address: address.as_bytes().into(),
        }
    }

    /// What the machine of a number is called: every fourth is a server.
    pub fn plain_name(index: usize) -> String {
        if index.is_multiple_of(4) {
            let role = ROLES[index / 4 % ROLES.len()];
            format!("{role}-{:02}", index / 32 + 1)
        } else {
            format!("ws-{index:04}")
        }
    }
}

impl User {
    fn new(index: usize) -> Self {
        let (given, family) = (lines(GIVEN).count(), lines(FAMILY).count());
        let given_name = lines(GIVEN).nth(index % given).unwrap_or("kim");
        let family_name = lines(FAMILY)
            .nth((index / given + index * 5) % family)
            .unwrap_or("doe");
        let name = match index / (given * family) {
            0 => format!("{given_name}.{family_name}"),
            more => format!("{given_name}.{family_name}{more}"),
        };
        let sid = format!("S-1-5-21-1390067357-725345543-839522115-{}", 1000 + index);
        Self {
            qualified: [DOMAIN, b"\\", name.as_bytes()].concat().into(),
            name: name.into_bytes().into(),
            sid: sid.into_bytes().into(),
        }
    }
}

/// Appends an address from outside.
pub fn outside_address(out: &mut Vec<u8>, number: u32) {
    if number % 8 == 7 {
        out.extend_from_slice(b"2001:db8:f0:");
        text::hexadecimal_of(out, u64::from(number >> 16), 4, text::Case::Lower);
        out.extend_from_slice(b"::");
        text::hexadecimal_of(out, u64::from(number & 0xFFFF), 4, text::Case::Lower);
        return;
    }
    let network: &[u8] = if number.is_multiple_of(2) {
        b"198.51.100."
    } else {
        b"203.0.113."
    };
    out.extend_from_slice(network);
    text::decimal(out, u64::from(number / 8 % 254 + 1));
}
