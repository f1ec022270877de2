//! Statements on a distributed table. `scripts/scale` runs these tests where Citus is installed.

use sqlx::{Connection, PgConnection};
use todo_api::store::sql;

use crate::harness::{PostgresServer, is_citus_wanted};

/// Statements by name, with values for their parameters.
const SINGLE_SHARD: &[(&str, &str)] = &[
    ("LIST_DESCENDING", "'u', NULL, 'infinity', 1, 10"),
    ("LIST_ASCENDING", "'u', NULL, '-infinity', 1, 10"),
    ("PAGE_DESCENDING", "'u', NULL, 10, 0"),
    ("PAGE_ASCENDING", "'u', NULL, 10, 0"),
    ("COUNT", "'u', NULL"),
    ("GET", "1, 'u'"),
    ("CREATE", "'u', 't', NULL, false, now()"),
    ("UPDATE", "1, 'u', now(), 't', false, NULL, NULL"),
    ("SET_COMPLETED", "1, 'u', now(), NULL"),
    ("DELETE", "1, 'u'"),
];

/// Number of shards in the harness.
const SHARDS: usize = 4;

/// The plan of a statement of the store.
async fn plan(connection: &mut PgConnection, name: &str, values: &str) -> String {
    let statement = sql::ALL.iter().find(|it| it.0 == name).unwrap().1.postgres;
    let prepare = format!("DEALLOCATE ALL; PREPARE it AS {statement}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN EXECUTE it({values})"));
    let lines: Vec<(String,)> =
        sqlx::query_as(explain).persistent(false).fetch_all(&mut *connection).await.unwrap();
    lines.into_iter().map(|it| it.0).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_a_user_touch_one_shard() {
    if !is_citus_wanted() {
        // scripts/scale runs this test, and reports where Citus is missing.
        return;
    }
    let url = PostgresServer::shared().database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for (name, values) in SINGLE_SHARD {
        let plan = plan(&mut connection, name, values).await;
        assert!(plan.contains("Task Count: 1\n"), "{name}: {plan}");
    }
    let plan = plan(&mut connection, "EXISTS_FOR_OTHER_USER", "1, 'u'").await;
    assert!(plan.contains(&format!("Task Count: {SHARDS}\n")), "{plan}");
}
