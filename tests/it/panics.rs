//! A panic in a handler. The program has none to offer, so this test alone builds the server itself and gives it one.

use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;

#[rocket::get("/panic")]
fn panicking() -> &'static str {
    panic!("a title that must not be logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_500_of_the_dialect_and_the_server_lives() {
    let url = crate::harness::Cluster::shared().database().await;
    // Not `ConfigLoader::from_sources`, which would read this machine's environment.
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
        let answer = client.get(path).header(Header::new("Host", "localhost")).dispatch().await;
        assert_eq!(answer.status(), Status::InternalServerError);
        assert!(answer.headers().contains("X-Request-Id"));
        let body = answer.into_string().await.unwrap();
        assert_eq!(body, expected);
    }
    assert_eq!(client.get("/readyz").dispatch().await.status(), Status::Ok);
}
