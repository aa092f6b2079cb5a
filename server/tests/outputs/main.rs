//! Findings on their way out: nothing is lost, each output goes on by itself, crashes only repeat.

mod files;
mod ocsf;
mod outbox;
mod rules_of_delivery;
mod settings;
mod store;
mod syslog;
mod webhook;
mod world;
