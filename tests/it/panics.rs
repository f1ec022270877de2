//! Panics in handlers. No route of the server panics, so this test builds the Rocket instance itself and mounts a panicking route.

use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;

#[rocket::get("/panic")]
fn panicking() -> &'static str {
    panic!("a title that must not be logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_is_500_and_the_server_survives() {
    let url = crate::harness::PostgresServer::shared().database().await;
    // Not `ConfigLoader::from_sources`, because it reads the environment of the test process.
    let settings = todo_api::config::ConfigLoader::from_values([
        ("databases.todo.url", url.as_str()),
        ("auth.secret", crate::harness::SECRET),
    ])
    .unwrap();
    let server = todo_api::rocket(&settings.load().unwrap())
        .mount("/api", rocket::routes![panicking])
        .mount("/api/v1", rocket::routes![panicking]);
    let client = Client::tracked(server).await.unwrap();
    let bare = r#"{"detail":"Internal server error","error_code":"INTERNAL_ERROR"}"#;
    let enveloped = r#"{"data":null,"error":{"message":"Internal server error","code":"INTERNAL_ERROR"}}"#;
    for (path, expected) in [("/api/panic", bare), ("/api/v1/panic", enveloped), ("/api/panic", bare)] {
        let response = client.get(path).header(Header::new("Host", "localhost")).dispatch().await;
        assert_eq!(response.status(), Status::InternalServerError);
        assert!(response.headers().contains("X-Request-Id"));
        let body = response.into_string().await.unwrap();
        assert_eq!(body, expected);
    }
    assert_eq!(client.get("/readyz").dispatch().await.status(), Status::Ok);
}
