//! A run that is killed at any statement leaves a database that the next run completes.

use super::proxy::{Pause, Proxy};
use super::schemas::{self, Legacy};
use super::{LegacyDatabase, text};

/// Kills `adopt` with these arguments while its statement `stop` runs. Returns false if it ended before.
pub(super) async fn kill_at(db: &LegacyDatabase, arguments: &[&str], stop: usize) -> bool {
    let proxy = Proxy::start(Pause::AfterStatement(stop)).await;
    let mut child = proxy.adopt(db, arguments).spawn().unwrap();
    tokio::select! {
        () = proxy.paused() => {
            child.kill().await.unwrap();
            true
        }
        status = child.wait() => {
            assert!(status.unwrap().success());
            assert!(proxy.count() < stop);
            false
        }
    }
}

/// Kills at each statement from the number `first` on.
async fn every_kill_is_recovered_from(legacy: &'static Legacy, first: usize) {
    let mut db = LegacyDatabase::create(legacy).await;
    let (catalogue, rows) = (db.catalogue().await, db.rows().await);
    let tasks: i64 =
        db.query(&format!("SELECT count(*) FROM {} AS t WHERE {}", legacy.table, legacy.present)).await;
    let mut killed = first - 1;
    while kill_at(&db, &["--apply"], killed + 1).await {
        killed += 1;
        db.killed_sessions_end().await;
        if db.catalogue().await == catalogue {
            // Nothing is left of the killed run, so the next starts from the beginning.
            continue;
        }
        db.apply().await;
        assert_eq!(
            db.query::<i64>("SELECT count(*) FROM todo_api.tasks").await,
            tasks,
            "killed at statement {killed}"
        );
        assert_eq!(db.rows().await, rows);
        let reverted = db.config.run(&["adopt", "--revert"]).await;
        assert!(reverted.status.success(), "{}", text(&reverted));
    }
    assert!(killed > 20, "{killed}");
    // And the way back.
    let adopted = db.catalogue().await;
    let mut killed = 0;
    while kill_at(&db, &["--revert"], killed + 1).await {
        killed += 1;
        db.killed_sessions_end().await;
        if db.catalogue().await == adopted {
            continue;
        }
        let again = db.config.run(&["adopt", "--revert"]).await;
        // The transaction of the killed run may have been committed.
        assert!(again.status.success() || text(&again).contains("nothing to revert"), "{}", text(&again));
        assert_eq!(db.catalogue().await, catalogue, "killed at statement {killed}");
        db.apply().await;
    }
    assert!(killed > 10, "{killed}");
    assert_eq!((db.catalogue().await, db.rows().await), (catalogue, rows));
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_at_any_statement_is_recovered_from_with_integer_ids() {
    every_kill_is_recovered_from(&schemas::STATUS_TEXT, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_at_any_statement_is_recovered_from_with_uuids() {
    // The statements before only read, and are those of the other test.
    every_kill_is_recovered_from(&schemas::UUIDS, 18).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbering_continues_after_a_kill_and_keeps_its_numbers() {
    let mut db = LegacyDatabase::create(&schemas::UUIDS).await;
    db.execute(
        "INSERT INTO todos (user_id, title, created_at) SELECT '11111111-1111-4111-8111-111111111111', 'n' || n, '2026-02-01'::timestamptz + n * interval '1 s'
         FROM generate_series(1, 20000) n",
    )
    .await;
    // The statements before the batches are the same in each run, so some run is killed between two batches.
    let mut numbered: Vec<(i64, String)> = Vec::new();
    for stop in 20.. {
        assert!(kill_at(&db, &["--apply"], stop).await, "no run was killed between two batches");
        db.killed_sessions_end().await;
        let exists: bool = db.query("SELECT to_regclass('todo_api.task_ids') IS NOT NULL").await;
        if exists {
            numbered = db.numbers().await;
            if (5_000..20_000).contains(&numbered.len()) {
                break;
            }
            assert!(numbered.is_empty());
        }
    }
    db.apply().await;
    let all = db.numbers().await;
    assert_eq!(all.len(), 20_003);
    assert!(numbered.iter().all(|pair| all.contains(pair)), "a number lasts");
    let in_order: bool = db.query("SELECT bool_and(follows) FROM (SELECT lag(id) OVER (ORDER BY created_at) < id IS NOT FALSE AS follows FROM todo_api.tasks WHERE title LIKE 'n%') x").await;
    assert!(in_order, "numbers follow the times of creation");
}

impl LegacyDatabase {
    /// Waits until PostgreSQL has ended the sessions of killed runs. A statement that ran goes on, and its commit may take effect.
    async fn killed_sessions_end(&mut self) {
        self.sessions_end("application_name = 'todo-api adopt'").await;
    }

    /// Waits until other sessions in the database that satisfy the condition have ended.
    pub(super) async fn sessions_end(&mut self, condition: &str) {
        let name = self.url.rsplit('/').next().unwrap();
        let sessions =
            format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND {condition}");
        while self.query::<i64>(&sessions).await > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    async fn numbers(&mut self) -> Vec<(i64, String)> {
        sqlx::query_as("SELECT number, key::text FROM todo_api.task_ids ORDER BY number")
            .persistent(false)
            .fetch_all(&mut self.connection)
            .await
            .unwrap()
    }
}
