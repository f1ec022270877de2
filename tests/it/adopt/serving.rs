//! Each database is served by every route of both dialects, and their program sees each change in its own terms.

use serde_json::{Value, json};
use sqlx::types::chrono::NaiveDateTime;

use super::schemas::{self, Legacy};
use super::{LegacyDatabase, text};
use crate::harness::{Response, TestClient};

/// A task as their program sees it.
#[derive(Debug, Clone, PartialEq)]
struct TheirTask {
    id: String,
    title: String,
    description: Option<String>,
    is_done: bool,
    created_at: Option<NaiveDateTime>,
}

/// The columns of their eyes.
type Row = (String, String, String, Option<String>, bool, Option<NaiveDateTime>);

impl LegacyDatabase {
    /// The tasks of a user as their program sees them, in the order of the API's list.
    async fn their_tasks(&mut self, user: &str) -> Vec<TheirTask> {
        let Legacy { eyes, table, present, .. } = self.legacy;
        let query = format!(
            "SELECT * FROM (SELECT {eyes} FROM {table} AS t WHERE {present}) AS eyes (id, who, title, description, is_done, created_at)
             WHERE who = $1 ORDER BY created_at DESC NULLS LAST, title DESC"
        );
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query))
            .bind(user)
            .fetch_all(&mut self.connection)
            .await
            .unwrap();
        let task = |(id, _, title, description, is_done, created_at)| TheirTask {
            id,
            title,
            description,
            is_done,
            created_at,
        };
        rows.into_iter().map(task).collect()
    }

    /// The task with this title as their program sees it.
    async fn their_task(&mut self, user: &str, title: &str) -> Option<TheirTask> {
        self.their_tasks(user).await.into_iter().find(|task| task.title == title)
    }

    /// Asserts that their program sees this response of the API.
    async fn assert_sees(&mut self, task: &Value) {
        let (user, title) = (task["user_id"].as_str().unwrap(), task["title"].as_str().unwrap());
        let theirs = self.their_task(user, title).await.unwrap_or_else(|| panic!("they do not see {task}"));
        assert_same(&theirs, task);
    }

    /// Whether the rows with this title satisfy the condition.
    async fn all_satisfy(&mut self, title: &str, condition: &str) -> bool {
        let Legacy { eyes, table, .. } = self.legacy;
        let query = format!(
            "SELECT coalesce(bool_and({condition}), false) FROM {table} AS t
             WHERE (SELECT title FROM (SELECT {eyes}) AS eyes (id, who, title, description, is_done, created_at)) = '{title}'"
        );
        self.query(&query).await
    }
}

#[track_caller]
fn assert_same(theirs: &TheirTask, task: &Value) {
    let created_at = theirs.created_at.map(|it| it.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    let created_at = created_at.unwrap_or_else(|| "1970-01-01T00:00:00.000Z".to_owned());
    let seen = json!({ "title": theirs.title, "description": theirs.description, "completed": theirs.is_done, "created_at": created_at });
    let shown = json!({
        "title": task["title"], "description": task["description"], "completed": task["completed"], "created_at": task["created_at"]
    });
    assert_eq!(shown, seen);
}

#[track_caller]
fn body(response: &Response, status: u16) -> Value {
    assert_eq!(response.status, status, "{response:?}");
    response.json()
}

#[track_caller]
fn data(response: &Response, status: u16) -> Value {
    body(response, status)["data"].clone()
}

macro_rules! serves {
    ($($name:ident: $legacy:ident,)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            serve(&schemas::$legacy).await;
        }
    )*};
}

serves! {
    serves_tasks_of_sqlmodel: SQLMODEL_TASKS,
    serves_a_status_of_text_with_foreign_key_and_required_column: STATUS_TEXT,
    serves_a_status_of_an_enum: STATUS_ENUM,
    serves_uuids_of_postgres: UUIDS,
    serves_uuids_of_python: UUIDS_OF_PYTHON,
    serves_nullable_columns: NULLABLE_EVERYTHING,
    serves_users_with_integer_ids: NUMBERED_USERS,
    serves_soft_deletion: SOFT_DELETION,
    serves_camel_case_of_prisma: CAMEL_CASE,
    serves_a_completion_time: COMPLETED_AT,
    serves_a_table_in_another_schema: OTHER_SCHEMA,
    serves_a_table_with_triggers: THEIR_TRIGGERS,
    serves_a_table_without_updated_at: NO_UPDATED_AT,
    serves_hostile_names: HOSTILE_NAMES,
    serves_ids_of_text: TEXT_IDS,
    serves_a_table_without_indexes: NO_INDEX,
}

async fn serve(legacy: &'static Legacy) {
    let mut db = LegacyDatabase::create(legacy).await;
    let (before, catalogue) = (db.rows().await, db.catalogue().await);
    let plan = db.adopt(&[]).await;
    assert!(matches!(plan.status.code(), Some(0 | 4)), "{}", text(&plan));
    assert_eq!(db.catalogue().await, catalogue, "a dry run changes nothing");
    db.apply().await;
    assert_eq!(db.rows().await, before, "no row is changed");

    let server = db.start_server().await;
    let [ann, bob] = legacy.users;
    let (me, other) = (server.client_for(ann), server.client_for(bob));
    let others_tasks = db.their_tasks(bob).await;
    lists_are_theirs(&mut db, &me, ann).await;
    bare_dialect(&mut db, &me, &other, ann).await;
    enveloped_dialect(&mut db, &me, &other).await;
    lists_are_theirs(&mut db, &me, ann).await;
    assert_eq!(db.their_tasks(bob).await, others_tasks, "no task of the other user is changed");
    their_changes_are_seen_at_once(&mut db, &me, ann).await;

    let rows = db.rows().await;
    drop(server);
    let output = db.config.run(&["adopt", "--revert"]).await;
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(db.catalogue().await, catalogue, "their database is what it was");
    assert_eq!(db.rows().await, rows, "their rows stay");
}

async fn lists_are_theirs(db: &mut LegacyDatabase, me: &TestClient, user: &str) {
    let theirs = db.their_tasks(user).await;
    for path in ["/api/tasks".to_owned(), format!("/api/{user}/tasks")] {
        let listed = body(&me.get(&path).await, 200);
        let listed = listed.as_array().unwrap();
        assert_eq!(listed.len(), theirs.len());
        for (task, theirs) in listed.iter().zip(&theirs) {
            assert_same(theirs, task);
        }
    }
    for (filter, is_done) in [("pending", false), ("completed", true)] {
        let wanted: Vec<&TheirTask> = theirs.iter().rev().filter(|it| it.is_done == is_done).collect();
        let page = data(&me.get(&format!("/api/v1/tasks?status={filter}&order=asc&limit=100")).await, 200);
        assert_eq!(page["total"], json!(wanted.len()), "{filter}");
        for (task, theirs) in page["tasks"].as_array().unwrap().iter().zip(wanted) {
            assert_same(theirs, task);
        }
    }
}

async fn bare_dialect(db: &mut LegacyDatabase, me: &TestClient, other: &TestClient, user: &str) {
    let first = me.get("/api/tasks?order=asc").await.json()[0].clone();
    let path = format!("/api/tasks/{}", first["id"]);
    assert_eq!(body(&me.get(&path).await, 200), first);
    assert_eq!(body(&me.get(&format!("/api/{user}/tasks/{}", first["id"])).await, 200), first);
    for (method, path) in
        [("PATCH", "complete"), ("POST", "complete"), ("PATCH", "toggle"), ("POST", "toggle")]
    {
        let before = body(&me.get(&format!("/api/tasks/{}", first["id"])).await, 200);
        let task = body(
            &me.call(method, &format!("/api/tasks/{}/{path}", first["id"]), Some(&json!({}))).await,
            200,
        );
        assert_eq!(task["completed"], json!(!before["completed"].as_bool().unwrap()), "{method} {path}");
        db.assert_sees(&task).await;
    }
    let task = body(&me.patch(&path, &json!({ "title": "umbenannt", "description": "näher" })).await, 200);
    assert_eq!(task["id"], first["id"]);
    db.assert_sees(&task).await;
    let task = body(&me.put(&path, &json!({ "description": null, "completed": true })).await, 200);
    assert_eq!((&task["title"], &task["description"]), (&json!("umbenannt"), &Value::Null));
    db.assert_sees(&task).await;

    let made = body(&me.post("/api/tasks", &json!({ "title": "made bare", "description": "d" })).await, 201);
    db.assert_sees(&made).await;
    assert!(db.all_satisfy("made bare", db.legacy.fresh).await);
    assert_eq!(body(&me.get(&format!("/api/tasks/{}", made["id"])).await, 200), made);
    let done = body(&me.post("/api/tasks", &json!({ "title": "made done", "completed": true })).await, 201);
    assert_eq!(done["completed"], json!(true));
    db.assert_sees(&done).await;
    for request in [
        other.get(&path).await,
        other.delete(&path).await,
        other.patch(&path, &json!({ "title": "x" })).await,
    ] {
        assert_eq!(request.status, 404);
    }
    assert_eq!(me.delete(&format!("/api/tasks/{}", made["id"])).await.status, 204);
    assert_eq!(me.get(&format!("/api/tasks/{}", made["id"])).await.status, 404);
    assert_eq!(me.delete(&format!("/api/tasks/{}", made["id"])).await.status, 404);
    assert_eq!(db.their_task(user, "made bare").await, None);
}

async fn enveloped_dialect(db: &mut LegacyDatabase, me: &TestClient, other: &TestClient) {
    let made =
        data(&me.post("/api/v1/tasks", &json!({ "title": "made in v1", "status": "Pending" })).await, 201);
    db.assert_sees(&made).await;
    assert!(db.all_satisfy("made in v1", db.legacy.fresh).await);
    let path = format!("/api/v1/tasks/{}", made["id"]);
    assert_eq!(data(&me.get(&path).await, 200), made);
    for (method, name) in
        [("PATCH", "complete"), ("POST", "complete"), ("PATCH", "toggle"), ("POST", "toggle")]
    {
        let task = data(&me.call(method, &format!("{path}/{name}"), None).await, 200);
        db.assert_sees(&task).await;
    }
    for (method, change) in [
        ("PUT", json!({ "title": "changed in v1" })),
        ("PATCH", json!({ "status": "Completed", "description": "d" })),
    ] {
        let task = data(&me.call(method, &path, Some(&change)).await, 200);
        db.assert_sees(&task).await;
    }
    for response in [
        other.get(&path).await,
        other.patch(&path, &json!({ "title": "x" })).await,
        other.delete(&path).await,
    ] {
        assert_eq!(response.status, 403, "{response:?}");
    }
    assert_eq!(me.delete(&path).await.status, 204);
    assert_eq!(me.get(&path).await.status, 404);
}

/// Their program copies a row, changes it and deletes it.
async fn their_changes_are_seen_at_once(db: &mut LegacyDatabase, me: &TestClient, user: &str) {
    let theirs = db.their_tasks(user).await;
    let id = body(&me.get("/api/tasks").await, 200)[0]["id"].clone();
    let column = db.legacy.eyes.split("::").next().unwrap();
    let (table, newest) = (db.legacy.table, theirs[0].id.clone());
    db.execute(&format!("DELETE FROM {table} AS t WHERE {column}::text = '{newest}'")).await;
    assert_eq!(me.get(&format!("/api/tasks/{id}")).await.status, 404);
    assert_eq!(body(&me.get("/api/tasks").await, 200).as_array().unwrap().len(), theirs.len() - 1);
}
