//! Planning and applying, and what a server on such a database does.

use serde_json::{Value, json};

use super::schemas::{self, Legacy};
use super::{LegacyDatabase, text};
use crate::harness::{Engine, ServerConfig};

#[tokio::test(flavor = "multi_thread")]
async fn server_refuses_a_foreign_table_and_changes_nothing() {
    let mut db = LegacyDatabase::create(&schemas::SQLMODEL_TASKS).await;
    let before = (db.catalogue().await, db.rows().await);
    let started = db.config.run(&[]).await;
    assert_eq!(started.status.code(), Some(1));
    assert!(
        text(&started)
            .contains("public.tasks belongs to another program; see what todo-api adopt makes of it"),
        "{}",
        text(&started)
    );
    let migrated = db.config.run(&["migrate"]).await;
    assert_eq!(migrated.status.code(), Some(1));
    let line = String::from_utf8(migrated.stderr).unwrap();
    assert!(line.contains("todo-api adopt") && line.trim_end().lines().count() == 1, "{line}");
    let doctor = db.config.run(&["doctor"]).await;
    assert!(
        text(&doctor).contains("FAIL  schema: public.tasks belongs to another program"),
        "{}",
        text(&doctor)
    );
    assert_eq!((db.catalogue().await, db.rows().await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_refuses_an_adopted_database_whose_view_it_does_not_see() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    db.apply().await;
    let before = db.catalogue().await;
    let started = db.config.run(&[]).await;
    assert_eq!(started.status.code(), Some(1));
    assert!(
        text(&started).contains("the search_path of this connection does not lead to the schema todo_api"),
        "{}",
        text(&started)
    );
    assert_eq!(db.catalogue().await, before, "no second table of tasks is created");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_refuses_a_view_of_an_older_release_until_it_is_applied_again() {
    let mut db = LegacyDatabase::create(&schemas::SQLMODEL_TASKS).await;
    db.apply().await;
    db.execute("DELETE FROM todo_api._sqlx_migrations").await;
    let url = format!("{}?options=-c%20search_path%3Dtodo_api", db.url);
    let output = db.config.clone().with("DATABASE_URL", &url).run(&["migrate"]).await;
    assert!(
        text(&output).contains("adopted by an older release; run todo-api adopt --apply"),
        "{}",
        text(&output)
    );
    db.apply().await;
    assert_eq!(db.start_server().await.client_for("ann").get("/api/tasks").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_again_keeps_the_choices() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    db.apply().await;
    let before = db.catalogue().await;
    let output = db.config.run(&["adopt", "--apply"]).await;
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(db.catalogue().await, before);
    let task = db.start_server().await.client_for("ann").create("t").await;
    let priority: i32 = db.query(&format!("SELECT priority FROM task WHERE id = {}", task["id"])).await;
    assert_eq!(priority, 3);
}

/// What a table must not have, and the words of the blocker.
const BLOCKERS: &[(&str, &[&str], &str)] = &[
    (
        "CREATE TABLE notes (id serial PRIMARY KEY, body text)",
        &[],
        "no table has columns for an id, a user, a title and a completion",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, done boolean, n integer NOT NULL)",
        &[],
        "choose it with --set n=",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, done boolean)",
        &[],
        "ADD COLUMN description text",
    ),
    (
        "CREATE TABLE task (id integer PRIMARY KEY, user_id text, title text, description text, done boolean)",
        &[],
        "neither a sequence nor a default",
    ),
    (
        "CREATE TABLE task (id serial, user_id text, title text, description text, done boolean)",
        &[],
        "no primary key or unique index",
    ),
    (
        "CREATE TABLE task (id serial, user_id text, title text, description text, done boolean, PRIMARY KEY (user_id, id))",
        &[],
        "no primary key or unique index of id alone",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, n integer, done boolean GENERATED ALWAYS AS (n > 1) STORED)",
        &["--table", "task"],
        "PostgreSQL computes the column done",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id json, title text, description text, done boolean)",
        &["--table", "task"],
        "the column user_id is of the type json",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, done boolean)",
        &["--column", "title=nom"],
        "public.task has no column nom",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, done boolean)",
        &["--set", "title=x"],
        "gets its value from the client",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, done boolean)",
        &["--table", "other"],
        "there is no table other",
    ),
    (
        "CREATE TYPE s AS ENUM ('red', 'green'); CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, status s)",
        &[],
        "choose with --done and --open",
    ),
    (
        "CREATE TYPE s AS ENUM ('red', 'green'); CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, status s)",
        &["--done", "blue", "--open", "red"],
        "has no value 'blue'",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, done boolean, created_at timestamptz); INSERT INTO task VALUES (1, 'u', 't', NULL, true, 'infinity')",
        &[],
        "infinite",
    ),
    (
        "CREATE TABLE a (id serial PRIMARY KEY, user_id text, title text, description text, done boolean); CREATE TABLE b (LIKE a INCLUDING ALL)",
        &[],
        "write --table public.a or --table public.b",
    ),
    (
        "CREATE SCHEMA todo_api; CREATE TABLE todo_api.x (); CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, done boolean)",
        &[],
        "belongs to another program",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, done boolean)",
        &["--role", "nobody"],
        "there is no role nobody",
    ),
    (
        "CREATE TABLE task (id serial PRIMARY KEY, user_id text, title text, description text, done boolean)",
        &["--role", "postgres"],
        "another program very likely uses it",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn blocked_tables_are_refused_with_a_reason_and_nothing_is_changed() {
    for (sql, arguments, reason) in BLOCKERS {
        let legacy = Legacy { sql, arguments, ..schemas::SQLMODEL_TASKS };
        let mut db = LegacyDatabase::create(Box::leak(Box::new(legacy))).await;
        let before = db.catalogue().await;
        for action in [&[][..], &["--apply"]] {
            let output = db.adopt(action).await;
            assert_eq!(output.status.code(), Some(3), "{sql}: {}", text(&output));
            assert!(text(&output).contains(reason), "{reason}: {}", text(&output));
            assert!(output.stderr.ends_with(b"the database cannot be adopted; see the blockers above\n"));
        }
        assert_eq!(db.catalogue().await, before, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_level_security_that_would_hide_rows_is_a_blocker() {
    let mut db = LegacyDatabase::create(&schemas::SQLMODEL_TASKS).await;
    db.execute("ALTER TABLE tasks ENABLE ROW LEVEL SECURITY").await;
    let as_owner = text(&db.adopt(&[]).await);
    assert!(as_owner.contains("does not apply to the view"), "{as_owner}");
    let role = super::roles::role_in(&mut db, "hidden").await;
    let name = db.url.rsplit('/').next().unwrap().to_owned();
    db.execute(&format!("GRANT ALL ON tasks TO {role}; GRANT ALL ON SEQUENCE tasks_id_seq TO {role}; GRANT CREATE ON DATABASE {name} TO {role}")).await;
    db.config = db.config.clone().with("DATABASE_URL", &db.url.replace("postgres@", &format!("{role}@")));
    let output = db.adopt(&["--apply"]).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).contains("the view would hide rows"), "{}", text(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn own_databases_and_sqlite_are_refused() {
    let own = ServerConfig::with_database(Engine::Postgres).await;
    drop(own.clone().start().await);
    let output = own.run(&["adopt"]).await;
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).contains("there is nothing to adopt"), "{}", text(&output));
    let output = own.run(&["adopt", "--revert"]).await;
    assert_eq!((output.status.code(), text(&output).contains("nothing to revert")), (Some(1), true));
    let sqlite = ServerConfig::with_database(Engine::Sqlite).await;
    let output = sqlite.run(&["adopt"]).await;
    assert_eq!(
        (output.status.code(), text(&output).contains("needs a PostgreSQL database")),
        (Some(1), true)
    );
    assert_eq!(own.run(&["adopt", "--apply", "--revert"]).await.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_break_the_contract_are_counted_and_named() {
    let mut db = LegacyDatabase::create(&schemas::SQLMODEL_TASKS).await;
    db.execute(
        "INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at) VALUES ('ann', ' ', NULL, false, now(), now()),
           ('ann', repeat('x', 201), repeat('x', 1001), false, now(), now())",
    )
    .await;
    let output = db.adopt(&["--json"]).await;
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["action"], &report["verdict"]), (&json!("plan"), &json!("ready_with_warnings")));
    assert_eq!((&report["table"]["name"], &report["table"]["rows"]), (&json!("public.tasks"), &json!(5)));
    assert!(
        report["create"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it.as_str().unwrap().starts_with("CREATE VIEW todo_api.tasks"))
    );
    let warnings: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["level"] == "warning")
        .map(|it| it["text"].as_str().unwrap())
        .collect();
    for wanted in [
        "1 row with a blank title",
        "1 row with a title of more than 200 characters",
        "1 row with a description of more than 1,000 characters",
    ] {
        assert!(
            warnings
                .iter()
                .any(|it| it.starts_with(wanted) && (it.ends_with("(ids 4)") || it.ends_with("(ids 5)"))),
            "{wanted}: {warnings:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_warns_before_it_creates_a_table_beside_one_that_looks_like_tasks() {
    let db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    let server = db.config.clone().start().await;
    let logs = server.logs();
    assert!(
        logs.iter().any(|line| line.contains("todo-api adopt serves it") && line.contains("public.task")),
        "{logs:?}"
    );
    drop(server);
    let again = db.config.clone().start().await;
    assert!(!again.logs().iter().any(|line| line.contains("todo-api adopt")));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_apply_once_after_the_other() {
    let db = LegacyDatabase::create(&schemas::UUIDS).await;
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let config = db.config.clone();
            tokio::spawn(async move { config.run(&["adopt", "--apply"]).await })
        })
        .collect();
    for run in runs {
        let output = run.await.unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
    let mut db = db;
    assert_eq!(db.query::<i64>("SELECT count(*) FROM todo_api.tasks").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_gives_up_while_their_table_is_locked() {
    let mut db = LegacyDatabase::create(&schemas::SQLMODEL_TASKS).await;
    let before = db.catalogue().await;
    db.execute("BEGIN; LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").await;
    let output = db.adopt(&["--apply"]).await;
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(
        text(&output).contains("another session holds a lock on the table, and nothing was changed"),
        "{}",
        text(&output)
    );
    db.execute("ROLLBACK").await;
    assert_eq!(db.catalogue().await, before);
}
