//! The list: all of a user's tasks, filtered and in order.

use serde_json::{Value, json};

use crate::harness::{Caller, Engine, Server};
use crate::on_both_engines;

async fn ids(me: &Caller, query: &str) -> Vec<i64> {
    let answer = me.get(&format!("/api/tasks{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.json().as_array().unwrap().iter().map(|task| task["id"].as_i64().unwrap()).collect()
}

on_both_engines! {
    async fn it_is_filtered_by_status_and_ordered_by_time(engine: Engine) {
        let server = Server::on(engine).await;
        let me = server.caller("me");
        let mut made = Vec::new();
        for n in 0..10 {
            let task = me.post("/api/tasks", &json!({ "title": n.to_string(), "completed": n % 3 == 0 })).await.json();
            made.push(task["id"].as_i64().unwrap());
        }
        let newest: Vec<i64> = made.iter().rev().copied().collect();
        let pending: Vec<i64> = made.iter().enumerate().rev().filter(|(n, _)| n % 3 != 0).map(|(_, id)| *id).collect();
        let completed: Vec<i64> = made.iter().enumerate().rev().filter(|(n, _)| n % 3 == 0).map(|(_, id)| *id).collect();
        for query in ["", "?", "?status=all", "?status=ALL&order=desc&sort=created_at", "?order=DESC", "?page=7&limit=1&user_id=you"] {
            assert_eq!(ids(&me, query).await, newest, "{query}");
        }
        assert_eq!(ids(&me, "?order=asc").await, made);
        assert_eq!(ids(&me, "?status=pending").await, pending);
        assert_eq!(ids(&me, "?status=Pending&order=desc").await, pending);
        assert_eq!(ids(&me, "?status=%63ompleted").await, completed);
        let mut oldest = completed.clone();
        oldest.reverse();
        assert_eq!(ids(&me, "?order=asc&status=completed").await, oldest);
        assert_eq!(ids(&me, "?status=pending&status=completed").await, completed, "the last of several counts");
    }

    async fn a_value_that_is_not_allowed_is_refused_with_its_reason(engine: Engine) {
        let server = Server::on(engine).await;
        let me = server.caller("me");
        let status = "Invalid status filter: must be 'pending', 'completed', or 'all'";
        let sort = "Invalid sort field: must be 'created_at'";
        let order = "Invalid sort order: must be 'asc' or 'desc'";
        for (query, detail) in [
            ("status=done", status),
            ("status=", status),
            ("status", status),
            ("status=%00", status),
            ("status=%ff%fe", status),
            ("status=pending%20", status),
            ("status=' OR 1=1--", status),
            ("sort=title", sort),
            ("sort=created_at;DROP TABLE tasks", sort),
            ("order=down", order),
            ("order=", order),
        ] {
            let query = query.replace(' ', "%20");
            for path in ["/api/tasks", "/api/me/tasks"] {
                me.get(&format!("{path}?{query}")).await.is_error(400, "BAD_REQUEST", detail);
            }
        }
    }

    async fn ten_thousand_tasks_come_whole_and_in_order(engine: Engine) {
        let server = Server::on(engine).await;
        let me = server.caller("me");
        server.caller("you").create("not mine").await;
        seed(&server, 10_000).await;
        let answer = me.get("/api/tasks").await;
        let tasks = answer.json();
        let tasks = tasks.as_array().unwrap();
        assert_eq!(tasks.len(), 10_000);
        let key = |task: &Value| (task["created_at"].as_str().unwrap().to_owned(), task["id"].as_i64().unwrap());
        assert!(tasks.windows(2).all(|pair| key(&pair[0]) > key(&pair[1])), "newest first, ties by id");
        let oldest = me.get("/api/tasks?order=asc").await.json();
        let mut reversed = tasks.clone();
        reversed.reverse();
        assert_eq!(oldest, Value::Array(reversed), "ascending is the exact reverse");
    }
}

/// Puts tasks of `me` straight into the database, many of them with the same time.
async fn seed(server: &Server, count: i64) {
    let url = server.setup.get("DATABASE_URL");
    let (postgres, sqlite) = (
        "INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
         SELECT 'me', 'task ' || n, n % 2 = 0, to_timestamp(1700000000 + n / 7), to_timestamp(1700000000 + n / 7)
         FROM generate_series(1, $1) n",
        "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < $1)
         INSERT INTO tasks (user_id, title, completed, created_at, updated_at)
         SELECT 'me', 'task ' || n, n % 2, strftime('%Y-%m-%dT%H:%M:%f+00:00', 1700000000 + n / 7, 'unixepoch'),
                strftime('%Y-%m-%dT%H:%M:%f+00:00', 1700000000 + n / 7, 'unixepoch') FROM s",
    );
    if let Some(path) = url.strip_prefix("sqlite://") {
        use sqlx::{Connection, SqliteConnection};
        let path = server.setup.folder.path().join(path);
        let mut db = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
        sqlx::query(sqlite).bind(count).execute(&mut db).await.unwrap();
    } else {
        use sqlx::{Connection, PgConnection};
        let mut db = PgConnection::connect(url).await.unwrap();
        sqlx::query(postgres).bind(i32::try_from(count).unwrap()).execute(&mut db).await.unwrap();
    }
}
