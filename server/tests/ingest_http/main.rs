//! The inputs over HTTP, as their clients see them.

mod cases;
mod grpc;
mod laws;
mod serving;
mod stage;
