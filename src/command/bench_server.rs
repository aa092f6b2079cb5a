//! `yagura bench --server`: what a server that runs takes, and how soon it tells.

use std::fs;
use std::num::NonZeroUsize;

use clap::Args;

use super::bench::{BenchArgs, write};
use crate::bench::server::lines::Lines;
use crate::bench::server::sender::Protocol;
use crate::bench::server::{self, Order};
use crate::failure::{Exit, Failure};
use crate::generate::Kind;
use crate::standard_output::print;

/// What only a server is asked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Of a server")]
pub struct ServerArgs {
    /// Measure the server whose HTTP listener is there; PATHs are what is sent, else lines like
    /// those of `yagura gen`
    #[arg(long, value_name = "HOST:PORT", conflicts_with_all = [
        "rules", "threads", "rules_sweep", "stage", "html", "profile_rules", "format",
        "placeholders", "allow_no_detections"])]
    pub server: Option<String>,
    /// How events are sent
    #[arg(long, value_enum, default_value = "syslog-tcp", requires = "server")]
    protocol: Protocol,
    /// Where to, if the server does not say or listens elsewhere
    #[arg(long, value_name = "HOST:PORT", requires = "server")]
    to: Option<String>,
    /// Connections at a time
    #[arg(long, value_name = "N", default_value = "1", requires = "server")]
    connections: NonZeroUsize,
    /// Events a second in all; as many as the server takes without
    #[arg(long, value_name = "EVENTS_PER_SECOND", requires = "server",
          value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// What the server's API wants to see
    #[arg(
        long,
        env = "YAGURA_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        requires = "server"
    )]
    token: Option<String>,
}

/// Runs it. Something that was sent and not evaluated is an error.
pub fn run(args: &BenchArgs, server: &str) -> Result<Exit, Failure> {
    let of_server = &args.server;
    let lines = lines(args)?;
    let order = Order {
        server,
        token: of_server.token.as_deref(),
        protocol: of_server.protocol,
        to: of_server.to.as_deref(),
        lines: &lines,
        connections: of_server.connections,
        duration: args.duration,
        rate: of_server.rate.map(u64::from),
    };
    let report = server::run(&order)?;
    print(&report.to_string())?;
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report);
        let text = text.map_err(|error| Failure::Output(error.into()))?;
        write(path, &(text + "\n"))?;
    }
    Ok(if report.is_complete() {
        Exit::Success
    } else {
        Exit::Errors
    })
}

fn lines(args: &BenchArgs) -> Result<Lines, Failure> {
    if args.paths.is_empty() {
        return Ok(Lines::generated(match args.server.protocol {
            Protocol::Http => Kind::ALL[0].1,
            _ => Kind::Sshd,
        }));
    }
    let limit = args.input_limit.get().saturating_mul(1_000_000);
    let mut text = Vec::new();
    for path in &args.paths {
        let of_file = fs::read(path).map_err(|error| {
            Failure::Server(format!("{} cannot be read: {error}", path.display()))
        })?;
        text.extend_from_slice(&of_file);
        text.push(b'\n');
        text.truncate(limit);
    }
    let lines = Lines::of(&text);
    if lines.len() == 0 {
        return Err(Failure::NoInput);
    }
    Ok(lines)
}
