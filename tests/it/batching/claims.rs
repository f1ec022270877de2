//! Which row of a shared statement belongs to which request.

use std::time::Duration;

use rocket::futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Pause, assert_shared, create_all};
use crate::harness::{Engine, Server};

#[tokio::test(flavor = "multi_thread")]
async fn task_that_a_trigger_changes_goes_to_its_request() {
    let server = Server::start(Engine::Postgres).await;
    server
        .execute_sql(
            "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.title = upper(NEW.title); RETURN NEW; END$$;
             CREATE TRIGGER shout BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION shout()",
        )
        .await;
    let me = server.client_for("me");
    let wanted: Vec<String> = (0..100).map(|number| format!("title {number}")).collect();
    let pause = Pause::begin(&server).await;
    let (responses, ()) = tokio::join!(create_all(&me, &wanted), async {
        sleep(Duration::from_millis(500)).await;
        pause.end().await;
    });
    for (title, response) in wanted.iter().zip(responses) {
        assert_eq!((response.status, &response.json()["title"]), (201, &json!(title.to_uppercase())));
    }
    assert_shared(&server, &["create"]).await;
}

/// A rule of the operator sorts the new rows. So neither the order of `RETURNING` nor that of the ids is that of the requests.
#[tokio::test(flavor = "multi_thread")]
async fn new_tasks_in_another_order_go_to_their_requests() {
    let server = Server::start(Engine::Postgres).await;
    server
        .execute_sql(
            "ALTER TABLE tasks RENAME TO stored;
             CREATE VIEW tasks AS SELECT * FROM stored;
             CREATE RULE sorted AS ON INSERT TO tasks DO INSTEAD
             INSERT INTO stored (user_id, title, description, completed, created_at, updated_at)
             SELECT NEW.user_id, NEW.title, NEW.description, NEW.completed, NEW.created_at, NEW.updated_at
             ORDER BY md5(concat(NEW.title, NEW.description, NEW.completed)) RETURNING stored.*",
        )
        .await;
    let me = server.client_for("me");
    // Requests that differ in one field alone, for each field.
    let wanted = (0..120).map(|number| match number % 3 {
        0 => json!({ "title": format!("title {number}"), "description": "equal" }),
        1 => json!({ "title": "equal", "description": format!("description {number}") }),
        _ => json!({ "title": "equal", "description": "equal", "completed": number % 2 == 0 }),
    });
    let wanted: Vec<Value> = wanted.collect();
    let pause = Pause::begin(&server).await;
    let (responses, ()) =
        tokio::join!(join_all(wanted.iter().map(|body| me.post("/api/tasks", body))), async {
            sleep(Duration::from_millis(500)).await;
            pause.end().await;
        });
    for (body, response) in wanted.iter().zip(responses) {
        assert_eq!(response.status, 201, "{response:?}");
        let task = response.json();
        assert_eq!((&task["title"], &task["description"]), (&body["title"], &body["description"]));
        assert_eq!(task["completed"], *body.get("completed").unwrap_or(&json!(false)));
    }
    assert_shared(&server, &["create"]).await;
}

/// A column whose collation ignores case makes two users equal for PostgreSQL. Shared statements compare again.
#[tokio::test(flavor = "multi_thread")]
async fn row_of_another_user_in_a_shared_statement_is_dropped_and_counted() {
    let mut server = Server::start(Engine::Postgres).await;
    let (me, other) = (server.client_for("me"), server.client_for("ME"));
    let path = format!("/api/tasks/{}", me.create("mine").await["id"]);
    server
        .execute_sql(
            "CREATE COLLATION ignores_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
             ALTER TABLE tasks ALTER user_id TYPE text COLLATE ignores_case",
        )
        .await;
    let pause = Pause::begin(&server).await;
    let requests: Vec<_> = (0..120)
        .map(|number| {
            let (other, path) = (other.clone(), path.clone());
            let path = if number % 2 == 0 { path } else { "/api/tasks".to_owned() };
            tokio::spawn(async move { other.get(&path).await.body.contains("mine") })
        })
        .collect();
    sleep(Duration::from_millis(500)).await;
    pause.end().await;
    let mut seen = [0, 0];
    for (number, request) in requests.into_iter().enumerate() {
        seen[number % 2] += u32::from(request.await.unwrap());
    }
    let metrics = server.anonymous().get("/metrics").await.body;
    for (kind, seen) in ["get", "list"].into_iter().zip(seen) {
        let name = format!("todo_db_batch_unclaimed_rows_total{{kind=\"{kind}\"}} ");
        let unclaimed = metrics.lines().find_map(|line| line.strip_prefix(&name)).unwrap();
        let unclaimed: u32 = unclaimed.parse().unwrap();
        assert!(unclaimed > 30, "{kind}: {unclaimed}");
        // A statement of a single request trusts PostgreSQL.
        assert_eq!(seen + unclaimed, 60, "{kind}");
    }
    assert_eq!(me.get(&path).await.status, 200);
    let line = server.wait_for_log_line(|line| line["rows"].as_u64() > Some(0)).await;
    assert_eq!((&line["level"], line.to_string().contains("mine")), (&json!("ERROR"), false), "{line}");
}
