//! The API explains itself, and tells the truth.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::{Cluster, Engine, SECRET, Server, Setup, declared_responses, seen_responses};

fn documented() -> Value {
    serde_json::from_str(include_str!("../../specs/api/openapi.json")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_the_same_in_the_specification_by_the_command_and_from_the_server() {
    let setup = Setup::on(Engine::Sqlite).await;
    let printed = Setup::bare().with("ROCKET_PROFILE", "release").run(&["openapi"]).await;
    assert!(printed.status.success(), "it needs no configuration");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let kept = include_str!("../../specs/api/openapi.json");
    assert!(printed == kept, "it has changed; run: cargo run -q -- openapi > specs/api/openapi.json");
    let server = setup.start().await;
    let answer = server.anonymous().get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.json(), documented());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_documented_and_every_document_is_a_route() {
    let url = Cluster::shared().database().await;
    let config =
        todo_api::config::Config::of([("databases.todo.url", url.as_str()), ("auth.secret", SECRET)])
            .unwrap();
    let rocket = todo_api::rocket(&config.settings().unwrap()).ignite().await.unwrap();
    let mut routes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // Those for other methods have no name.
    for route in rocket.routes().filter(|it| it.name.is_some() && !it.uri.path().starts_with("/docs")) {
        let path = route.uri.path().replace('<', "{").replace('>', "}");
        let method = route.method.as_str().to_lowercase();
        // Task routes are reached by the path with the user's id as well.
        if path.starts_with("/api") && path.contains("/tasks") {
            let by_user = path.replacen("/tasks", "/{user_id}/tasks", 1);
            routes.entry(by_user).or_default().insert(method.clone());
        }
        routes.entry(path).or_default().insert(method);
    }
    routes.remove("/openapi.json").expect("it does not describe itself");
    let mut described = BTreeMap::new();
    for (path, item) in documented()["paths"].as_object().unwrap() {
        let methods: BTreeSet<String> = item.as_object().unwrap().keys().cloned().collect();
        described.insert(path.clone(), methods);
    }
    assert_eq!(described, routes);
}

/// Declared responses that no test receives. Remove a line when a test does; add none.
const UNSEEN_RESPONSES: &str = include_str!("fixtures/unseen-responses.txt");

/// Run by `scripts/test` after all other tests, which leave the responses that they received.
#[test]
#[ignore = "needs the responses of a complete run"]
fn every_declared_response_is_seen_by_a_test_or_listed() {
    let seen = seen_responses();
    let listed: BTreeSet<String> = UNSEEN_RESPONSES.lines().map(str::to_owned).collect();
    let unseen: BTreeSet<String> = declared_responses().difference(&seen).cloned().collect();
    let missing: Vec<_> = unseen.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&unseen).collect();
    assert!(missing.is_empty(), "no test receives {missing:#?}");
    assert!(stale.is_empty(), "remove from tests/it/fixtures/unseen-responses.txt: {stale:#?}");
}

#[test]
fn every_operation_has_a_name_a_summary_and_examples() {
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
async fn the_page_brings_all_it_needs_and_may_load_nothing_else() {
    let server = Server::on(Engine::Sqlite).await;
    let nobody = server.anonymous();
    let page = nobody.get("/docs").await;
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
        let answer = nobody.call("HEAD", file, None).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(kind)), "{file}");
    }
    assert!(!page.body.contains("http://") && !page.body.contains("https://"), "nothing from outside");
    assert_eq!(nobody.get("/docs/").await.status, 200);
    assert_eq!(nobody.post("/docs", &Value::Null).await.status, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_switched_off() {
    let server = Setup::on(Engine::Sqlite).await.with("ROCKET_DOCS", "false").start().await;
    for path in ["/docs", "/docs/start.js", "/openapi.json"] {
        server.anonymous().get(path).await.is_error(404, "RESOURCE_NOT_FOUND", "Not found");
    }
}
