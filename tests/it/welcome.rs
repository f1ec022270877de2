//! The start page at `/`.

use crate::harness::{Engine, Server, ServerConfig};

#[tokio::test(flavor = "multi_thread")]
async fn development_server_explains_itself_at_the_root() {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let server = config.with("CORS_ORIGINS", "http://localhost:4321").start().await;
    let anonymous = server.anonymous();
    let page = anonymous.get("/").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "as every other response");
    for says in [
        "SQLite at todo.db",
        "/api/auth/signup",
        "token --user me",
        "npm ci\nAPI_URL=http://localhost:0 BUILT_IN_AUTH=true npm run dev",
        "http://localhost:4321",
    ] {
        assert!(page.body.contains(says), "{says}: {}", page.body);
    }
    for forbidden in ["<script", "<style", "style=", "<img", "<form"] {
        assert!(!page.body.contains(forbidden), "the policy forbids {forbidden}");
    }
    let links: Vec<_> = page.body.split("<a href=\"").skip(1).filter_map(|it| it.split('"').next()).collect();
    assert_eq!(links, ["/docs", "/openapi.json", "/health", "/readyz"]);
    for link in links {
        assert_eq!(anonymous.get(link).await.status, 200, "{link}");
    }
    let post = anonymous.post("/", &serde_json::json!({})).await;
    post.assert_error(405, "METHOD_NOT_ALLOWED", "Method not allowed");
}

/// With the built-in authentication alone, this server rejects the tokens of the example's own Better Auth.
#[tokio::test(flavor = "multi_thread")]
async fn start_page_starts_the_example_with_the_authentication_that_this_server_accepts() {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    for (name, value) in [("BETTER_AUTH_URL", "http://localhost:3000"), ("ROCKET_ISSUER", "{enabled=false}")]
    {
        let server = config.clone().with(name, value).start().await;
        let page = server.anonymous().get("/").await;
        assert!(
            page.body.contains("npm ci\nAPI_URL=http://localhost:0 npm run dev"),
            "{name}: {}",
            page.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn start_page_names_only_what_is_served() {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let server = config.with("ROCKET_DOCS", "false").with("ROCKET_ISSUER", "{enabled=false}").start().await;
    let page = server.anonymous().get("/").await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("/docs") && !page.body.contains("/api/auth"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn release_server_has_no_start_page_unless_it_is_enabled() {
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_PROFILE", "release");
    let config = config.with("ROCKET_ADDRESS", "127.0.0.1");
    let server = config.clone().start().await;
    server.anonymous().get("/").await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
    drop(server);
    let server = config.with("ROCKET_WELCOME", "true").start().await;
    assert_eq!(server.anonymous().get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn path_of_the_database_is_escaped() {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let server = config.with("DATABASE_URL", "sqlite://<b>&\".db").start().await;
    let page: crate::harness::Response = server.anonymous().get("/").await;
    assert!(page.body.contains("SQLite at &lt;b&gt;&amp;&quot;.db"), "{}", page.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn start_page_needs_no_token_and_ignores_one() {
    let server = Server::start(Engine::Sqlite).await;
    let anonymous = server.anonymous().get("/").await;
    assert_eq!(server.bearer("rubbish").get("/").await.body, anonymous.body);
}
