//! The tasks become a table of this server.

use serde_json::Value;
use sqlx::{Connection, PgConnection};

use super::crash::kill_at;
use super::proxy::{Pause, Proxy};
use super::schemas::{self, Legacy};
use super::{LegacyDatabase, text};

#[tokio::test(flavor = "multi_thread")]
async fn settle_copies_the_tasks_and_keeps_the_old_table() {
    for legacy in [&schemas::STATUS_TEXT, &schemas::UUIDS] {
        let mut db = LegacyDatabase::create(legacy).await;
        db.apply().await;
        let server = db.start_server().await;
        let me = server.client_for(legacy.users[0]);
        me.create("made while adopted").await;
        let last = me.create("deleted while adopted").await;
        me.delete(&format!("/api/tasks/{}", last["id"])).await;
        let (tasks, rows) = (me.get("/api/tasks").await.json(), db.rows().await);
        let refused = db.config.run(&["adopt", "--settle"]).await;
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused).contains("other sessions use this database"), "{}", text(&refused));
        assert_eq!(me.get("/api/tasks").await.json(), tasks);
        drop(server);
        let mut db = db.reconnect_after(&["adopt", "--settle"]).await;
        let table = legacy.table.trim_start_matches("public.");
        let kept =
            format!("SELECT jsonb_agg(to_jsonb(t) ORDER BY t::text)::text FROM {table}_before_todo_api AS t");
        assert_eq!(serde_json::from_str::<Value>(&db.query::<String>(&kept).await).unwrap(), rows);
        let server = db.start_server().await;
        let me = server.client_for(legacy.users[0]);
        assert_eq!(me.get("/api/tasks").await.json(), tasks);
        let next = me.create("made in the own table").await;
        assert!(next["id"].as_i64() > last["id"].as_i64(), "no id is used again");
        assert_eq!(
            db.query::<String>("SELECT relkind::text FROM pg_class WHERE oid = 'todo_api.tasks'::regclass")
                .await,
            "r"
        );
        let output = db.config.run(&["adopt", "--revert"]).await;
        assert!(text(&output).contains("nothing to revert"), "{}", text(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settle_refuses_tasks_that_the_own_table_cannot_hold() {
    let mut db = LegacyDatabase::create(&schemas::SQLMODEL_TASKS).await;
    db.execute("UPDATE tasks SET title = repeat('x', 501) WHERE title = 'first'").await;
    db.apply().await;
    let before = db.catalogue().await;
    let output = db.disconnected(&["adopt", "--settle"]).await;
    assert!(
        text(&output)
            .contains("1 tasks have a blank title or a text that is too long for the new table (ids 1)"),
        "{}",
        text(&output)
    );
    let mut db = db.reconnect().await;
    assert_eq!(db.catalogue().await, before);
}

async fn killed_settle_leaves_the_adoption_or_the_own_table(legacy: &'static Legacy) {
    let mut db = LegacyDatabase::create(legacy).await;
    db.apply().await;
    let (adopted, rows) = (db.catalogue().await, db.rows().await);
    let tasks: String = db
        .query("SELECT jsonb_agg(to_jsonb(t) - 'attributes' ORDER BY id)::text FROM todo_api.tasks AS t")
        .await;
    // The statements before only read, and are those of `--apply`.
    let mut killed = 17;
    loop {
        db.disconnect().await;
        let was_killed = kill_at(&db, &["--settle"], killed + 1).await;
        db.sessions_end("true").await;
        db = db.reconnect().await;
        if !was_killed {
            break;
        }
        killed += 1;
        if db.catalogue().await != adopted {
            // Its transaction was committed. A further run has nothing to do, and says so.
            let again = db.disconnected(&["adopt", "--settle"]).await;
            db = db.reconnect().await;
            assert!(
                text(&again).contains("the tasks are in this server's own table already"),
                "{}",
                text(&again)
            );
            break;
        }
        assert_eq!(db.rows().await, rows, "killed at statement {killed}");
    }
    assert!(killed > 25, "{killed}");
    let settled: String = db
        .query("SELECT jsonb_agg(to_jsonb(t) - 'attributes' ORDER BY id)::text FROM todo_api.tasks AS t")
        .await;
    assert_eq!(settled, tasks);
    let kept = format!("{}_before_todo_api", legacy.table);
    let kept: String =
        db.query(&format!("SELECT jsonb_agg(to_jsonb(t) ORDER BY t::text)::text FROM {kept} AS t")).await;
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap(), rows);
    let task = db.start_server().await.client_for(legacy.users[0]).create("in the own table").await;
    assert_eq!(task["title"], "in the own table");
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_of_a_settle_at_any_statement_leaves_all_or_nothing_with_integer_ids() {
    killed_settle_leaves_the_adoption_or_the_own_table(&schemas::STATUS_ENUM).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_of_a_settle_at_any_statement_leaves_all_or_nothing_with_uuids() {
    killed_settle_leaves_the_adoption_or_the_own_table(&schemas::UUIDS).await;
}

/// Their service connects after the first check, and writes.
#[tokio::test(flavor = "multi_thread")]
async fn settle_refuses_while_their_service_writes() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    db.apply().await;
    let before = (db.catalogue().await, db.rows().await);
    db.disconnect().await;
    let proxy = Proxy::start(Pause::Before("LOCK TABLE")).await;
    let run = proxy.adopt(&db, &["--settle"]).spawn().unwrap();
    proxy.paused().await;
    let mut service = PgConnection::connect(&db.url).await.unwrap();
    sqlx::raw_sql("BEGIN; UPDATE task SET title = title || '!'").execute(&mut service).await.unwrap();
    proxy.resume();
    let output = run.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("another session uses the table, and nothing was changed"),
        "{}",
        text(&output)
    );
    sqlx::raw_sql("COMMIT").execute(&mut service).await.unwrap();
    let mut db = db.reconnect().await;
    assert_eq!(db.catalogue().await, before.0);
    assert_ne!(db.rows().await, before.1, "their write is stored");
}

/// A write that begins later waits. It fails when the table is gone, so that no row gets into the old table unseen.
#[tokio::test(flavor = "multi_thread")]
async fn write_of_their_service_during_a_settle_fails_and_is_in_neither_table() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    db.apply().await;
    db.disconnect().await;
    let proxy = Proxy::start(Pause::Before("COMMIT")).await;
    let run = proxy.adopt(&db, &["--settle"]).spawn().unwrap();
    proxy.paused().await;
    let mut service = PgConnection::connect(&db.url).await.unwrap();
    let write =
        tokio::spawn(
            async move { sqlx::raw_sql("UPDATE task SET title = 'lost'").execute(&mut service).await },
        );
    let mut db = db.reconnect().await;
    while db.query::<i64>("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()").await == 0 {}
    proxy.resume();
    let output = run.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let refused = write.await.unwrap().unwrap_err().to_string();
    assert!(refused.contains("does not exist"), "{refused}");
    let lost = "SELECT count(*) FROM (SELECT title FROM task_before_todo_api UNION ALL SELECT title FROM todo_api.tasks) AS t WHERE title = 'lost'";
    assert_eq!(db.query::<i64>(lost).await, 0);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM todo_api.tasks").await, 4);
}
