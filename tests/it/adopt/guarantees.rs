//! What holds for tasks behind the view as for those of an own table: no lost change, the wall between tenants, the plan of the list.

use serde_json::json;

use super::LegacyDatabase;
use super::schemas;
use todo_api::store::sql;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_toggles_are_never_lost() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_ENUM).await;
    db.apply().await;
    let server = db.start_server().await;
    let me = server.client_for("ann");
    let task = me.create("toggled").await;
    let toggles: Vec<_> = (0..40)
        .map(|_| {
            let (me, path) = (me.clone(), format!("/api/tasks/{}/toggle", task["id"]));
            tokio::spawn(async move { me.patch(&path, &json!({})).await.status })
        })
        .collect();
    let mut done = 0;
    for toggle in toggles {
        match toggle.await.unwrap() {
            200 => done += 1,
            status => assert_eq!(status, 503, "a toggle succeeds, or says that it did not"),
        }
    }
    assert!(done > 0);
    let is_done: bool =
        db.query(&format!("SELECT status = 'DONE' FROM task WHERE id = {}", task["id"])).await;
    assert_eq!(is_done, done % 2 == 1, "{done} toggles succeeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn change_of_one_field_keeps_what_they_change_at_the_same_moment() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    db.apply().await;
    let server = db.start_server().await;
    let me = server.client_for("ann");
    let id = me.create("before").await["id"].clone();
    db.execute(&format!(
        "BEGIN; UPDATE task SET status = 'in_progress', description = 'theirs' WHERE id = {id}"
    ))
    .await;
    let change =
        tokio::spawn(
            async move { me.patch(&format!("/api/tasks/{id}"), &json!({ "title": "after" })).await },
        );
    // The change waits for their row lock.
    while db.query::<i64>("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").await == 0 {}
    db.execute("COMMIT").await;
    let changed = change.await.unwrap();
    assert_eq!(changed.status, 200, "{changed:?}");
    assert_eq!(
        (&changed.json()["title"], &changed.json()["description"]),
        (&json!("after"), &json!("theirs"))
    );
    assert_eq!(
        db.query::<String>("SELECT status::text FROM task WHERE title = 'after'").await,
        "in_progress"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn user_ids_that_a_column_would_store_in_another_form_are_refused() {
    for (legacy, owner, alias) in [
        (&schemas::UUIDS, "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "AAAAAAAA-AAAA-4AAA-8AAA-AAAAAAAAAAAA"),
        (&schemas::NUMBERED_USERS, "1", "01"),
        (&schemas::NUMBERED_USERS, "1", "4294967297"),
        (&schemas::NUMBERED_USERS, "1", "ann"),
    ] {
        let mut db = LegacyDatabase::create(legacy).await;
        db.apply().await;
        let server = db.start_server().await;
        let before = db.rows().await;
        let response = server.client_for(alias).post("/api/tasks", &json!({ "title": "t" })).await;
        assert_eq!(response.status, 403, "{alias}: {response:?}");
        assert_eq!(server.client_for(alias).get("/api/tasks").await.json(), json!([]));
        assert_eq!(db.rows().await, before);
        // A short alias is also a part of times and durations.
        let is_logged = alias.len() > 8 && server.logs().iter().any(|line| line.contains(alias));
        assert!(!is_logged, "no user id is logged");
        let created = server.client_for(owner).post("/api/tasks", &json!({ "title": "t" })).await;
        assert_eq!(created.status, 201, "{created:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_without_a_zone_is_utc_whatever_the_zone_of_the_session() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    let name = db.url.rsplit('/').next().unwrap().to_owned();
    db.execute(&format!("ALTER DATABASE {name} SET timezone = 'Asia/Karachi'")).await;
    db.apply().await;
    let server = db.start_server().await;
    let listed = server.client_for("ann").get("/api/tasks?order=asc").await.json();
    assert_eq!(listed[0]["created_at"], "2026-01-01T10:00:00.000Z");
    let made = server.client_for("ann").create("now").await;
    let stored: String = db
        .query(
            "SELECT to_char(created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM task WHERE title = 'now'",
        )
        .await;
    assert_eq!(made["created_at"], json!(stored));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_columns_are_attributes_that_can_be_written() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_ENUM).await;
    db.apply().await;
    db.execute("SET search_path = todo_api").await;
    let insert = "INSERT INTO tasks (user_id, title, completed, attributes) VALUES ('ann', 'with attributes', false, '{\"priority\": \"HIGH\", \"tags\": [\"x\"]}')
        RETURNING attributes::text";
    let attributes: String = db.query(insert).await;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&attributes).unwrap(),
        json!({ "priority": "HIGH", "due_date": null, "tags": ["x"] })
    );
    db.execute("UPDATE tasks SET attributes = attributes || '{\"due_date\": \"2026-12-24\"}' WHERE title = 'with attributes'").await;
    let row: String = db.query("SELECT concat_ws(' ', priority, due_date, tags, status) FROM public.task WHERE title = 'with attributes'").await;
    assert_eq!(row, "HIGH 2026-12-24 {x} TODO");
    db.execute("UPDATE tasks SET attributes = '{\"tags\": []}' WHERE title = 'with attributes'").await;
    let row: String = db.query("SELECT concat_ws(' ', priority, due_date, tags) FROM public.task WHERE title = 'with attributes'").await;
    assert_eq!(row, "HIGH {}", "a removed member is null, or stays if it cannot be");
    for refused in ["{\"unknown\": 1}", "{\"user_id\": \"bob\"}", "{\"priority\": \"WRONG\"}"] {
        let update = format!("UPDATE tasks SET attributes = '{refused}' WHERE title = 'with attributes'");
        assert!(
            sqlx::raw_sql(sqlx::AssertSqlSafe(update)).execute(&mut db.connection).await.is_err(),
            "{refused}"
        );
    }
    let stays = "UPDATE tasks SET user_id = 'bob' WHERE title = 'with attributes'";
    assert!(sqlx::raw_sql(stays).execute(&mut db.connection).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn other_columns_are_attributes_of_the_api() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_ENUM).await;
    db.apply().await;
    db.config =
        db.config.clone().with("ROCKET_TASKS", r#"{attributes={priority="MEDIUM",tags=[],due_date={}}}"#);
    let server = db.start_server().await;
    let me = server.client_for("ann");
    let first = me.get("/api/tasks?order=asc").await.json()[0].clone();
    assert_eq!(
        (&first["priority"], &first["tags"], &first["due_date"]),
        (&json!("HIGH"), &json!(["a", "b"]), &json!("2026-05-01"))
    );
    let body =
        json!({ "title": "with attributes", "priority": "LOW", "tags": ["x"], "due_date": "2026-12-24" });
    let made = me.post("/api/tasks", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert_eq!(
        (&made["priority"], &made["tags"], &made["due_date"]),
        (&json!("LOW"), &json!(["x"]), &json!("2026-12-24"))
    );
    let changed = me
        .patch(&format!("/api/tasks/{}", made["id"]), &json!({ "priority": "HIGH", "due_date": null }))
        .await
        .json();
    assert_eq!(
        (&changed["priority"], &changed["tags"], &changed["due_date"]),
        (&json!("HIGH"), &json!(["x"]), &json!(null))
    );
    let row: String = db
        .query("SELECT concat_ws(' ', priority, due_date, tags) FROM task WHERE title = 'with attributes'")
        .await;
    assert_eq!(row, "HIGH {x}");
    let found = me.get("/api/tasks?priority=HIGH&sort=title&order=asc").await.json();
    let titles: Vec<&str> =
        found.as_array().unwrap().iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["first", "with attributes"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn list_and_get_use_indexes_through_the_view() {
    for (legacy, fill) in [
        (&schemas::STATUS_TEXT, "INSERT INTO task (user_id, title, priority, created_at, updated_at) SELECT CASE WHEN n % 10 = 0 THEN 'ann' ELSE 'bob' END, 't', 1,
            '2026-01-01'::timestamp + n * interval '1 s', now() FROM generate_series(1, 30000) n"),
        (&schemas::UUIDS, "INSERT INTO todos (user_id, title, created_at) SELECT gen_random_uuid(), 't', now() FROM generate_series(1, 30000) n"),
    ] {
        let mut db = LegacyDatabase::create(legacy).await;
        db.execute(fill).await;
        let applied = db.adopt(&["--apply", "--indexes"]).await;
        assert!(applied.status.success(), "{}", super::text(&applied));
        db.execute(&format!("ANALYZE {}; SET search_path = todo_api; SET plan_cache_mode = force_generic_plan; SET enable_bitmapscan = off", legacy.table)).await;
        let user = legacy.users[0];
        for statement in [sql::LIST_DESCENDING, sql::LIST_ASCENDING] {
            let plan = db.explain(statement.postgres, &format!("'{user}', true, '2026-01-01', 1, 50")).await;
            assert!(plan.contains("todo_api_list") && !plan.contains("Seq Scan"), "{plan}");
            if legacy.table == "public.task" {
                assert!(!plan.contains("Sort"), "{plan}");
            }
        }
        let plan = db.explain(sql::GET.postgres, &format!("1, '{user}'")).await;
        assert!(!plan.contains("Seq Scan"), "{plan}");
        // An index whose creation was interrupted is made again.
        db.execute("RESET search_path; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'todo_api_list'::regclass").await;
        assert!(db.adopt(&["--apply", "--indexes"]).await.status.success());
        assert!(db.query::<bool>("SELECT indisvalid FROM pg_index WHERE indexrelid = 'todo_api_list'::regclass").await);
        assert!(super::text(&db.config.run(&["adopt", "--revert"]).await).contains("dropped the index"));
    }
}

impl LegacyDatabase {
    /// The plan of a statement with these arguments.
    pub(super) async fn explain(&mut self, statement: &str, arguments: &str) -> String {
        self.execute(&format!("DEALLOCATE ALL; PREPARE planned AS {statement}")).await;
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN EXECUTE planned({arguments})"));
        let lines: Vec<(String,)> =
            sqlx::query_as(explain).persistent(false).fetch_all(&mut self.connection).await.unwrap();
        lines.into_iter().map(|it| it.0).collect::<Vec<_>>().join("\n")
    }
}
