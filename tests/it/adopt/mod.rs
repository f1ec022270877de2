//! `todo-api adopt`: a database of another program is served in place.

mod constraints;
mod crash;
mod guarantees;
mod lifecycle;
mod locks;
mod million;
mod partitioned;
mod proxy;
mod roles;
mod schemas;
mod serving;
mod settling;
mod wary;

use std::process::Output;

use serde_json::Value;
use sqlx::{Connection, PgConnection};

use crate::harness::{Engine, PostgresServer, Server, ServerConfig};
use schemas::Legacy;

/// A database of another program, with the configuration of a server on it.
struct LegacyDatabase {
    legacy: &'static Legacy,
    config: ServerConfig,
    connection: PgConnection,
    url: String,
}

impl LegacyDatabase {
    async fn create(legacy: &'static Legacy) -> Self {
        Self::create_on(PostgresServer::shared(), legacy).await
    }

    async fn create_on(cluster: &PostgresServer, legacy: &'static Legacy) -> Self {
        let url = cluster.database().await;
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(legacy.sql).execute(&mut connection).await.unwrap();
        let config = ServerConfig::with_database(Engine::Sqlite).await.with("DATABASE_URL", &url);
        Self { legacy, config, connection, url }
    }

    /// Runs `adopt` with the arguments of this database and others.
    async fn adopt(&self, more: &[&str]) -> Output {
        let arguments: Vec<&str> =
            ["adopt"].iter().chain(self.legacy.arguments).chain(more).copied().collect();
        self.config.run(&arguments).await
    }

    async fn apply(&self) {
        let output = self.adopt(&["--apply"]).await;
        assert!(output.status.success(), "{}", text(&output));
    }

    /// A server that finds the view by a parameter of its URL.
    async fn start_server(&self) -> Server {
        let url = format!("{}?options=-c%20search_path%3Dtodo_api", self.url);
        let server = self.config.clone().with("DATABASE_URL", &url).start().await;
        server.wait_for_readyz(true).await;
        server
    }

    async fn execute(&mut self, sql: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut self.connection).await.unwrap();
    }

    async fn query<T>(&mut self, sql: &str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
    {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned())).persistent(false);
        query.fetch_one(&mut self.connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// All columns of all rows.
    async fn rows(&mut self) -> Value {
        let table = self.legacy.table;
        let rows: String = self
            .query(&format!(
                "SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t::text), '[]')::text FROM {table} AS t"
            ))
            .await;
        serde_json::from_str(&rows).unwrap()
    }

    /// Everything in the catalogue that is not PostgreSQL's: relations, columns, defaults, constraints, indexes, triggers, functions, types and rights.
    async fn catalogue(&mut self) -> String {
        self.query(
            "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
               SELECT format('%s %s %s %s', n.nspname, c.relname, c.relkind, c.relacl) AS line FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                 WHERE n.nspname !~ '^pg_|^information_schema'
               UNION ALL SELECT format('%s %s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
                 pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = relnamespace
                 LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE n.nspname !~ '^pg_|^information_schema' AND a.attnum > 0
               UNION ALL SELECT conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid <> 0
               UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname !~ '^pg_'
               UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
               UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_|^information_schema')
               UNION ALL SELECT nspname || nspacl::text FROM pg_namespace
               UNION ALL SELECT format('%s %s', setrole, setconfig) FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
             ) AS lines",
        )
        .await
    }

    /// Runs a command without another session in the database. The next use must be `reconnect`.
    async fn disconnected(&mut self, arguments: &[&str]) -> Output {
        self.disconnect().await;
        self.config.run(arguments).await
    }

    /// Leaves the database without a session. The connection is to another database until `reconnect`.
    async fn disconnect(&mut self) {
        let (server, _) = self.url.rsplit_once('/').unwrap();
        let other = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
        std::mem::replace(&mut self.connection, other).close().await.unwrap();
        // A closed session ends a moment later.
        self.sessions_end("true").await;
    }

    async fn reconnect(mut self) -> Self {
        self.connection = PgConnection::connect(&self.url).await.unwrap();
        self
    }

    /// Runs a command that needs the database for itself, and asserts that it succeeds.
    async fn reconnect_after(mut self, arguments: &[&str]) -> Self {
        let output = self.disconnected(arguments).await;
        assert!(output.status.success(), "{}", text(&output));
        self.reconnect().await
    }
}

/// Both outputs of a command.
fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
