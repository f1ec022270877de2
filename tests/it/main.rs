//! Integration tests: the real server over HTTP, on both engines.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on should not"
)]

mod harness;

mod adopt;
mod architecture;
mod batching;
mod citus;
mod configuration;
mod connections;
mod cors;
mod crud;
mod declared_responses;
mod docs;
mod doctor;
mod durability;
mod enveloped;
mod frontends;
mod hostile_input;
mod identity;
mod isolation;
mod issuer;
mod jwks;
mod listing;
mod logs;
mod mcp;
mod metrics;
mod migrations;
mod outage;
mod panics;
mod pooler;
mod properties;
mod protocol;
mod schema;
mod shapes;
mod shutdown;
mod time_limits;
mod tls;
mod tokens;
mod traces;
mod welcome;
