//! The OpenAPI document and Swagger UI.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{Engine, PostgresServer, SECRET, Server, ServerConfig};

fn documented() -> Value {
    serde_json::from_str(include_str!("../../specs/api/openapi.json")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_matches_in_specs_command_and_endpoint() {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let printed = ServerConfig::unconfigured().with("ROCKET_PROFILE", "release").run(&["openapi"]).await;
    assert!(printed.status.success(), "requires no configuration");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let kept = include_str!("../../specs/api/openapi.json");
    assert!(printed == kept, "out of date; run: cargo run -q -- openapi > specs/api/openapi.json");
    let server = config.start().await;
    let response = server.anonymous().get("/openapi.json").await;
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.json(), documented());
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_and_documented_paths_match() {
    let url = PostgresServer::shared().database().await;
    let config = todo_api::config::ConfigLoader::from_values([
        ("databases.todo.url", url.as_str()),
        ("auth.secret", SECRET),
    ])
    .unwrap();
    let rocket = todo_api::rocket(&config.load().unwrap()).ignite().await.unwrap();
    let mut routes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // Routes without a name are the 405 fallbacks.
    for route in rocket.routes().filter(|it| it.name.is_some() && !it.uri.path().starts_with("/docs")) {
        let path = route.uri.path().replace('<', "{").replace('>', "}");
        let method = route.method.as_str().to_lowercase();
        // Task routes are also served below the user's id.
        if path.starts_with("/api") && path.contains("/tasks") {
            let by_user = path.replacen("/tasks", "/{user_id}/tasks", 1);
            routes.entry(by_user).or_default().insert(method.clone());
        }
        routes.entry(path).or_default().insert(method);
    }
    routes.remove("/openapi.json").expect("it does not describe itself");
    for path in ["/mcp", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"]
    {
        routes.remove(path).expect("a protocol of its own, specified in specs/api/mcp.md");
    }
    routes.remove("/").expect("the start page is for developers and in debug only");
    let mut described = BTreeMap::new();
    for (path, item) in documented()["paths"].as_object().unwrap() {
        let methods: BTreeSet<String> = item.as_object().unwrap().keys().cloned().collect();
        described.insert(path.clone(), methods);
    }
    assert_eq!(described, routes);
}

#[test]
fn every_operation_has_id_summary_and_examples() {
    let document = documented();
    let mut names = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place}");
            assert!(operation["summary"].as_str().unwrap().len() > 8, "{place}");
            assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{place}");
            assert_eq!(operation["security"].is_array(), path.starts_with("/api"), "{place}");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let kinds = response["content"].as_object();
                let content = kinds.and_then(|kinds| kinds.values().next()).unwrap_or(&Value::Null);
                let has_example = content["example"].is_object()
                    || content["example"].is_array()
                    || content["example"].is_string()
                    || content["examples"].is_object();
                let has_no_body = ["204", "302"].contains(&status.as_str());
                assert!(has_example || has_no_body, "{place} {status}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn swagger_ui_is_self_contained() {
    let server = Server::start(Engine::Sqlite).await;
    let anonymous = server.anonymous();
    let page = anonymous.get("/docs").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe-eval"),
        "{policy}"
    );
    for (file, kind) in [
        ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/docs/start.js", "text/javascript"),
        ("/docs/swagger-ui.css", "text/css; charset=utf-8"),
    ] {
        assert!(page.body.contains(file) || file.ends_with("start.js"), "{file}");
        let response = anonymous.call("HEAD", file, None).await;
        assert_eq!((response.status, response.header("content-type")), (200, Some(kind)), "{file}");
    }
    assert!(!page.body.contains("http://") && !page.body.contains("https://"), "loads nothing external");
    assert_eq!(anonymous.get("/docs/").await.status, 200);
    assert_eq!(anonymous.post("/docs", &Value::Null).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn docs_can_be_disabled() {
    let server = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_DOCS", "false").start().await;
    for path in ["/docs", "/docs/start.js", "/openapi.json"] {
        server.anonymous().get(path).await.assert_error(404, "RESOURCE_NOT_FOUND", "Not found");
    }
}
