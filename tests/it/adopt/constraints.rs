//! A write that the table of the other program does not accept is an error of its dialect, and changes nothing.

use serde_json::{Value, json};

use super::LegacyDatabase;
use super::schemas::Legacy;
use crate::harness::{Response, Server, TestClient};

/// A table with each kind of constraint.
const CONSTRAINED: Legacy = Legacy {
    sql: "CREATE TABLE users (id varchar(20) PRIMARY KEY);
          INSERT INTO users VALUES ('ann'), ('bob');
          CREATE TABLE categories (id integer PRIMARY KEY);
          INSERT INTO categories VALUES (1);
          CREATE TYPE level AS ENUM ('low', 'high');
          CREATE DOMAIN code AS varchar(5) CHECK (VALUE <> 'never');
          CREATE TABLE tasks (id serial PRIMARY KEY, owner_id varchar(20) NOT NULL REFERENCES users, name varchar(10) NOT NULL CHECK (name <> 'taboo'),
            description varchar(20), done boolean NOT NULL DEFAULT false, priority level NOT NULL DEFAULT 'low', stars integer CHECK (stars <= 5),
            category integer REFERENCES categories DEFERRABLE INITIALLY DEFERRED, slug text UNIQUE, code code, hours smallint, due date,
            created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, UNIQUE (owner_id, name));
          CREATE TABLE comments (task integer NOT NULL REFERENCES tasks);
          CREATE TABLE audit (event text NOT NULL);
          CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF NEW.name = 'full' THEN RAISE EXCEPTION 'secret of theirs'; END IF;
            IF NEW.name = 'checked' THEN RAISE EXCEPTION 'secret of theirs' USING ERRCODE = 'check_violation'; END IF;
            IF NEW.name = 'bug' THEN INSERT INTO audit VALUES (NULL); END IF;
            IF NEW.name = 'zero' THEN PERFORM 1 / 0; END IF;
            IF NEW.name = 'denied' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'insufficient_privilege'; END IF;
            RETURN NEW;
          END $$;
          CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION guard();
          INSERT INTO tasks (owner_id, name, slug, created_at, updated_at) VALUES ('ann', 'first', 'taken', '2026-01-01', '2026-01-01');
          INSERT INTO comments VALUES (1)",
    arguments: &[],
    table: "public.tasks",
    eyes: "t.id::text, t.owner_id::text, t.name::text, t.description::text, t.done, t.created_at::timestamp",
    present: "true",
    fresh: "true",
    users: ["ann", "bob"],
};

/// Bodies, and the member and the message of the error.
const REJECTED: &[(&str, &str, &str)] = &[
    (r#"{"title": "eleven char"}"#, "title", "Title must be at most 10 characters"),
    (
        r#"{"title": "t", "description": "more than twenty chars"}"#,
        "description",
        "Description must be at most 20 characters",
    ),
    (r#"{"title": "taboo"}"#, "title", "The database does not accept the value of title"),
    (r#"{"title": "full"}"#, "body", "The database does not accept this task"),
    (r#"{"title": "checked"}"#, "body", "The database does not accept this task"),
    (r#"{"title": "t", "priority": null}"#, "priority", "priority cannot be null"),
    (
        r#"{"title": "t", "priority": "middle"}"#,
        "attributes",
        "The database does not accept the value of an attribute",
    ),
    (r#"{"title": "t", "stars": 6}"#, "stars", "The database does not accept the value of stars"),
    (
        r#"{"title": "t", "stars": "many"}"#,
        "attributes",
        "The database does not accept the value of an attribute",
    ),
    (
        r#"{"title": "t", "hours": 40000}"#,
        "attributes",
        "The database does not accept the value of an attribute",
    ),
    (
        r#"{"title": "t", "due": "tomorrow or so"}"#,
        "attributes",
        "The database does not accept the value of an attribute",
    ),
    (
        r#"{"title": "t", "code": "longer"}"#,
        "attributes",
        "The database does not accept the value of an attribute",
    ),
    (
        r#"{"title": "t", "code": "never"}"#,
        "attributes",
        "The database does not accept the value of an attribute",
    ),
    (r#"{"title": "t", "category": 2}"#, "category", "category refers to something that does not exist"),
    (r#"{"title": "t", "slug": "taken"}"#, "slug", "Another task has the same slug"),
    (r#"{"title": "t", "nonsense": 1}"#, "nonsense", "Tasks have no writable attribute nonsense"),
];

async fn constrained() -> (LegacyDatabase, Server) {
    let mut db = LegacyDatabase::create(&CONSTRAINED).await;
    db.apply().await;
    db.config = db.config.clone().with("ROCKET_TASKS", "{attributes=true}");
    let server = db.start_server().await;
    (db, server)
}

#[track_caller]
fn assert_rejected(response: &Response, member: &str, message: &str, is_enveloped: bool) {
    let body = response.json();
    if is_enveloped {
        assert_eq!(response.status, 400, "{response:?}");
        assert_eq!(
            body,
            json!({ "data": null, "error": { "message": message, "code": "VALIDATION_ERROR" } })
        );
    } else {
        assert_eq!(response.status, 422, "{response:?}");
        let errors = json!([{ "field": member, "message": message }]);
        assert_eq!(body, json!({ "detail": message, "error_code": "VALIDATION_ERROR", "errors": errors }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn their_constraints_are_validation_errors_of_each_dialect() {
    let (mut db, server) = constrained().await;
    let me = server.client_for("ann");
    let before = db.rows().await;
    let id = me.get("/api/tasks").await.json()[0]["id"].clone();
    for (body, member, message) in REJECTED {
        let body: Value = serde_json::from_str(body).unwrap();
        for (mount, is_enveloped) in [("/api/tasks", false), ("/api/v1/tasks", true)] {
            assert_rejected(&me.post(mount, &body).await, member, message, is_enveloped);
            for method in ["PUT", "PATCH"] {
                // The task has this slug itself.
                let response = me.call(method, &format!("{mount}/{id}"), Some(&body)).await;
                if *member == "slug" {
                    assert_eq!(response.status, 200);
                    db.execute("UPDATE tasks SET name = 'first', slug = 'taken', updated_at = '2026-01-01'")
                        .await;
                } else {
                    assert_rejected(&response, member, message, is_enveloped);
                }
            }
            assert_eq!(db.rows().await, before, "{body}");
        }
    }
    let logs = server.logs().join("\n");
    assert!(
        logs.contains("23514") && !logs.contains("secret of theirs") && !logs.contains("taboo"),
        "{logs}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn unique_columns_of_several_members_name_those_that_a_client_can_change() {
    let (mut db, server) = constrained().await;
    let me = server.client_for("ann");
    let message = "Another task has the same title";
    assert_rejected(&me.post("/api/tasks", &json!({ "title": "first" })).await, "title", message, false);
    let second = me.create("second").await["id"].clone();
    let before = db.rows().await;
    let patched = me.patch(&format!("/api/v1/tasks/{second}"), &json!({ "title": "first" })).await;
    assert_rejected(&patched, "title", message, true);
    let patched = me.patch(&format!("/api/tasks/{second}"), &json!({ "slug": "taken" })).await;
    assert_rejected(&patched, "slug", "Another task has the same slug", false);
    assert_eq!(db.rows().await, before);
    assert_eq!(server.client_for("bob").create("first").await["title"], "first");
}

#[tokio::test(flavor = "multi_thread")]
async fn user_who_is_not_in_their_table_is_forbidden_to_create_and_may_read() {
    let (mut db, server) = constrained().await;
    let before = db.rows().await;
    for unknown in ["carl", "a user id of more than twenty characters"] {
        let me = server.client_for(unknown);
        let message = "Your account does not exist in the database of the tasks";
        let response = me.post("/api/tasks", &json!({ "title": "t" })).await;
        assert_eq!(response.status, 403, "{response:?}");
        assert_eq!(response.json(), json!({ "detail": message, "error_code": "FORBIDDEN" }));
        let response = me.post("/api/v1/tasks", &json!({ "title": "t" })).await;
        assert_eq!(response.status, 403, "{response:?}");
        assert_eq!(
            response.json(),
            json!({ "data": null, "error": { "message": message, "code": "FORBIDDEN" } })
        );
        assert_eq!(me.get("/api/tasks").await.json(), json!([]));
    }
    assert_eq!(db.rows().await, before);
    db.execute("INSERT INTO users VALUES ('carl')").await;
    assert_eq!(server.client_for("carl").create("t").await["title"], "t");
}

#[tokio::test(flavor = "multi_thread")]
async fn task_that_other_rows_refer_to_is_not_deleted() {
    let (mut db, server) = constrained().await;
    let me = server.client_for("ann");
    let before = db.rows().await;
    let message = "The task is used by other data and cannot be deleted";
    assert_rejected(&me.delete("/api/tasks/1").await, "id", message, false);
    assert_rejected(&me.delete("/api/v1/tasks/1").await, "id", message, true);
    assert_eq!(db.rows().await, before);
    db.execute("DELETE FROM comments").await;
    assert_eq!(me.delete("/api/tasks/1").await.status, 204);
}

/// Requests share a statement if they wait at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn rejected_task_of_a_shared_statement_fails_alone() {
    let (mut db, server) = constrained().await;
    let send = |client: TestClient, title: String| {
        tokio::spawn(async move { client.post("/api/tasks", &json!({ "title": title })).await })
    };
    let mut requests = Vec::new();
    for n in 0..60 {
        let (user, title) = match n % 4 {
            0 => ("carl", format!("n{n}")),
            1 => ("ann", "full".to_owned()),
            2 => ("ann", "far too long".to_owned()),
            _ => ("bob", format!("n{n}")),
        };
        requests.push((n, send(server.client_for(user), title)));
    }
    for (n, request) in requests {
        let response = request.await.unwrap();
        let expected = [403, 422, 422, 201][n % 4];
        assert_eq!(response.status, expected, "{n}: {response:?}");
    }
    assert_eq!(db.query::<i64>("SELECT count(*) FROM tasks WHERE owner_id = 'bob'").await, 15);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM tasks").await, 16);
}

/// Faults that no client has made and none can correct.
#[tokio::test(flavor = "multi_thread")]
async fn faults_of_their_database_stay_server_errors() {
    let (mut db, server) = constrained().await;
    let me = server.client_for("ann");
    for title in ["bug", "zero", "denied"] {
        let response = me.post("/api/tasks", &json!({ "title": title })).await;
        assert_eq!(response.status, 500, "{title}: {response:?}");
        assert_eq!(response.json()["detail"], "Internal server error");
    }
    for (fault, repair) in [
        ("SELECT setval('tasks_id_seq', 1, false)", "SELECT setval('tasks_id_seq', 10)"),
        (
            "ALTER SEQUENCE tasks_id_seq MAXVALUE 20; SELECT setval('tasks_id_seq', 20)",
            "ALTER SEQUENCE tasks_id_seq NO MAXVALUE",
        ),
        (
            "ALTER TABLE tasks ADD later integer NOT NULL DEFAULT 1; ALTER TABLE tasks ALTER later DROP DEFAULT",
            "ALTER TABLE tasks DROP later",
        ),
    ] {
        db.execute(fault).await;
        let response = me.post("/api/tasks", &json!({ "title": "t" })).await;
        assert_eq!(response.status, 500, "{fault}: {response:?}");
        db.execute(repair).await;
    }
    assert_eq!(me.create("t").await["title"], "t");
}
