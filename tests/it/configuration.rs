//! Configuration: defaults, precedence of sources, and startup errors.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::harness::{Engine, PostgresServer, SECRET, ServerConfig, TestClient, free_port};

/// Starts a server without any configuration but a fixed port. Its log is text, so the harness cannot read the port from it.
async fn start_bare() -> (ServerConfig, tokio::process::Child, String) {
    let port = free_port().to_string();
    let config = ServerConfig::unconfigured().with("PORT", &port);
    let child = config.command(&[]).stdout(std::process::Stdio::null()).spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let anonymous = TestClient::new(&url, None);
    while anonymous.try_send("GET", "/readyz", None).await.map(|it| it.status).unwrap_or_default() != 200 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    (config, child, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn starts_unconfigured_and_creates_database_and_secret() {
    let (config, mut child, url) = start_bare().await;
    let token = config.run(&["token", "--user", "me"]).await.stdout;
    let me = TestClient::new(&url, Some(String::from_utf8(token).unwrap().trim().to_owned()));
    let task = me.create("first").await;

    let data = config.directory.path().join("data");
    let mode = |name: &str| data.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("auth.secret"), 0o600, "readable only by its owner");
    assert!(data.join("todo.db").exists());
    let secret = std::fs::read_to_string(data.join("auth.secret")).unwrap();
    assert!(secret.len() >= 32);

    child.kill().await.unwrap();
    let again = config.with("ROCKET_LOG_FORMAT", "json").with("PORT", "0").start().await;
    let me = TestClient::new(
        &again.url,
        Some(
            String::from_utf8(again.config.run(&["token", "--user", "me"]).await.stdout)
                .unwrap()
                .trim()
                .to_owned(),
        ),
    );
    assert_eq!(
        me.get("/api/tasks").await.json(),
        json!([task]),
        "the next start uses the same database and secret"
    );
    assert_eq!(std::fs::read_to_string(data.join("auth.secret")).unwrap(), secret);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_first_starts_share_one_secret() {
    let config = ServerConfig::unconfigured();
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let config = config.clone();
            tokio::spawn(async move { config.run(&["token", "--user", "me"]).await.stdout })
        })
        .collect();
    let mut tokens = Vec::new();
    for run in runs {
        tokens.push(String::from_utf8(run.await.unwrap()).unwrap());
    }
    let server = config.with("ROCKET_LOG_FORMAT", "json").start().await;
    for token in tokens {
        assert_eq!(server.bearer(token.trim()).get("/api/tasks").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_setting_aborts_startup_with_a_one_line_error() {
    let missing = "sqlite:///no/such/folder/todo.db";
    for (name, value, says) in [
        (
            "DATABASE_URL",
            "mysql://root:hunter2hunter2@db/x",
            "NEON_DATABASE_URL or DATABASE_URL (databases.todo.url) has the scheme 'mysql'",
        ),
        ("DATABASE_URL", "hunter2hunter2", "(databases.todo.url) is not a URL"),
        ("DATABASE_URL", "postgres://u:hunter2hunter2@/x", "(databases.todo.url) is not a URL"),
        (
            "DATABASE_URL",
            "postgres://u:hunter2hunter2@h/x?sslmode=sometimes",
            "(databases.todo.url) has a parameter",
        ),
        ("DATABASE_URL", "sqlite::memory:", "(databases.todo.url) contains no file"),
        ("DATABASE_URL", missing, "(databases.todo.url) cannot open /no/such/folder/todo.db"),
        ("NEON_DATABASE_URL", "redis://hunter2hunter2", "has the scheme 'redis'"),
        (
            "MIGRATE_DATABASE_URL",
            "redis://hunter2hunter2",
            "MIGRATE_DATABASE_URL (databases.todo.migrate_url) has the scheme 'redis'",
        ),
        ("CORS_ORIGINS", "*", "CORS_ORIGINS or FRONTEND_URL (cors.origins) contains '*'"),
        ("CORS_ORIGINS", "https://*.example.com", "contains '*'"),
        (
            "CORS_ORIGINS",
            "https://example.com/app",
            "(cors.origins) contains 'https://example.com/app', which is not an origin",
        ),
        (
            "FRONTEND_URL",
            "localhost:3000",
            "(cors.origins) contains 'localhost:3000', which is not an origin",
        ),
        ("PORT", "http", "PORT (port) must be a port number"),
        ("PORT", "70000", "PORT (port) must be a port number"),
        ("ROCKET_ADDRESS", "everywhere", "address "),
        ("ROCKET_WORKERS", "many", "workers must be a whole number"),
        ("ROCKET_AUTH", "hunter2hunter2", "auth must be"),
        ("ROCKET_AUTH", "{leeway=-1}", "auth.leeway must be a whole number"),
        ("ROCKET_AUTH", "{secrets=\"hunter2hunter2\"}", "auth has no setting 'secrets'"),
        ("ROCKET_DATABASES", "{todo={max_connection=3}}", "databases.todo has no setting 'max_connection'"),
        ("ROCKET_SHUTDOWN", "{drian=3}", "shutdown has no setting 'drian'"),
        ("ROCKET_LOG_FORMAT", "xml", "log_format must be one of json, text"),
        ("ROCKET_MIGRATE_ON_LAUNCH", "perhaps", "migrate_on_launch must be true or false"),
        ("RUST_LOG", "loud=very", "RUST_LOG is not a valid filter"),
        ("ROCKET_CONFIG", "bad.toml", "bad.toml"),
        ("ROCKET_CONFIG", "misspelt.toml", "portt is not a known setting"),
        ("ROCKET_CONFIG", "other.toml", "databases.tasks is not a known setting"),
    ] {
        let config = ServerConfig::with_database(Engine::Sqlite).await.with(name, value);
        let write =
            |file: &str, text: &str| std::fs::write(config.directory.path().join(file), text).unwrap();
        write("bad.toml", "[default\nport = 1");
        write("misspelt.toml", "[release]\nportt = 1\n");
        write("other.toml", "[default.databases.tasks]\nurl = 'sqlite://x'\n");
        let output = config.run(&[]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}={value}: {said}");
        assert!(said.contains(says), "{name}={value}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(!said.contains("hunter2") && !said.contains("panicked"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn release_profile_requires_database_and_secret() {
    let release = ServerConfig::unconfigured().with("ROCKET_PROFILE", "release");
    let database = release.clone().with("DATABASE_URL", "sqlite://todo.db");
    for (config, says) in [
        (release.clone(), "NEON_DATABASE_URL or DATABASE_URL (databases.todo.url) is not set"),
        (database.clone(), "BETTER_AUTH_SECRET (auth.secret) is required"),
        (database.clone().with("BETTER_AUTH_SECRET", ""), "BETTER_AUTH_SECRET (auth.secret) is required"),
        (
            database.clone().with("BETTER_AUTH_SECRET", &"x".repeat(31)),
            "BETTER_AUTH_SECRET (auth.secret) is 31 bytes long",
        ),
    ] {
        let output = config.run(&[]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(says), "{said}");
        assert!(!config.directory.path().join("data").exists(), "creates nothing");
    }
    let mut server =
        database.with("BETTER_AUTH_SECRET", SECRET).with("ROCKET_ADDRESS", "127.0.0.1").start().await;
    let page = server.client_for("me").with("Origin", "http://localhost:3000");
    assert_eq!(page.get("/api/tasks").await.status, 403, "no origin is allowed unless configured");
    assert!(
        server.wait_for_log_line(|line| line["message"] == "listening").await["version"].is_string(),
        "its log is JSON"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rocket_variables_override_aliases_which_override_rocket_toml() {
    let config = ServerConfig::with_database(Engine::Sqlite)
        .await
        .without("DATABASE_URL")
        .with("ROCKET_CONFIG", "own.toml");
    let toml = "[default.databases.todo]\nurl = 'sqlite://toml.db'\n[default.auth]\nsecret = 'from the file, and long enough too'\n";
    std::fs::write(config.directory.path().join("own.toml"), toml).unwrap();
    let neon = config
        .clone()
        .with("DATABASE_URL", "sqlite://plain.db")
        .with("NEON_DATABASE_URL", "sqlite://neon.db");
    let rocket = neon.clone().with("ROCKET_DATABASES", r#"{todo={url="sqlite://rocket.db"}}"#);
    for (config, file) in [
        (config.clone(), "toml.db"),
        (config.clone().with("DATABASE_URL", ""), "toml.db"),
        (config.clone().with("DATABASE_URL", "sqlite://plain.db"), "plain.db"),
        (neon, "neon.db"),
        (rocket, "rocket.db"),
    ] {
        let mut server = config.start().await;
        let listening = server.wait_for_log_line(|line| line["message"] == "listening").await;
        assert_eq!(listening["database"], format!("SQLite at {file}"));
        assert_eq!(
            server.client_for("me").get("/api/tasks").await.status,
            200,
            "the secret is the plain variable's"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dotenv_is_read_only_in_the_debug_profile() {
    let config = ServerConfig::with_database(Engine::Sqlite).await.without("DATABASE_URL");
    std::fs::write(config.directory.path().join(".env"), "# ours\nDATABASE_URL=\"sqlite://dotenv.db\"\n")
        .unwrap();
    let mut server = config.clone().start().await;
    assert_eq!(
        server.wait_for_log_line(|line| line["database"].is_string()).await["database"],
        "SQLite at dotenv.db"
    );
    let release = config.with("ROCKET_PROFILE", "release").run(&[]).await;
    assert!(String::from_utf8(release.stderr).unwrap().contains("(databases.todo.url) is not set"));
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_is_used_byte_for_byte() {
    for secret in [
        "12345678901234567890123456789012",
        "true",
        "[1,2,3]",
        "{a=1}",
        "\"quoted quoted quoted quoted quoted\"",
        "  spaces, and ünïcödé: \\n",
    ] {
        let server = ServerConfig::with_database(Engine::Sqlite)
            .await
            .with("BETTER_AUTH_SECRET", secret)
            .start()
            .await;
        let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        let token =
            jsonwebtoken::encode(&jsonwebtoken::Header::default(), &crate::harness::claims("me"), &key)
                .unwrap();
        assert_eq!(server.bearer(&token).get("/api/tasks").await.status, 200, "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlalchemy_database_urls_are_accepted() {
    let url = PostgresServer::shared().database().await;
    let rest = url.strip_prefix("postgres").unwrap();
    for scheme in
        ["postgres", "postgresql", "postgresql+asyncpg", "postgresql+psycopg", "postgresql+psycopg2"]
    {
        let url =
            format!("{scheme}{rest}?ssl=prefer&channel_binding=prefer&pgbouncer=true&application_name=mine");
        let mut server =
            ServerConfig::with_database(Engine::Sqlite).await.with("DATABASE_URL", &url).start().await;
        server.client_for(scheme).create("t").await;
        for parameter in ["channel_binding", "pgbouncer"] {
            server.wait_for_log_line(|line| line["level"] == "WARN" && line["parameter"] == parameter).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn port_in_use_is_a_one_line_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = ServerConfig::with_database(Engine::Sqlite).await.with("PORT", &port).run(&["serve"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.starts_with("todo-api: PORT (port)"), "{said}");
    assert_eq!(said.trim_end().lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn healthcheck_command_checks_the_local_server() {
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("PORT", &free_port().to_string());
    assert_eq!(config.run(&["healthcheck"]).await.status.code(), Some(1), "no server listens");
    let _server = config.clone().start().await;
    assert_eq!(config.run(&["healthcheck"]).await.status.code(), Some(0));
    let anywhere = config.with("ROCKET_ADDRESS", "0.0.0.0");
    assert_eq!(anywhere.run(&["healthcheck"]).await.status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn help_version_and_bad_arguments_behave_as_usual() {
    let config = ServerConfig::unconfigured();
    let version = config.run(&["--version"]).await;
    let commit = option_env!("TODO_API_REVISION").map(|it| format!(" ({it})")).unwrap_or_default();
    assert_eq!(
        String::from_utf8(version.stdout).unwrap().trim(),
        format!("todo-api {}{commit}", env!("CARGO_PKG_VERSION"))
    );
    let help = String::from_utf8(config.run(&["--help"]).await.stdout).unwrap();
    for command in ["serve", "migrate", "token", "healthcheck"] {
        assert!(help.contains(command), "{help}");
    }
    for wrong in [&["sreve"][..], &["token"], &["token", "--user", "me", "--ttl", "soon"], &["--bogus"]] {
        let output = config.run(wrong).await;
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}
