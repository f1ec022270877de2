//! The responses that `specs/api/openapi.json` declares. The harness checks each response of every test against the document. The tests here
//! provoke the errors that many operations have in common, for each operation.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::{
    Engine, PostgresServer, Response, Server, ServerConfig, TEST_TIMEOUT, TestClient, declared_responses,
    seen_responses, send_raw, token_for,
};

/// Declared responses that no test receives. Lines may only be removed.
const UNSEEN: &str = include_str!("fixtures/unseen-responses.txt");

/// `scripts/test` sets `AFTER_COMPLETE_RUN` and runs this after all other tests, which record the responses that they receive. Without a complete
/// run there is nothing to compare.
#[test]
fn every_declared_response_is_seen_or_listed() {
    if std::env::var_os("AFTER_COMPLETE_RUN").is_none() {
        return;
    }
    let seen = seen_responses();
    let listed: BTreeSet<String> = UNSEEN.lines().map(str::to_owned).collect();
    // A 500 is a bug: no request is known to cause it.
    let expected = declared_responses().into_iter().filter(|it| !it.ends_with(" 500"));
    let unseen: BTreeSet<String> = expected.filter(|it| !seen.contains(it)).collect();
    let missing: Vec<_> = unseen.difference(&listed).collect();
    let stale: Vec<_> = listed.difference(&unseen).collect();
    assert!(missing.is_empty(), "no test receives {missing:#?}");
    assert!(stale.is_empty(), "remove from tests/it/fixtures/unseen-responses.txt: {stale:#?}");
}

/// An operation of the document, ready to be called.
struct Operation {
    method: String,
    path: String,
    example: Option<Value>,
    requires_token: bool,
    statuses: BTreeSet<String>,
}

impl Operation {
    fn is_auth(&self) -> bool {
        self.path.starts_with("/api/auth/")
    }

    fn declares(&self, status: &str) -> bool {
        self.statuses.contains(status)
    }

    async fn call(&self, client: &TestClient) -> Response {
        client.call(&self.method, &self.path, self.example.as_ref()).await
    }
}

/// The operations below `/api`.
fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(include_str!("../../specs/api/openapi.json")).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap().iter().filter(|it| it.0.starts_with("/api"))
    {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path.replace("{id}", "1").replace("{user_id}", "me");
            let security = operation["security"][0].as_object().unwrap();
            operations.push(Operation {
                method: method.to_uppercase(),
                path: path.replace("{token}", "x?callbackURL=%2F"),
                example: operation["requestBody"]["content"]["application/json"].get("example").cloned(),
                requires_token: !security.is_empty(),
                statuses: operation["responses"].as_object().unwrap().keys().cloned().collect(),
            });
        }
    }
    operations
}

/// Clients of a user named `me`: for tasks, and with a session for `/api/auth`.
struct Clients {
    tasks: TestClient,
    session: TestClient,
    session_token: String,
}

impl Clients {
    async fn new(server: &Server) -> Self {
        let user = json!({ "name": "me", "email": "me@example.com", "password": "correct horse battery" });
        let response = server.anonymous().post("/api/auth/sign-up/email", &user).await;
        assert_eq!(response.status, 200, "{response:?}");
        let session_token = response.json()["token"].as_str().unwrap().to_owned();
        Self { tasks: server.client_for("me"), session: server.bearer(&session_token), session_token }
    }

    fn of(&self, operation: &Operation) -> &TestClient {
        if operation.is_auth() { &self.session } else { &self.tasks }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_body_is_413_for_every_operation_with_a_body() {
    let server = Server::start(Engine::Sqlite).await;
    let clients = Clients::new(&server).await;
    let body = json!({ "title": "x".repeat(70_000) });
    for operation in operations().iter().filter(|it| it.example.is_some()) {
        let response = clients.of(operation).call(&operation.method, &operation.path, Some(&body)).await;
        assert_eq!(response.status, 413, "{} {}", operation.method, operation.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_body_is_400_or_415_for_every_operation_with_a_body() {
    let server = Server::start(Engine::Sqlite).await;
    let clients = Clients::new(&server).await;
    for operation in operations().iter().filter(|it| it.example.is_some()) {
        let (client, method, path) = (clients.of(operation), &operation.method, &operation.path);
        let response = client.send(method, path, Some(b"{".to_vec())).await;
        assert_eq!(response.status, 400, "{method} {path}");
        if operation.is_auth() {
            let response = client.send_as(method, path, "text/plain", b"{}".to_vec()).await;
            assert_eq!(response.status, 415, "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_token_is_401_for_every_operation_that_requires_it() {
    let server = Server::start(Engine::Sqlite).await;
    for operation in operations().iter().filter(|it| it.requires_token) {
        let response = operation.call(&server.anonymous()).await;
        assert_eq!(response.status, 401, "{} {}", operation.method, operation.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disallowed_origin_is_403_for_every_task_operation_and_every_auth_post() {
    let server = Server::start(Engine::Sqlite).await;
    let clients = Clients::new(&server).await;
    for operation in operations().iter().filter(|it| !it.is_auth() || it.method == "POST") {
        let client = clients.of(operation).with("Origin", "https://evil.example").with("Cookie", "a=b");
        let response = operation.call(&client).await;
        assert_eq!(response.status, 403, "{} {}: {response:?}", operation.method, operation.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nul_in_the_query_is_400_for_every_auth_operation() {
    let server = Server::start(Engine::Sqlite).await;
    let clients = Clients::new(&server).await;
    for operation in operations().iter().filter(|it| it.is_auth()) {
        let separator = if operation.path.contains('?') { '&' } else { '?' };
        let path = format!("{}{separator}x=%00", operation.path);
        let response = clients.session.call(&operation.method, &path, operation.example.as_ref()).await;
        assert_eq!(response.status, 400, "{} {path}", operation.method);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn database_outage_is_declared_for_every_operation() {
    let postgres = PostgresServer::start(&[]);
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let config = config
        .with("DATABASE_URL", &postgres.database().await)
        .with("ROCKET_DATABASES", "{todo={connect_timeout=1}}");
    let server = config.start().await;
    let clients = Clients::new(&server).await;
    postgres.crash();
    for operation in operations() {
        let response = operation.call(clients.of(&operation)).await;
        let expected = if operation.is_auth() { response.status } else { 503 };
        assert_eq!(response.status, expected, "{} {}: {response:?}", operation.method, operation.path);
        assert!(operation.declares(&response.status.to_string()), "{} {}", operation.method, operation.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn task_that_does_not_exist_is_404_for_every_operation_on_it() {
    let server = Server::start(Engine::Sqlite).await;
    let me = server.client_for("me");
    for operation in operations().iter().filter(|it| it.path.contains("/tasks/1")) {
        let response = operation.call(&me).await;
        assert_eq!(response.status, 404, "{} {}", operation.method, operation.path);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_limit_is_429_for_every_auth_operation() {
    let config = ServerConfig::with_database(Engine::Sqlite).await;
    let issuer = "{rate_limit=true,trusted_proxies=[\"127.0.0.0/8\"]}";
    let server = config.with("ROCKET_ISSUER", issuer).start().await;
    for (n, operation) in operations().iter().filter(|it| it.is_auth()).enumerate() {
        // Each operation has a separate address, because some share a limit.
        let client = server.anonymous().with("X-Forwarded-For", &format!("203.0.113.{n}"));
        let mut requests = 0;
        while operation.call(&client).await.status != 429 {
            requests += 1;
            assert!(requests < 1000, "{} {} has no limit", operation.method, operation.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn incomplete_body_is_408_for_every_operation_with_a_body() {
    let config = ServerConfig::with_database(Engine::Sqlite).await.with("ROCKET_BODY_TIMEOUT", "1");
    let server = config.start().await;
    let clients = Clients::new(&server).await;
    let mut requests = Vec::new();
    for operation in operations().iter().filter(|it| it.example.is_some()) {
        let token = if operation.is_auth() { clients.session_token.clone() } else { token_for("me") };
        // Rocket waits for the first 14 bytes of a body before it dispatches the request. No timeout applies until then.
        let request = format!(
            "{} {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: 5000\r\nConnection: close\r\n\r\n{{\"title\": \"half a title",
            operation.method, operation.path
        );
        let address = server.address().to_owned();
        requests.push(tokio::spawn(async move {
            (timeout(TEST_TIMEOUT, send_raw(&address, request.as_bytes())).await, request)
        }));
    }
    for request in requests {
        let (response, request) = request.await.unwrap();
        assert!(response.is_ok_and(|it| it.starts_with("HTTP/1.1 408 ")), "{request}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_can_be_created_and_deleted_by_every_path() {
    let server = Server::start(Engine::Sqlite).await;
    let me = server.client_for("me");
    for root in ["/api/tasks", "/api/me/tasks", "/api/v1/tasks", "/api/v1/me/tasks"] {
        let is_bare = !root.contains("/v1/");
        let invalid = if is_bare { 422 } else { 400 };
        assert_eq!(me.post(root, &json!({ "title": "" })).await.status, invalid, "{root}");
        assert_eq!(me.delete(&format!("{root}/x")).await.status, invalid, "{root}");
        let response = me.post(root, &json!({ "title": "t" })).await;
        assert_eq!(response.status, 201, "{root}");
        let body = response.json();
        let id = if is_bare { &body["id"] } else { &body["data"]["id"] };
        assert_eq!(me.delete(&format!("{root}/{id}")).await.status, 204, "{root}");
    }
}
