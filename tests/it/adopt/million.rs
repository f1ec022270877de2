//! A million rows. `scripts/adopt-million` runs this, because it takes minutes.
#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::time::Instant;

use serde_json::Value;
use todo_api::store::sql;

use super::schemas::{self, Legacy};
use super::{LegacyDatabase, text};
use crate::harness::PostgresServer;

/// The rows of a user among those of a thousand.
const FILL: &str = "INSERT INTO task (user_id, title, description, completed, created_at, updated_at)
    SELECT 'user-' || n % 1000, 'Task number ' || n, 'Something that is to be done', n % 3 = 0, '2020-01-01'::timestamp + n * interval '1 minute', '2026-01-01'
    FROM generate_series(1, 1000000) n";

const SERIAL: Legacy = Legacy {
    sql: "CREATE TABLE task (id serial PRIMARY KEY, user_id varchar NOT NULL, title varchar(200) NOT NULL, description varchar, completed boolean NOT NULL,
            created_at timestamp NOT NULL, updated_at timestamp NOT NULL)",
    arguments: &[],
    table: "public.task",
    ..schemas::SQLMODEL_TASKS
};

const UUID: Legacy = Legacy {
    sql: "CREATE TABLE task (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id varchar NOT NULL, title varchar(200) NOT NULL, description varchar,
            completed boolean NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL)",
    ..SERIAL
};

/// Runs a command of the operator and prints what it says of its time and its locks. Leaves the database without another session.
async fn run(db: &mut LegacyDatabase, arguments: &[&str]) -> Value {
    db.disconnect().await;
    let began = Instant::now();
    let arguments: Vec<&str> = ["adopt", "--json"].iter().chain(arguments).copied().collect();
    let output = db.config.command(&arguments).output().await.unwrap();
    let seconds = began.elapsed().as_secs_f64();
    assert!(matches!(output.status.code(), Some(0 | 4)), "{}", text(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rate = 1e6 / seconds;
    println!("  {} took {seconds:.1} s, {rate:.0} rows per second", arguments.join(" "));
    for line in report["done"].as_array().unwrap() {
        println!("    {}", line.as_str().unwrap());
    }
    for lock in report["held_locks"].as_array().unwrap() {
        println!(
            "    {} on {} for at most {} ms to {}",
            lock["mode"], lock["table"], lock["milliseconds"], lock["step"]
        );
    }
    report
}

async fn a_million(about: &str, legacy: &'static Legacy) {
    // As an operator's server, it waits for the disk.
    let cluster = PostgresServer::with("-c fsync=on");
    let mut db = LegacyDatabase::create_on(&cluster, legacy).await;
    db.execute(FILL).await;
    db.execute("VACUUM ANALYZE task").await;
    let catalogue = db.catalogue().await;
    println!("{about}");
    let report = run(&mut db, &[]).await;
    assert_eq!(report["table"]["rows"], 1_000_000);
    run(&mut db, &["--apply"]).await;
    run(&mut db, &["--apply", "--indexes"]).await;
    db = db.reconnect().await;
    db.execute("ANALYZE task; SET search_path = todo_api; SET plan_cache_mode = force_generic_plan").await;
    for statement in [sql::LIST_DESCENDING, sql::LIST_ASCENDING] {
        let plan = db.explain(statement.postgres, "'user-7', NULL, '2022-01-01', 1, 128").await;
        println!("    {}", plan.replace('\n', "\n    "));
        assert!(plan.contains("todo_api_list") && !plan.contains("Seq Scan"), "{plan}");
    }
    run(&mut db, &["--revert"]).await;
    db = db.reconnect().await;
    assert_eq!(db.catalogue().await, catalogue);
    run(&mut db, &["--apply", "--indexes"]).await;
    run(&mut db, &["--settle"]).await;
    db = db.reconnect().await;
    assert_eq!(db.query::<i64>("SELECT count(*) FROM todo_api.tasks").await, 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; scripts/adopt-million runs it"]
async fn a_million_rows_with_integer_ids_are_adopted_and_settled() {
    a_million("Integer ids", &SERIAL).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; scripts/adopt-million runs it"]
async fn a_million_rows_with_uuids_are_adopted_and_settled() {
    a_million("UUIDs", &UUID).await;
}
