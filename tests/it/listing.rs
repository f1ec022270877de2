//! Listing tasks: filter, order and large lists.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Engine, PostgresServer, Server, ServerConfig, TestClient, token_for};
use crate::on_both_engines;

async fn ids(me: &TestClient, query: &str) -> Vec<i64> {
    let response = me.get(&format!("/api/tasks{query}")).await;
    assert_eq!(response.status, 200, "{query}: {response:?}");
    response.json().as_array().unwrap().iter().map(|task| task["id"].as_i64().unwrap()).collect()
}

on_both_engines! {
    async fn list_filters_by_status_and_sorts_by_time(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let mut made = Vec::new();
        for n in 0..10 {
            let task = me.post("/api/tasks", &json!({ "title": n.to_string(), "completed": n % 3 == 0 })).await.json();
            made.push(task["id"].as_i64().unwrap());
        }
        let newest: Vec<i64> = made.iter().rev().copied().collect();
        let pending: Vec<i64> = made.iter().enumerate().rev().filter(|(n, _)| n % 3 != 0).map(|(_, id)| *id).collect();
        let completed: Vec<i64> = made.iter().enumerate().rev().filter(|(n, _)| n % 3 == 0).map(|(_, id)| *id).collect();
        for query in ["", "?", "?status=all", "?status=ALL&order=desc&sort=created_at", "?order=DESC", "?page=7&user_id=you"] {
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

    async fn invalid_query_value_is_400(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let status = "Invalid status filter: must be 'pending', 'completed', or 'all'";
        let sort = "Invalid sort field: must be 'created_at', 'updated_at', 'title' or 'completed'";
        let order = "Invalid sort order: must be 'asc' or 'desc'";
        for (query, detail) in [
            ("status=done", status),
            ("status=", status),
            ("status", status),
            ("status=%00", status),
            ("status=%ff%fe", status),
            ("status=pending%20", status),
            ("status=' OR 1=1--", status),
            ("sort=description", sort),
            ("sort=created_at;DROP TABLE tasks", sort),
            ("order=down", order),
            ("order=", order),
        ] {
            let query = query.replace(' ', "%20");
            for path in ["/api/tasks", "/api/me/tasks"] {
                me.get(&format!("{path}?{query}")).await.assert_error(400, "BAD_REQUEST", detail);
            }
        }
    }

    async fn ten_thousand_tasks_are_complete_and_ordered(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        server.client_for("you").create("not mine").await;
        seed(&server, 10_000).await;
        let response = me.get("/api/tasks").await;
        let tasks = response.json();
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

/// Inserts tasks of `me` by SQL. Many have equal timestamps.
async fn seed(server: &Server, count: i64) {
    let url = server.config.get("DATABASE_URL");
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
        let path = server.config.directory.path().join(path);
        let mut db = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
        sqlx::query(sqlite).bind(count).execute(&mut db).await.unwrap();
    } else {
        use sqlx::{Connection, PgConnection};
        let mut db = PgConnection::connect(url).await.unwrap();
        sqlx::query(postgres).bind(i32::try_from(count).unwrap()).execute(&mut db).await.unwrap();
    }
}

/// Inserts tasks by SQL, because requests would take a minute.
async fn fill(server: &Server, count: usize) {
    let rows = |from: usize, to: usize| {
        let row = |n: usize| {
            // Equal timestamps, so that the id determines the order.
            let time = format!("2026-11-21T06:{:02}:{:02}.000+00:00", n / 6000, n / 100 % 60);
            let done = if n.is_multiple_of(3) { "TRUE" } else { "FALSE" };
            format!("('me', 'task {n}', {done}, '{time}', '{time}')")
        };
        (from..to).map(row).collect::<Vec<_>>().join(",")
    };
    for from in (0..count).step_by(1000) {
        let values = rows(from, count.min(from + 1000));
        server
            .execute_sql(&format!(
                "INSERT INTO tasks (user_id, title, completed, created_at, updated_at) VALUES {values}"
            ))
            .await;
    }
}

on_both_engines! {
    async fn lists_around_the_batch_size_are_complete(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        let mut made = 0;
        // Sizes around the first batch of 128 tasks, and the further batches of 500.
        for count in [1, 127, 128, 129, 627, 628, 629, 1128, 3456] {
            server.execute_sql("DELETE FROM tasks").await;
            fill(&server, count).await;
            let (first, last) = (made + 1, made + count);
            made += count;
            let wanted: Vec<i64> = (first..=last).map(|id| i64::try_from(id).unwrap()).collect();
            assert_eq!(ids(&me, "?order=asc").await, wanted, "{count}");
            assert_eq!(ids(&me, "").await, wanted.iter().rev().copied().collect::<Vec<_>>(), "{count}");
            let completed: Vec<i64> = wanted.iter().copied().step_by(3).collect();
            assert_eq!(ids(&me, "?order=asc&status=completed").await, completed, "{count}");
            assert_eq!(me.call("HEAD", "/api/tasks", None).await.status, 200);
        }
        assert_eq!(server.client_for("you").get("/api/tasks").await.json(), json!([]));
    }

    /// Batches are bounded in bytes as well: 54 of these tasks fill one.
    async fn lists_of_large_tasks_are_complete(engine: Engine) {
        let server = Server::start(engine).await;
        let me = server.client_for("me");
        for count in [54, 55, 300] {
            server.execute_sql("DELETE FROM tasks").await;
            let mut wanted = Vec::new();
            for n in 0..count {
                let (title, description) = (format!("{n}{}", "👍".repeat(190)), "👍".repeat(1000));
                let task = me.post("/api/tasks", &json!({ "title": title, "description": description })).await;
                wanted.push(task.json());
            }
            let list = me.get("/api/tasks?order=asc").await.json();
            assert!(list == json!(wanted), "{count} tasks come back in order");
            wanted.reverse();
            assert!(me.get("/api/tasks").await.json() == json!(wanted), "{count} tasks come back in reverse order");
        }
    }

    /// A slow reader holds neither a database connection nor the complete list in memory.
    async fn slow_readers_do_not_block_others(engine: Engine) {
        let one = "{todo={max_connections=1,connect_timeout=3}}";
        let server = ServerConfig::with_database(engine).await.with("ROCKET_DATABASES", one).start().await;
        fill(&server, 20_000).await;
        let me = server.client_for("me");
        me.get("/api/tasks").await;
        let before = resident(&server);
        let mut slow = Vec::new();
        for _ in 0..20 {
            let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
            let request = format!("GET /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", token_for("me"));
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.read_exact(&mut [0; 1000]).await.unwrap();
            slow.push(stream);
        }
        for _ in 0..5 {
            assert_eq!(me.get("/api/v1/tasks").await.status, 200);
        }
        // Twenty complete lists would be 80 MB.
        let grown = resident(&server).saturating_sub(before);
        assert!(grown < 40 * 1024, "{grown} kB more than before");
        drop(slow);
        assert_eq!(ids(&me, "").await.len(), 20_000);
    }
}

/// Resident memory in KiB.
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_list_is_not_valid_json() {
    let cluster = PostgresServer::start(&[]);
    let url = cluster.database().await;
    let server = ServerConfig::with_database(Engine::Sqlite).await.with("DATABASE_URL", &url).start().await;
    fill(&server, 20_000).await;
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let request = format!(
        "GET /api/tasks HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        token_for("me")
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = vec![0; 1000];
    stream.read_exact(&mut response).await.unwrap();
    cluster.crash();
    let _ = stream.read_to_end(&mut response).await;
    let response = String::from_utf8_lossy(&response);
    assert!(response.starts_with("HTTP/1.1 200") && !response.contains("}]"), "{}", response.len());
    assert!(server.logs().iter().any(|line| line.contains("a list was cut off")));
}
