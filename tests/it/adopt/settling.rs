//! The tasks become a table of this server.

use serde_json::Value;

use super::schemas;
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
