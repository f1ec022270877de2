//! What an operator tries before they trust the command.

use serde_json::json;

use super::schemas::{self, Legacy};
use super::{LegacyDatabase, text};
use crate::harness::{Engine, ServerConfig};

/// A table of tasks called `name`, as the end of a `CREATE TABLE`.
const COLUMNS: &str = "(id serial PRIMARY KEY, user_id text NOT NULL, title text NOT NULL, description text, done boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now())";

/// An empty database for tables that a test creates itself.
const EMPTY: Legacy = Legacy { sql: "", ..schemas::SQLMODEL_TASKS };

#[tokio::test(flavor = "multi_thread")]
async fn several_tables_that_look_like_tasks_are_a_warning_that_names_them() {
    let mut db = LegacyDatabase::create(&EMPTY).await;
    for name in ["tasks", "task", "\"Todos\""] {
        db.execute(&format!("CREATE TABLE {name} {COLUMNS}")).await;
    }
    let output = db.adopt(&[]).await;
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    let report = text(&output);
    assert!(report.contains("Table public.tasks with 0 rows"), "{report}");
    assert!(
        report.contains(
            "if the tasks are not in public.tasks, write --table public.Todos or --table public.task"
        ),
        "{report}"
    );
    let report = text(&db.adopt(&["--table", "Todos"]).await);
    assert!(report.contains("Table public.Todos with 0 rows: named by --table"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_table_that_this_server_has_made_beside_theirs_is_not_taken() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    drop(db.config.clone().start().await);
    let server = {
        db.apply().await;
        db.start_server().await
    };
    let listed = server.client_for("ann").get("/api/tasks").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM public.tasks").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn column_dropped_with_cascade_takes_the_view_and_a_further_apply_mends_it() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_ENUM).await;
    db.apply().await;
    let drop_column = "ALTER TABLE task DROP COLUMN due_date";
    let refused = sqlx::raw_sql(drop_column).execute(&mut db.connection).await.unwrap_err().to_string();
    assert!(refused.contains("other objects depend on it"), "{refused}");
    db.execute(&format!("{drop_column} CASCADE")).await;
    let url = format!("{}?options=-c%20search_path%3Dtodo_api", db.url);
    let started = db.config.clone().with("DATABASE_URL", &url).run(&[]).await;
    assert!(
        text(&started).contains("the adoption is not complete; run todo-api adopt --apply again"),
        "{}",
        text(&started)
    );
    db.apply().await;
    assert_eq!(db.start_server().await.client_for("ann").create("mended").await["title"], "mended");
}

#[tokio::test(flavor = "multi_thread")]
async fn revert_after_they_have_renamed_the_table_leaves_nothing() {
    for legacy in [&schemas::UUIDS, &schemas::STATUS_ENUM] {
        let mut db = LegacyDatabase::create(legacy).await;
        let rename = format!("ALTER TABLE {} RENAME TO renamed", legacy.table);
        let back = format!("ALTER TABLE renamed RENAME TO {}", legacy.table.trim_start_matches("public."));
        let catalogue = db.catalogue().await;
        let applied = db.adopt(&["--apply", "--indexes"]).await;
        assert!(applied.status.success(), "{}", text(&applied));
        db.execute(&rename).await;
        let reverted = db.config.run(&["adopt", "--revert"]).await;
        assert!(reverted.status.success(), "{}", text(&reverted));
        db.execute(&back).await;
        assert_eq!(db.catalogue().await, catalogue);
    }
}

/// Names that the functions of the view use themselves.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_called_like_variables_and_aliases_are_served() {
    let mut db = LegacyDatabase::create(&EMPTY).await;
    db.execute(
        "CREATE TABLE tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id text NOT NULL, title text NOT NULL, description text,
           done boolean NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL,
           t text, r text, m text, p text, key text, number integer, wanted text, refused text, new_key text, \"new\" text, \"old\" text, attributes text)",
    )
    .await;
    db.apply().await;
    db.config = db.config.clone().with("ROCKET_TASKS", "{attributes=true}");
    let server = db.start_server().await;
    let me = server.client_for("ann");
    let members = ["t", "r", "m", "p", "key", "wanted", "refused", "new_key", "new", "old", "attributes"];
    let mut body = json!({ "title": "x", "number": 7 });
    for member in members {
        body[member] = json!(member);
    }
    let made = me.post("/api/tasks", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    for member in members {
        assert_eq!(made[member], member);
    }
    let changed = me
        .patch(&format!("/api/tasks/{}", made["id"]), &json!({ "wanted": "changed", "t": null }))
        .await
        .json();
    assert_eq!(
        (&changed["wanted"], &changed["t"], &changed["number"]),
        (&json!("changed"), &json!(null), &json!(7))
    );
    assert_eq!(me.get(&format!("/api/tasks/{}", made["id"])).await.json(), changed);
    let unknown = me.patch(&format!("/api/tasks/{}", made["id"]), &json!({ "unknown": 1 })).await;
    assert_eq!(unknown.status, 422, "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_completion_nested_domains_and_a_required_description_are_served() {
    let mut db = LegacyDatabase::create(&EMPTY).await;
    db.execute(
        "CREATE DOMAIN base AS varchar(12); CREATE DOMAIN required AS base NOT NULL DEFAULT 'none';
         CREATE TABLE tasks (id serial PRIMARY KEY, user_id text NOT NULL, title base NOT NULL, description text NOT NULL, status text NOT NULL DEFAULT 'todo',
           is_completed boolean GENERATED ALWAYS AS (status = 'done') STORED, category required, created_at timestamptz NOT NULL,
           updated_at timestamptz NOT NULL, \"deletedAt\" timestamptz, \"isDeleted\" boolean NOT NULL DEFAULT false)",
    )
    .await;
    let plan = db.adopt(&[]).await;
    assert_eq!(plan.status.code(), Some(4), "{}", text(&plan));
    for wanted in [
        "description; an empty text instead of null",
        "no row and no default of status tells the words",
        "deletedAt decides which rows are deleted, and isDeleted is not written",
    ] {
        assert!(text(&plan).contains(wanted), "{wanted}: {}", text(&plan));
    }
    let applied = db.adopt(&["--apply", "--done", "done"]).await;
    assert!(applied.status.success(), "{}", text(&applied));
    let server = db.start_server().await;
    let me = server.client_for("ann");
    let task = me.create("short").await;
    assert_eq!(task["description"], "");
    let path = format!("/api/tasks/{}", task["id"]);
    let done = me.patch(&path, &json!({ "completed": true, "description": null })).await.json();
    assert_eq!((&done["completed"], &done["description"]), (&json!(true), &json!("")));
    let row: String = db.query("SELECT concat_ws(' ', status, is_completed, category) FROM tasks").await;
    assert_eq!(row, "done t none");
    let long = me.post("/api/tasks", &json!({ "title": "longer than 12" })).await;
    assert_eq!(long.json()["detail"], "Title must be at most 12 characters");
    assert_eq!(me.delete(&path).await.status, 204);
    assert!(db.query::<bool>("SELECT \"deletedAt\" IS NOT NULL FROM tasks").await);
    assert_eq!(me.get("/api/tasks").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_timeout_of_their_database_does_not_interrupt_a_run() {
    let mut db = LegacyDatabase::create(&schemas::UUIDS).await;
    db.execute(
        "INSERT INTO todos (user_id, title) SELECT '11111111-1111-4111-8111-111111111111', 'n' || n FROM generate_series(1, 60000) n",
    )
    .await;
    let name = db.url.rsplit('/').next().unwrap().to_owned();
    db.execute(&format!("ALTER DATABASE {name} SET statement_timeout = '40ms'")).await;
    let applied = db.adopt(&["--apply", "--indexes"]).await;
    assert!(applied.status.success(), "{}", text(&applied));
}

#[tokio::test(flavor = "multi_thread")]
async fn settle_refuses_while_other_tables_and_views_use_the_table() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    db.execute("CREATE TABLE comments (task integer REFERENCES task); CREATE MATERIALIZED VIEW open_tasks AS SELECT id FROM task").await;
    let plan = text(&db.adopt(&[]).await);
    assert!(plan.contains("public.comments references the tasks"), "{plan}");
    db.apply().await;
    let before = db.catalogue().await;
    let refused = db.disconnected(&["adopt", "--settle"]).await;
    assert_eq!(refused.status.code(), Some(1));
    for wanted in ["the foreign key comments_task_fkey of public.comments", "the view public.open_tasks"] {
        assert!(text(&refused).contains(wanted), "{}", text(&refused));
    }
    let mut db = db.reconnect().await;
    assert_eq!(db.catalogue().await, before);
    db.execute("DROP MATERIALIZED VIEW open_tasks; ALTER TABLE comments DROP CONSTRAINT comments_task_fkey")
        .await;
    db.reconnect_after(&["adopt", "--settle"]).await;
}

/// The database of a server of this program is left alone, whatever the operator asks for.
#[tokio::test(flavor = "multi_thread")]
async fn every_action_on_an_own_database_is_refused() {
    let own = ServerConfig::with_database(Engine::Postgres).await;
    drop(own.clone().start().await);
    for (action, status) in [("--apply", 3), ("--revert", 1), ("--settle", 1)] {
        let output = own.run(&["adopt", action]).await;
        assert_eq!(output.status.code(), Some(status), "{}", text(&output));
    }
}
