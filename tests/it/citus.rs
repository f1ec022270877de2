//! Statements on a distributed table. `scripts/scale` runs these tests where Citus is installed.

use sqlx::{Connection, PgConnection};
use todo_api::store::sql;

use crate::harness::{Engine, PostgresServer, ServerConfig, is_citus_wanted};

/// Statements by name, with values for their parameters.
const SINGLE_SHARD: &[(&str, &str)] = &[
    ("LIST_DESCENDING", "'u', NULL, 'infinity', 1, 10"),
    ("LIST_ASCENDING", "'u', NULL, '-infinity', 1, 10"),
    ("PAGE_DESCENDING", "'u', NULL, 10, 0"),
    ("PAGE_ASCENDING", "'u', NULL, 10, 0"),
    ("COUNT", "'u', NULL"),
    ("GET", "1, 'u'"),
    ("CREATE", r#"'u', 't', NULL, false, now(), '{"priority":"high"}'"#),
    ("UPDATE", r#"1, 'u', now(), 't', false, NULL, false, true, '{"priority":"high"}'"#),
    (
        "UPDATE_IN_STATE",
        r#"1, 'u', now(), 't', false, NULL, false, true, NULL, 'status', 'pending', '["pending","in_progress"]'"#,
    ),
    ("DELETE", "1, 'u'"),
    (
        "FIND_DESCENDING",
        r#"'u', NULL, 'text', '[["priority",["high"],"low"]]', 'title', NULL, NULL, NULL, 10, 0"#,
    ),
    (
        "FIND_ASCENDING",
        r#"'u', NULL, 'text', '[["priority",["high"],"low"]]', 'title', NULL, NULL, NULL, 10, 0"#,
    ),
    ("COUNT_FOUND", r#"'u', NULL, 'text', '[["priority",["high"],"low"]]'"#),
    ("GET_FOUND", "'u', '[1, 2]'"),
];

/// Statements on other tables, and the one that reads the tasks of all users.
const OTHERS: [&str; 3] = ["EXISTS_FOR_OTHER_USER", "MIGRATIONS_TABLE_COUNT", "MIGRATION_APPLIED"];

/// Number of shards in the harness.
const SHARDS: usize = 4;

/// Shared statements by name, with values for their parameters.
const SHARED: &[(&str, &str)] = &[
    ("GET_MANY", "ARRAY[1, 2], ARRAY['u', 'v']"),
    (
        "CREATE_MANY",
        "ARRAY['u', 'v'], ARRAY['t', 't'], ARRAY[NULL, 'd'], ARRAY[true, false], ARRAY[now(), now()]",
    ),
    ("LIST_MANY_DESCENDING", "ARRAY['u', 'v'], ARRAY[NULL, true], ARRAY[10, 10]"),
    ("LIST_MANY_ASCENDING", "ARRAY['u', 'v'], ARRAY[NULL, true], ARRAY[10, 10]"),
];

/// The plan of a statement of the store.
async fn plan(connection: &mut PgConnection, name: &str, values: &str) -> sqlx::Result<String> {
    let single = sql::ALL.iter().map(|(name, statement)| (*name, statement.postgres));
    let statement = single.chain(sql::ALL_POSTGRES.iter().copied()).find(|it| it.0 == name).unwrap().1;
    let prepare = format!("DEALLOCATE ALL; PREPARE it AS {statement}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(prepare)).execute(&mut *connection).await.unwrap();
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN EXECUTE it({values})"));
    let lines: Vec<(String,)> = sqlx::query_as(explain).persistent(false).fetch_all(&mut *connection).await?;
    Ok(lines.into_iter().map(|it| it.0).collect::<Vec<_>>().join("\n"))
}

/// Runs without Citus as well, so that a new statement is not forgotten here.
#[test]
fn each_statement_on_the_tasks_of_a_user_has_values_for_its_plan() {
    let names: Vec<&str> = SINGLE_SHARD.iter().map(|it| it.0).chain(OTHERS).collect();
    let missing: Vec<&str> = sql::ALL.iter().map(|it| it.0).filter(|it| !names.contains(it)).collect();
    assert_eq!((missing, names.len()), (Vec::new(), sql::ALL.len()));
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
        let plan = plan(&mut connection, name, values).await.unwrap();
        assert!(plan.contains("Task Count: 1\n"), "{name}: {plan}");
    }
    let plan = plan(&mut connection, "EXISTS_FOR_OTHER_USER", "1, 'u'").await.unwrap();
    assert!(plan.contains(&format!("Task Count: {SHARDS}\n")), "{plan}");
}

/// The reason for `batch = false` in docs/SCALING.md. The tests of `batching` show that the responses are right nevertheless.
#[tokio::test(flavor = "multi_thread")]
async fn shared_statements_touch_every_shard_or_are_refused() {
    if !is_citus_wanted() {
        return;
    }
    let url = PostgresServer::shared().database().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for (name, values) in SHARED {
        match plan(&mut connection, name, values).await {
            Ok(plan) => {
                let is_on_all = plan.contains(&format!("Task Count: {SHARDS}\n"));
                assert!(is_on_all || plan.contains("pull to coordinator"), "{name}: {plan}");
            }
            Err(error) => {
                let code = error.as_database_error().unwrap().code().unwrap().into_owned();
                assert_eq!(
                    (code.as_str(), name.starts_with("LIST_MANY")),
                    ("0A000", true),
                    "{name}: {error}"
                );
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_warns_of_batches_on_a_distributed_table() {
    if !is_citus_wanted() {
        return;
    }
    let config = ServerConfig::with_database(Engine::Postgres).await;
    for (batch, level) in [("true", "warn"), ("false", "ok")] {
        let settings = format!("{{todo={{batch={batch}}}}}");
        let output = config.clone().with("ROCKET_DATABASES", &settings).run(&["doctor"]).await;
        let report = String::from_utf8(output.stdout).unwrap();
        let line = report.lines().find(|line| line.contains(" schema: ")).unwrap();
        assert!(line.starts_with(level), "{line}");
        assert_eq!(line.contains("databases.todo.batch = false"), batch == "true", "{line}");
    }
}
