//! The pool that Rocket creates from the settings: the connection pool, and batching over it.

use std::sync::Arc;

use figment::Figment;
use rocket::async_trait;

use super::batch::{BatchMetrics, Batching};
use super::pool::{Connection, Pool};
use crate::config::{ConfigError, DatabaseConfig, DatabaseUrl};

/// The connection pool, and the lanes in which requests share statements on it.
#[derive(Debug, Clone)]
pub struct BatchedPool {
    pub(super) pool: Pool,
    /// `None` on SQLite, and if batching is off.
    pub(super) batching: Option<Arc<Batching>>,
    pub(super) batch_metrics: BatchMetrics,
}

#[async_trait]
impl rocket_db_pools::Pool for BatchedPool {
    type Connection = Connection;
    type Error = ConfigError;

    async fn init(figment: &Figment) -> Result<Self, ConfigError> {
        let settings: DatabaseConfig = figment.extract()?;
        warn_insecure_url(&settings.url);
        let batch_metrics = BatchMetrics::new().map_err(|error| {
            ConfigError::new("databases.todo.batch", format!("has no metrics ({error})"), "report this")
        })?;
        let pool = Pool::new(&settings, &batch_metrics)?;
        let is_postgres = matches!(settings.url, DatabaseUrl::Postgres { .. });
        let batching =
            (is_postgres && settings.batch).then(|| Batching::new(&pool, &settings, &batch_metrics));
        Ok(Self { pool, batching: batching.map(Arc::new), batch_metrics })
    }

    /// For the guard `Connection<Store>` of `rocket_db_pools`. No route uses it: each statement leases its connection.
    async fn get(&self) -> Result<Connection, ConfigError> {
        self.pool.writer().await.map_err(|problem| {
            ConfigError::new("databases.todo.url", format!("gives no connection ({problem})"), "see the log")
        })
    }

    /// Does nothing. Rocket calls it when the shutdown begins, while requests in flight still need connections. `serve` closes the pool when
    /// the last request has its response.
    async fn close(&self) {}
}

fn warn_insecure_url(url: &DatabaseUrl) {
    let DatabaseUrl::Postgres { options, ignored } = url else { return };
    for parameter in ignored {
        tracing::warn!(parameter, "the database URL has an unknown parameter; it is ignored");
    }
    let host = options.get_host();
    let local = options.get_socket().is_some() || ["localhost", "127.0.0.1", "::1"].contains(&host);
    if !local && !matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::VerifyFull) {
        tracing::warn!(host, "the database's certificate is not verified; sslmode=verify-full verifies it");
    }
}
