//! Test harness: for each test a separate database, the real server and an HTTP client.

mod citus;
mod client;
mod disk;
mod issuer;
mod openapi;
mod pgbouncer;
mod postgres;
mod server;
mod tokens;

pub use citus::is_wanted as is_citus_wanted;
pub use client::{Response, TestClient, send_raw, send_raw_half_closed};
pub use disk::Fault;
pub use issuer::{ISSUER, JwksResponse, JwksServer, Signer, base64, http};
pub use openapi::{declared_responses, seen_responses};
pub use pgbouncer::PgBouncer;
pub use postgres::{PostgresServer, free_port};
pub use rustix::process::Signal;
pub use server::{Engine, Server, ServerConfig, TEST_TIMEOUT};
pub use tokens::{SECRET, claims, now, signed, token_for};

/// Runs each test on both engines. The test's name ends with the name of the engine.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($engine:ident: Engine) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn case($engine: Engine) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                case(Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                case(Engine::Postgres).await;
            }
        }
    )*};
}
