//! Adopting with few rights, and a role for the server.

use serde_json::json;
use sqlx::Connection;

use super::schemas;
use super::{LegacyDatabase, text};
use crate::harness::{PgBouncer, PostgresServer};

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_grants_are_enough_for_another_role() {
    let mut db = LegacyDatabase::create(&schemas::SQLMODEL_TASKS).await;
    let (role, before) = (role_in(&mut db, "adopter").await, db.catalogue().await);
    db.config = db.config.clone().with("DATABASE_URL", &db.url.replace("postgres@", &format!("{role}@")));
    let refused = db.adopt(&["--apply"]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
    assert_eq!(db.catalogue().await, before);
    for _ in 0..2 {
        let output = text(&db.adopt(&[]).await);
        for grant in output.lines().filter_map(|line| Some(line.split_once("as its owner: ")?.1)) {
            db.execute(grant).await;
        }
    }
    db.apply().await;
    assert_eq!(db.start_server().await.client_for("ann").create("t").await["title"], "t");

    // It cannot set the path of another role either. That role can.
    let server_role = role_in(&mut db, "served").await;
    let output = text(&db.adopt(&["--apply", "--role", &server_role]).await);
    let statement = output
        .split_once(&format!("As {server_role}, run: "))
        .expect(&output)
        .1
        .split_once(". The")
        .unwrap()
        .0;
    let url = db.url.replace("postgres@", &format!("{server_role}@"));
    let mut own = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut own).await.unwrap();
    let server = db.config.clone().with("DATABASE_URL", &url).start().await;
    assert_eq!(server.client_for("ann").create("u").await["title"], "u");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_role_needs_no_rights_on_their_table_and_their_role_sees_no_difference() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_TEXT).await;
    let before = db.catalogue().await;
    let role = role_in(&mut db, "server").await;
    let output = db.adopt(&["--apply", "--role", &role]).await;
    assert!(output.status.success(), "{}", text(&output));
    let as_role = db.url.replace("postgres@", &format!("{role}@"));
    let server = db
        .config
        .clone()
        .with("DATABASE_URL", &as_role)
        .with("ROCKET_ISSUER", "{enabled=true}")
        .start()
        .await;
    server.wait_for_readyz(true).await;
    let task = server.client_for("ann").create("by the role").await;
    assert_eq!(
        db.query::<String>(&format!("SELECT status::text FROM task WHERE id = {}", task["id"])).await,
        "pending"
    );
    // The built-in authentication has its own users, beside the table "user" of their program.
    let body = json!({ "name": "n", "email": "n@example.com", "password": "correct horse battery" });
    assert_eq!(server.anonymous().post("/api/auth/sign-up/email", &body).await.status, 200);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM \"user\"").await, 2);
    assert_eq!(db.query::<i64>("SELECT count(*) FROM todo_api.\"user\"").await, 1);
    assert_eq!(db.query::<String>("SHOW search_path").await, "\"$user\", public", "their role");
    assert!(!db.query::<bool>(&format!("SELECT has_table_privilege('{role}', 'task', 'SELECT')")).await);
    drop(server);
    // Users are not dropped.
    let output = text(&db.config.run(&["adopt", "--revert"]).await);
    assert!(output.contains("1 users of the built-in authentication"), "{output}");
    assert_eq!(db.query::<i64>("SELECT count(*) FROM todo_api.\"user\"").await, 1);
    db.execute("DROP SCHEMA todo_api CASCADE").await;
    assert_eq!(db.catalogue().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn server_role_finds_the_view_behind_a_transaction_pooler() {
    let mut db = LegacyDatabase::create(&schemas::STATUS_ENUM).await;
    let role = role_in(&mut db, "pooled").await;
    assert!(db.adopt(&["--apply", "--role", &role]).await.status.success());
    let pooler = PgBouncer::start_as(PostgresServer::shared(), "transaction", "default_pool_size = 3", &role);
    let named = PgBouncer::tracks_prepared_statements();
    let config = db.config.clone().with("DATABASE_URL", &pooler.url(&db.url));
    let config = config.with("MIGRATE_DATABASE_URL", &db.url.replace("postgres@", &format!("{role}@")));
    let server =
        config.with("ROCKET_DATABASES", &format!("{{todo={{prepared_statements={named}}}}}")).start().await;
    server.wait_for_readyz(true).await;
    let me = server.client_for("ann");
    let requests: Vec<_> = (0..20)
        .map(|n| {
            let me = me.clone();
            tokio::spawn(async move { me.create(&format!("pooled {n}")).await })
        })
        .collect();
    for request in requests {
        let task = request.await.unwrap();
        let done = me.patch(&format!("/api/tasks/{}/complete", task["id"]), &json!({})).await.json();
        assert_eq!((&done["id"], &done["completed"]), (&task["id"], &json!(true)));
    }
    assert_eq!(
        db.query::<i64>("SELECT count(*) FROM task WHERE status = 'DONE' AND title LIKE 'pooled%'").await,
        20
    );
}

/// Creates a role for this database.
pub async fn role_in(db: &mut LegacyDatabase, name: &str) -> String {
    let role = format!("{name}_{}", db.url.rsplit('/').next().unwrap());
    db.execute(&format!("CREATE ROLE {role} LOGIN")).await;
    role
}
