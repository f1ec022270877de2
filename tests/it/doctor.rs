//! The command `todo-api doctor`.

use std::collections::BTreeMap;

use serde_json::json;

use crate::harness::{
    Engine, JwksResponse, JwksServer, PostgresServer, SECRET, ServerConfig, Signer, free_port,
};
use crate::on_both_engines;

const CHECKS: [&str; 9] = [
    "configuration",
    "database",
    "schema",
    "secret",
    "issuer keys",
    "accepted tokens",
    "built-in authentication",
    "CORS origins",
    "clock",
];

/// The output of a run: the exit status, and level and text of each check.
struct Examined {
    status: Option<i32>,
    checks: BTreeMap<String, (String, String)>,
    all: String,
}

impl Examined {
    #[track_caller]
    fn assert(&self, check: &str, level: &str, says: &str) {
        let (actual, text) = self.checks.get(check).unwrap_or_else(|| panic!("no {check}: {}", self.all));
        assert_eq!(actual, level, "{check}: {}", self.all);
        assert!(text.contains(says), "{check} does not say {says}: {}", self.all);
    }

    fn failed(&self) -> Vec<&str> {
        let failed = self.checks.iter().filter(|(_, (level, _))| level == "FAIL");
        failed.map(|(check, _)| check.as_str()).collect()
    }
}

async fn examine(config: &ServerConfig) -> Examined {
    let output = config.run(&["doctor"]).await;
    let printed = String::from_utf8(output.stdout).unwrap();
    let checks = printed.lines().map(|line| {
        let (level, rest) = line.split_once(' ').unwrap();
        let (check, text) = rest.trim_start().split_once(": ").unwrap();
        (check.to_owned(), (level.to_owned(), text.to_owned()))
    });
    let checks = checks.collect();
    let all = format!("{printed}{}", String::from_utf8(output.stderr).unwrap());
    Examined { status: output.status.code(), checks, all }
}

on_both_engines! {
    async fn healthy_configuration_passes_every_check(engine: Engine) {
        let config = ServerConfig::with_database(engine).await;
        let fresh = examine(&config).await;
        fresh.assert("schema", "ok", "the server migrates it when it starts");
        let server = config.start().await;
        let examined = examine(&server.config).await;
        assert_eq!(examined.checks.len(), CHECKS.len(), "{}", examined.all);
        for check in CHECKS {
            examined.assert(check, "ok", "");
        }
        examined.assert("schema", "ok", "up to date");
        examined.assert("clock", "ok", "the database");
        assert_eq!(examined.status, Some(0));
        assert!(!examined.all.contains(SECRET), "{}", examined.all);
    }

    async fn outdated_schema_fails_where_nothing_migrates_it(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_MIGRATE_ON_LAUNCH", "false");
        let examined = examine(&config).await;
        examined.assert("schema", "FAIL", "run todo-api migrate");
        assert_eq!((examined.failed(), examined.status), (vec!["schema"], Some(1)));
        assert!(config.run(&["migrate"]).await.status.success(), "the hint is right");
        let after = examine(&config).await;
        after.assert("schema", "ok", "up to date");
        assert_eq!(after.status, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unconfigured_development_server_passes() {
    let config = ServerConfig::unconfigured();
    let examined = examine(&config).await;
    assert_eq!((examined.failed(), examined.status), (vec![], Some(0)), "{}", examined.all);
    examined.assert("configuration", "ok", "profile debug");
    examined.assert("CORS origins", "ok", "http://localhost:3000");
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_database_fails_with_its_location_and_without_its_password() {
    let port = free_port();
    let url = format!("postgres://todo:hunter2hunter2@127.0.0.1:{port}/todo");
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("DATABASE_URL", &url);
    let examined = examine(&config).await;
    examined.assert("database", "FAIL", &format!("127.0.0.1:{port}/todo does not respond"));
    examined.assert("database", "FAIL", "; start it, or correct DATABASE_URL");
    examined.assert("schema", "skip", "needs the database");
    examined.assert("clock", "skip", "needs the database or the issuer");
    assert_eq!((examined.failed(), examined.status), (vec!["database"], Some(1)));
    assert!(!examined.all.contains("hunter2"), "{}", examined.all);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_permission_on_the_schema_fails() {
    let url = PostgresServer::shared().database().await;
    let server = ServerConfig::with_database(Engine::Sqlite).await.with("DATABASE_URL", &url).start().await;
    let role = format!("reader_{}", std::process::id());
    server.execute_sql(&format!("CREATE ROLE {role} LOGIN")).await;
    let mut stranger = url::Url::parse(&url).unwrap();
    stranger.set_username(&role).unwrap();
    let examined = examine(&server.config.clone().with("DATABASE_URL", stranger.as_str())).await;
    server.execute_sql(&format!("DROP ROLE {role}")).await;
    examined.assert("schema", "FAIL", "permission denied");
    assert_eq!(examined.failed(), ["schema"], "{}", examined.all);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_faulty_section_is_reported_in_one_run() {
    let config = ServerConfig::unconfigured()
        .with("ROCKET_PROFILE", "release")
        .with("DATABASE_URL", "mysql://root:hunter2hunter2@db/x")
        .with("BETTER_AUTH_SECRET", "hunter2")
        .with("CORS_ORIGINS", "*")
        .with("ROCKET_WORKERS", "many")
        .with("ROCKET_ISSUER", "{enabled=true,alg=\"none\"}");
    let examined = examine(&config).await;
    examined.assert("configuration", "FAIL", "workers must be a whole number");
    examined.assert("database", "FAIL", "has the scheme 'mysql'");
    examined.assert("secret", "FAIL", "is 7 bytes long, but 32 are required");
    examined.assert("built-in authentication", "FAIL", "issuer.alg must be one of HS256, EdDSA");
    examined.assert("CORS origins", "FAIL", "list each origin");
    assert_eq!((examined.checks.len(), examined.status), (CHECKS.len(), Some(1)));
    assert!(!examined.all.contains("hunter2"), "{}", examined.all);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_sources_are_one_failed_check() {
    let config = ServerConfig::unconfigured().with("ROCKET_CONFIG", "bad.toml");
    std::fs::write(config.directory.path().join("bad.toml"), "[default\nport = 1").unwrap();
    let examined = examine(&config).await;
    examined.assert("configuration", "FAIL", "bad.toml");
    assert_eq!((examined.checks.len(), examined.status), (1, Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn release_issuer_without_a_url_fails() {
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_PROFILE", "release");
    let examined = examine(&config.with("ROCKET_ISSUER", "{enabled=true}")).await;
    examined.assert("built-in authentication", "FAIL", "issuer.url is not set");
    assert_eq!(examined.failed(), ["built-in authentication"], "{}", examined.all);
}

/// A server that fetches keys from this JWKS server.
async fn with_issuer(issuer: &JwksServer) -> ServerConfig {
    ServerConfig::with_database(Engine::Sqlite).await.with("BETTER_AUTH_URL", &issuer.url)
}

#[tokio::test(flavor = "multi_thread")]
async fn published_keys_are_fetched_and_counted() {
    let secret = json!({ "kty": "oct", "kid": "s", "k": "c2VjcmV0" });
    let issuer = JwksServer::with(vec![Signer::new("k").jwk(), secret.clone()]).await;
    let config = with_issuer(&issuer).await;
    let examined = examine(&config).await;
    examined.assert("issuer keys", "ok", "127.0.0.1 publishes 2 keys, of which 1 are usable");
    examined.assert("accepted tokens", "ok", &format!("iss {0}, aud {0}", issuer.url));
    examined.assert("CORS origins", "warn", &format!("add {} to CORS_ORIGINS", issuer.url));
    assert_eq!(examined.status, Some(0), "a warning is no failure");

    issuer.publish(JwksResponse::Keys(vec![secret]));
    examine(&config).await.assert("issuer keys", "FAIL", "but none is usable");
    issuer.publish(JwksResponse::Keys(Vec::new()));
    examine(&config).await.assert("issuer keys", "warn", "publishes no keys yet; sign in once");
    issuer.publish(JwksResponse::Raw(crate::harness::http(b"<html>")));
    examine(&config).await.assert("issuer keys", "FAIL", "response is not a JWKS");
}

#[tokio::test(flavor = "multi_thread")]
async fn unreachable_issuer_fails() {
    let url = format!("http://user:hunter2hunter2@127.0.0.1:{}", free_port());
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("BETTER_AUTH_URL", &url);
    let examined = examine(&config).await;
    examined.assert(
        "issuer keys",
        "FAIL",
        "; start Better Auth with the plugin jwt(), or correct BETTER_AUTH_URL",
    );
    assert_eq!((examined.failed(), examined.status), (vec!["issuer keys"], Some(1)));
    assert!(!examined.all.contains("hunter2"), "{}", examined.all);
}

#[tokio::test(flavor = "multi_thread")]
async fn clock_that_differs_from_the_issuers_fails() {
    let issuer = JwksServer::with(Vec::new()).await;
    let body = json!({ "keys": [Signer::new("k").jwk()] }).to_string();
    let head = "HTTP/1.1 200 OK\r\nDate: Wed, 01 Jan 2025 00:00:00 GMT\r\nConnection: close\r\n";
    let response = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    issuer.publish(JwksResponse::Raw(response.into_bytes()));
    let examined = examine(&with_issuer(&issuer).await).await;
    examined.assert("clock", "FAIL", "seconds ahead of the issuer; synchronize the clocks");
    assert_eq!((examined.failed(), examined.status), (vec!["clock"], Some(1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn doubtful_origins_are_warnings() {
    let release = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_PROFILE", "release");
    for (origins, level, says) in [
        ("", "warn", "none; set CORS_ORIGINS"),
        ("http://app.example.com", "warn", "use https instead of http://app.example.com"),
        ("http://localhost:3000", "ok", "http://localhost:3000"),
        ("https://app.example.com", "ok", "https://app.example.com"),
    ] {
        let examined = examine(&release.clone().with("CORS_ORIGINS", origins)).await;
        examined.assert("CORS origins", level, says);
        assert_eq!(examined.status, Some(0));
    }
}
