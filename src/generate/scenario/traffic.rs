//! Requests to the company's web servers: the vault of drawings, and all the others.

use super::super::linux::observed;
use super::super::pool::Pool;
use super::super::template::lines;
use super::super::text::decimal;
use super::super::web;
use super::super::world::World;
use super::company;

/// How people ask the vault: path and what follows it.
const VAULT_PAGES: &str = include_str!("../texts/vault_pages.txt");
/// One request in so many goes to the vault.
const VAULT_SHARE_PERCENT: u32 = 30;
/// Web servers are every thirty-second machine.
const WEB_SERVER_STEP: usize = 32;

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The machine that answers.
    pub server: usize,
    /// The machine that asks.
    pub client: usize,
    /// The account that it logs on with.
    pub account: &'a [u8],
    /// `GET /path`
    pub line: &'a [u8],
    /// How many bytes the answer has.
    pub bytes: u64,
    /// The program that asks.
    pub agent: &'a [u8],
}

/// Requests of people.
#[derive(Debug)]
pub struct Requests {
    vault_pages: Vec<&'static str>,
    line: Vec<u8>,
    agent: Vec<u8>,
}

impl Requests {
    /// With the pages of the vault.
    pub fn new() -> Self {
        Self {
            vault_pages: lines(VAULT_PAGES).collect(),
            line: Vec::new(),
            agent: Vec::new(),
        }
    }

    /// One request on an ordinary day.
    pub fn write_ordinary(&mut self, out: &mut Vec<u8>, world: &mut World) {
        let (client, user) = (world.any_host(), world.any_user());
        self.line.clear();
        self.line.extend_from_slice(b"GET ");
        let to_vault = world.source.random.below(100) < VAULT_SHARE_PERCENT;
        let server = if to_vault {
            let page = world.source.random.index(self.vault_pages.len());
            let page = self.vault_pages.get(page).copied().unwrap_or("/");
            self.line.extend_from_slice(page.as_bytes());
            decimal(&mut self.line, world.source.random.below(60_000).into());
            company::VAULT
        } else {
            observed(&mut self.line, world, "cs-uri", |line, world| {
                world.draw(line, |texts| &texts.uris, user, client);
            });
            let servers = company::WINDOWS.len() / WEB_SERVER_STEP;
            world.source.random.index(servers) * WEB_SERVER_STEP
        };
        self.agent.clear();
        observed(&mut self.agent, world, "cs-user-agent", |agent, world| {
            world.draw(agent, |texts| -> &Pool { &texts.agents }, user, client);
        });
        let account = world.fleet.user(user).name.clone();
        let request = Request {
            server,
            client,
            account: &account,
            line: &self.line,
            bytes: 400 + u64::from(world.source.random.below(90_000)),
            agent: &self.agent,
        };
        request.write(out, world);
    }
}

impl Request<'_> {
    /// Appends its line in the log of the server.
    pub fn write(&self, out: &mut Vec<u8>, world: &World) {
        let name = &world.fleet.host(self.server).full_name;
        out.extend_from_slice(b"<134>1 ");
        out.extend_from_slice(world.moment.iso());
        out.extend_from_slice(b"Z ");
        out.extend_from_slice(name);
        out.extend_from_slice(b" apache2 - - - ");
        out.extend_from_slice(&world.fleet.host(self.client).address);
        out.extend_from_slice(b" - ");
        out.extend_from_slice(self.account);
        web::time(out, world);
        out.extend_from_slice(self.line);
        out.extend_from_slice(b" HTTP/1.1\" 200 ");
        decimal(out, self.bytes);
        out.extend_from_slice(b" \"-\" \"");
        out.extend_from_slice(self.agent);
        out.push(b'"');
    }
}
