//! The report names the locks that a run takes on tables of the other program.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::{Connection, PgConnection};

use super::proxy::{Pause, Proxy};
use super::schemas;
use super::{LegacyDatabase, text};

/// Table and mode of the locks that `adopt` holds or waits for on tables that are not its own, by `pg_locks`.
const LOCKS: &str = "SELECT DISTINCT n.nspname || '.' || c.relname, l.mode FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.datname = current_database() AND a.application_name = 'todo-api adopt' AND c.relkind IN ('r', 'p')
      AND n.nspname IN ('public', 'app')";

type Locks = BTreeSet<(String, String)>;

impl LegacyDatabase {
    async fn locks_of_adopt(&mut self) -> Locks {
        let rows: Vec<(String, String)> =
            sqlx::query_as(LOCKS).persistent(false).fetch_all(&mut self.connection).await.unwrap();
        rows.into_iter().collect()
    }
}

/// Table and mode of the locks in a report, as `pg_locks` has them.
fn reported(report: &Value, member: &str, is_wanted: impl Fn(&str) -> bool) -> Locks {
    let locks = report[member].as_array().unwrap().iter();
    let locks = locks.filter(|lock| is_wanted(lock["step"].as_str().unwrap()));
    let camel_case = |mode: &str| {
        let words = mode.split(' ').map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase()));
        words.collect::<String>() + "Lock"
    };
    let lock = |lock: &Value| {
        (lock["table"].as_str().unwrap().to_owned(), camel_case(lock["mode"].as_str().unwrap()))
    };
    locks.map(lock).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_of_each_transaction_are_announced_and_reported_as_postgresql_has_them() {
    for legacy in [&schemas::STATUS_TEXT, &schemas::UUIDS] {
        let mut db = LegacyDatabase::create(legacy).await;
        for action in ["--apply", "--revert"] {
            let planned: Value = serde_json::from_slice(&db.adopt(&["--json"]).await.stdout).unwrap();
            let proxy = Proxy::start(Pause::Before("COMMIT")).await;
            let run = proxy.adopt(&db, &[action, "--json"]).spawn().unwrap();
            let mut run = std::pin::pin!(run.wait_with_output());
            let mut seen = Locks::new();
            let output = loop {
                tokio::select! {
                    () = proxy.paused() => {
                        seen.extend(db.locks_of_adopt().await);
                        proxy.resume();
                    }
                    output = &mut run => break output.unwrap(),
                }
            };
            assert!(output.status.success(), "{}", text(&output));
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            // The rows are numbered in transactions of single statements.
            let in_transaction = |step: &str| step != "number the rows";
            assert_eq!(reported(&report, "held_locks", in_transaction), seen, "{action}");
            assert!(report["held_locks"].as_array().unwrap().iter().all(|it| it["milliseconds"].is_u64()));
            if action == "--apply" {
                assert!(!seen.is_empty());
                let is_of_index = |step: &str| step == "create the index";
                assert_eq!(
                    reported(&report, "held_locks", |_| true),
                    reported(&planned, "locks", |step| !is_of_index(step))
                );
                let is_readable = seen.iter().all(|(_, mode)| mode != "AccessExclusiveLock");
                assert!(is_readable, "their service can read while the view is created: {seen:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn second_apply_locks_out_no_writer() {
    let mut db = LegacyDatabase::create(&schemas::UUIDS).await;
    db.apply().await;
    // Their service writes all the time.
    db.execute("BEGIN; UPDATE todos SET title = title").await;
    let output = db.adopt(&["--apply"]).await;
    assert!(output.status.success(), "{}", text(&output));
    let report = text(&output);
    assert!(
        report.contains("held ACCESS SHARE on public.todos for at most ") && !report.contains("EXCLUSIVE"),
        "{report}"
    );
    db.execute("COMMIT").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn index_is_created_while_their_service_writes_with_the_announced_lock() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    let plan = db.adopt(&[]).await;
    let announced = "SHARE UPDATE EXCLUSIVE on public.task to create the index (reads and writes go on";
    assert!(text(&plan).contains(announced), "{}", text(&plan));
    let mut service = PgConnection::connect(&db.url).await.unwrap();
    sqlx::raw_sql("BEGIN; UPDATE task SET title = title").execute(&mut service).await.unwrap();
    let arguments = ["adopt", "--set", "priority=3", "--apply", "--indexes", "--json"];
    let run = tokio::spawn({
        let config = db.config.clone();
        async move { config.run(&arguments).await }
    });
    let wanted = ("public.task".to_owned(), "ShareUpdateExclusiveLock".to_owned());
    while !db.locks_of_adopt().await.contains(&wanted) {
        assert!(!run.is_finished(), "the index waits for their transaction");
    }
    sqlx::raw_sql("UPDATE task SET title = title || '!'; COMMIT").execute(&mut service).await.unwrap();
    let output = run.await.unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(reported(&report, "held_locks", |step| step == "create the index").contains(&wanted), "{report}");
}
