//! The database as `rocket_db_pools` sees it: the connection pool, and the batches over it.

use std::sync::Arc;

use figment::Figment;
use rocket::async_trait;

use super::batch::{BatchMetrics, Batches};
use super::pool::{Connection, Pool};
use crate::config::{ConfigError, DatabaseConfig, DatabaseUrl};

/// The connections, and the batches that share statements on them.
#[derive(Debug, Clone)]
pub struct Database {
    pub(super) pool: Pool,
    pub(super) batches: Option<Arc<Batches>>,
    pub(super) batch_metrics: BatchMetrics,
}

#[async_trait]
impl rocket_db_pools::Pool for Database {
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
        let batches = (is_postgres && settings.batch).then(|| Batches::new(&pool, &settings, &batch_metrics));
        Ok(Self { pool, batches: batches.map(Arc::new), batch_metrics })
    }

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
