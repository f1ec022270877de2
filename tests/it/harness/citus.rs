//! Databases on Citus, for `scripts/scale`. The table of the tasks is distributed by the statements of docs/SCALING.md, on a single node.

use std::process::Command;

use sqlx::{Connection, PgConnection};

/// Settings that Citus needs. Without TLS, for which Citus would otherwise create a self-signed certificate.
pub const SETTINGS: &str = "-c shared_preload_libraries=citus -c max_prepared_transactions=200 -c citus.shard_count=4 -c ssl=off \
    -c citus.node_conninfo=sslmode=disable";

/// Whether every database of the tests is distributed.
pub fn is_wanted() -> bool {
    std::env::var_os("TEST_ON_CITUS").is_some()
}

/// Migrates an empty database and distributes its tasks.
pub async fn distribute_tasks(url: &str, port: u16) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let mut execute = async |sql: String| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    };
    execute(format!("CREATE EXTENSION citus; SELECT citus_set_coordinator_host('127.0.0.1', {port})")).await;
    execute(
        "SELECT citus_set_node_property('127.0.0.1', nodeport, 'shouldhaveshards', true) FROM pg_dist_node"
            .to_owned(),
    )
    .await;
    let migrated = Command::new(env!("CARGO_BIN_EXE_todo-api"))
        .arg("migrate")
        .env_clear()
        .env("DATABASE_URL", url)
        .status()
        .unwrap();
    assert!(migrated.success());
    let document = include_str!("../../../docs/SCALING.md");
    let (_, step) = document.split_once("**5. Distribute the table.**").unwrap();
    let (_, block) = step.split_once("```sql\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    for statement in block.lines().filter(|line| !line.starts_with("--")) {
        execute(statement.to_owned()).await;
    }
}
