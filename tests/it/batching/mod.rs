//! Batching: concurrent requests share statements on PostgreSQL and commits on SQLite, and no caller notices.

mod claims;
mod faults;
mod lanes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rocket::futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::harness::{Engine, Response, Server, ServerConfig, Signal, TestClient, token_for};
use crate::on_both_engines;

/// Metrics of batching by kind: statements and the requests that they served.
async fn batches(server: &Server) -> BTreeMap<String, (f64, f64)> {
    let metrics = server.anonymous().get("/metrics").await.body;
    let mut kinds = BTreeMap::<String, (f64, f64)>::new();
    for line in metrics.lines() {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let Some((metric, labels)) = name.split_once('{') else { continue };
        let kind = labels.split('"').nth(1).unwrap_or_default().to_owned();
        match metric {
            "todo_db_batch_size_count" => kinds.entry(kind).or_default().0 = value.parse().unwrap(),
            "todo_db_batch_size_sum" => kinds.entry(kind).or_default().1 = value.parse().unwrap(),
            "todo_db_batch_unclaimed_rows_total" => assert_eq!(value, "0", "{line}"),
            _ => {}
        }
    }
    kinds
}

/// Asserts that statements of these kinds have served several requests. Those on PostgreSQL have waited for it.
async fn assert_shared(server: &Server, kinds: &[&str]) {
    let dropped = server.logs().into_iter().find(|line| line.contains("rows of no request"));
    assert_eq!(dropped, None);
    let batches = batches(server).await;
    let metrics = server.anonymous().get("/metrics").await.body;
    for kind in kinds {
        let (statements, requests) = batches[*kind];
        assert!(requests > statements, "{kind}: {requests} requests in {statements} statements");
        if *kind != "commit" {
            let waited = format!("todo_db_batch_wait_seconds_count{{kind=\"{kind}\"}} ");
            let waited = metrics.lines().find_map(|line| line.strip_prefix(&waited)).unwrap();
            assert!(waited.parse::<f64>().unwrap() > 0.0, "{kind}: those that share a statement have waited");
        }
    }
}

fn kinds(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Postgres => &["create", "get", "list"],
        Engine::Sqlite => &["commit"],
    }
}

/// Keeps every statement on tasks waiting, so that the requests behind it share statements.
struct Pause(PgConnection);

impl Pause {
    async fn begin(server: &Server) -> Self {
        let mut connection = PgConnection::connect(server.config.get("DATABASE_URL")).await.unwrap();
        sqlx::raw_sql("BEGIN; LOCK TABLE tasks").execute(&mut connection).await.unwrap();
        Self(connection)
    }

    async fn end(mut self) {
        sqlx::raw_sql("ROLLBACK").execute(&mut self.0).await.unwrap();
    }
}

async fn create_all(me: &TestClient, titles: &[String]) -> Vec<Response> {
    let bodies: Vec<Value> = titles.iter().map(|title| json!({ "title": title })).collect();
    join_all(bodies.iter().map(|body| me.post("/api/tasks", body))).await
}

async fn titles(me: &TestClient) -> Vec<String> {
    let list = me.get("/api/tasks").await.json();
    list.as_array().unwrap().iter().map(|task| task["title"].as_str().unwrap().to_owned()).collect()
}

/// A user of the first test: writes and reads, and after each response compares all that it sees with what it has written.
async fn use_tasks(server: &Server, user: String, stranger: String) {
    let (me, dialect) = (server.client_for(&user), server.client_for(&stranger));
    let mut mine = BTreeMap::new();
    for round in 0..20 {
        // The same title for all users, and a description of its own: a row of another user would show.
        let body = json!({ "title": format!("round {round}"), "description": format!("{user} {round}") });
        let created = me.post("/api/tasks", &body).await;
        assert_eq!(created.status, 201, "{created:?}");
        let task = created.json();
        assert_eq!((&task["user_id"], &task["description"]), (&json!(user), &body["description"]));
        let id = task["id"].as_i64().unwrap();
        assert!(mine.insert(id, task.clone()).is_none(), "an id is given once");

        let path = format!("/api/tasks/{id}");
        let (own, list, page, theirs) = tokio::join!(
            me.get(&path),
            me.get("/api/tasks?order=asc"),
            me.get("/api/v1/tasks"),
            dialect.get(&path),
        );
        assert_eq!(own.json(), task, "a read after the write sees it");
        assert_eq!(
            list.json(),
            json!(mine.values().collect::<Vec<_>>()),
            "the list has each task, and no other"
        );
        assert_eq!(theirs.status, 404, "{theirs:?}");
        let page = page.json();
        assert_eq!(page["data"]["total"], mine.len(), "{page}");
        let is_mine = |task: &Value| task["user_id"] == user.as_str();
        assert!(page["data"]["tasks"].as_array().unwrap().iter().all(is_mine), "{page}");
    }
}

on_both_engines! {
    async fn users_see_no_task_of_another_user_under_load(engine: Engine) {
        let server = Server::start(engine).await;
        let user = |number: usize| format!("user {}", number % 100);
        join_all((0..100).map(|number| use_tasks(&server, user(number), user(number + 1)))).await;
        assert_shared(&server, kinds(engine)).await;
    }

    async fn each_new_task_has_the_content_of_its_request(engine: Engine) {
        let server = Server::start(engine).await;
        let requests = join_all((0..400).map(|number| {
            // Two users, with equal and with different requests.
            let me = server.client_for(["ann", "bob"][number % 2]);
            let body = match number % 4 {
                0 | 1 => json!({ "title": "equal" }),
                2 => json!({ "title": format!("title {number}"), "description": "equal" }),
                _ => json!({ "title": "equal", "description": format!("{number}"), "completed": true }),
            };
            async move { (body.clone(), me.post("/api/tasks", &body).await) }
        }));
        let mut ids = BTreeSet::new();
        for (number, (body, response)) in requests.await.into_iter().enumerate() {
            assert_eq!(response.status, 201, "{response:?}");
            let task = response.json();
            assert!(ids.insert(task["id"].as_i64().unwrap()), "an id is given once");
            assert_eq!(task["user_id"], ["ann", "bob"][number % 2]);
            assert_eq!((&task["title"], &task["description"]), (&body["title"], &body["description"]));
            assert_eq!(task["completed"], body.get("completed").is_some());
        }
        let mut stored = BTreeSet::new();
        for user in ["ann", "bob"] {
            let list = server.client_for(user).get("/api/tasks").await.json();
            stored.extend(list.as_array().unwrap().iter().map(|task| task["id"].as_i64().unwrap()));
        }
        assert_eq!(stored, ids, "each is stored once");
        assert_shared(&server, &kinds(engine)[..1]).await;
    }

    async fn rejected_request_fails_alone(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        server.execute_sql(match engine {
            Engine::Postgres => "ALTER TABLE tasks ADD CONSTRAINT operators_own CHECK (title NOT LIKE 'bad%')",
            // `ROLLBACK` ends the whole transaction, and not the statement only.
            Engine::Sqlite => "CREATE TRIGGER operators_own BEFORE INSERT ON tasks WHEN NEW.title LIKE 'bad%'
                BEGIN SELECT RAISE(ROLLBACK, 'bad'); END",
        }).await;
        let wanted: Vec<String> =
            (0..120).map(|number| format!("{} {number}", if number % 10 == 3 { "bad" } else { "good" })).collect();
        for (title, response) in wanted.iter().zip(create_all(&me, &wanted).await) {
            assert_eq!(response.status, if title.starts_with("bad") { 500 } else { 201 }, "{title}: {response:?}");
        }
        let mut stored = titles(&me).await;
        stored.sort();
        let mut good: Vec<String> = wanted.into_iter().filter(|title| title.starts_with("good")).collect();
        good.sort();
        assert_eq!(stored, good, "each other request is stored once");
        assert_shared(&server, &kinds(engine)[..1]).await;
    }

    async fn clients_that_disconnect_disturb_no_other(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let head = format!("Host: x\r\nAuthorization: Bearer {}\r\n", token_for("gone"));
        let body = r#"{"title":"gone"}"#;
        let leaves = join_all((0..150).map(async |number| {
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            let request = if number % 2 == 0 {
                format!("POST /api/tasks HTTP/1.1\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len())
            } else {
                format!("GET /api/tasks HTTP/1.1\r\n{head}\r\n")
            };
            stream.write_all(request.as_bytes()).await.unwrap();
        }));
        let wanted: Vec<String> = (0..150).map(|number| format!("stays {number}")).collect();
        let ((), responses) = tokio::join!(async { leaves.await; }, create_all(&me, &wanted));
        for response in responses {
            assert_eq!(response.status, 201, "{response:?}");
        }
        assert_eq!(titles(&me).await.len(), 150);
    }

    async fn each_request_has_a_statement_of_its_own_without_batch(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_DATABASES", "{todo={batch=false}}");
        let server = config.start().await;
        let me = server.client_for("me");
        let wanted: Vec<String> = (0..60).map(|number| format!("{number}")).collect();
        for response in create_all(&me, &wanted).await {
            assert_eq!(response.status, 201, "{response:?}");
        }
        assert_eq!(titles(&me).await.len(), 60);
        assert_eq!(batches(&server).await, BTreeMap::new());
    }

    async fn acknowledged_tasks_survive_a_kill_under_load_and_none_is_stored_twice(engine: Engine) {
        let server = ServerConfig::with_database(engine).await.start().await;
        let users: Vec<TestClient> = (0..40).map(|number| server.client_for(&format!("user {number}"))).collect();
        let writers: Vec<_> = users.iter().cloned().map(|me| tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for number in 0.. {
                let body = json!({ "title": format!("{number}") }).to_string().into_bytes();
                match me.try_send("POST", "/api/tasks", Some(body)).await {
                    Ok(response) if response.status == 201 => acknowledged.push(format!("{number}")),
                    _ => break,
                }
            }
            acknowledged
        })).collect();
        sleep(Duration::from_secs(2)).await;
        assert_shared(&server, &kinds(engine)[..1]).await;
        let server = server.kill().await.start().await;
        for (me, writer) in users.iter().zip(writers) {
            let acknowledged = writer.await.unwrap();
            let mut stored = titles(&me.at(&server.url)).await;
            stored.reverse();
            assert!(stored.len() <= acknowledged.len() + 1, "at most the request in flight is stored as well");
            assert_eq!(stored[..acknowledged.len()], acknowledged, "and each of the others once");
        }
    }

    async fn requests_in_flight_at_sigterm_have_their_responses(engine: Engine) {
        let mut server = ServerConfig::with_database(engine).await.with("ROCKET_SHUTDOWN", "{drain=1}").start().await;
        let me = server.client_for("me");
        let wanted: Vec<String> = (0..200).map(|number| format!("{number}")).collect();
        let responses = {
            let (me, wanted) = (me.clone(), wanted.clone());
            tokio::spawn(async move { create_all(&me, &wanted).await })
        };
        sleep(Duration::from_millis(30)).await;
        server.signal(Signal::TERM);
        for response in responses.await.unwrap() {
            assert_eq!(response.status, 201, "{response:?}");
        }
        assert_eq!(server.wait().await.code(), Some(0));
        let again = server.config.clone().start().await;
        assert_eq!(titles(&me.at(&again.url)).await.len(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_lists_are_complete_in_shared_statements() {
    let server = Server::start(Engine::Postgres).await;
    // A list of 150 tasks has two parts, and 128 tasks with such descriptions are more than a part may have in bytes.
    server
        .execute_sql(
            "INSERT INTO tasks (user_id, title, description, completed, created_at, updated_at)
             SELECT 'user ' || u, 'task ' || n, repeat('€', CASE u % 2 WHEN 0 THEN 10 ELSE 1000 END), n % 3 = 0, now(), now()
             FROM generate_series(0, 19) u, generate_series(1, 150) n",
        )
        .await;
    let pause = Pause::begin(&server).await;
    let lists = join_all((0..60).map(async |number| {
        let me = server.client_for(&format!("user {}", number % 20));
        let query = ["", "?order=asc", "?status=Completed"][number / 20];
        let lower = query.to_lowercase();
        (number, me.get(&format!("/api/tasks{lower}")).await, me.get(&format!("/api/v1/tasks{query}")).await)
    }));
    let (lists, ()) = tokio::join!(lists, async {
        sleep(Duration::from_millis(500)).await;
        pause.end().await;
    });
    for (number, list, page) in lists {
        let list = list.json();
        let tasks = list.as_array().unwrap();
        assert_eq!(tasks.len(), if number / 20 == 2 { 50 } else { 150 });
        let ids: Vec<i64> = tasks.iter().map(|task| task["id"].as_i64().unwrap()).collect();
        let is_ascending = number / 20 == 1;
        assert!(ids.is_sorted_by(|a, b| if is_ascending { a < b } else { a > b }), "{ids:?}");
        assert!(tasks.iter().all(|task| task["user_id"] == format!("user {}", number % 20)));
        let page = page.json();
        let shown: Vec<i64> = page["data"]["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["id"].as_i64().unwrap())
            .collect();
        assert_eq!(shown, ids[..shown.len()], "the page is the start of the list");
        assert_eq!(page["data"]["total"], tasks.len());
    }
    assert_shared(&server, &["list"]).await;
}
