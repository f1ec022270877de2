//! Behind PgBouncer, as Neon's users are.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{Engine, Setup};

/// What PgBouncer takes in a startup message, by its documentation. Anything else it refuses, unless it is told to ignore it.
const TAKEN: &[&str] = &[
    "user",
    "database",
    "client_encoding",
    "datestyle",
    "timezone",
    "standard_conforming_strings",
    "application_name",
];

#[tokio::test(flavor = "multi_thread")]
async fn connections_ask_for_nothing_that_a_pooler_refuses() {
    let pooler = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://ann@127.0.0.1:{}/tasks", pooler.local_addr().unwrap().port());
    let setup = Setup::on(Engine::Sqlite).await.with("DATABASE_URL", &url);
    let start = tokio::spawn(setup.start());
    let (mut stream, _) = pooler.accept().await.unwrap();
    let message = loop {
        let length = stream.read_i32().await.unwrap();
        let mut message = vec![0; usize::try_from(length - 4).unwrap()];
        stream.read_exact(&mut message).await.unwrap();
        // The request for TLS comes first, and is declined.
        if message.len() > 4 {
            break message;
        }
        stream.write_all(b"N").await.unwrap();
    };
    drop((stream, pooler));
    let text = String::from_utf8(message[4..].to_vec()).unwrap();
    let mut words = text.split('\0').filter(|it| !it.is_empty());
    let mut asked = BTreeMap::new();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        asked.insert(name.to_lowercase(), value.to_owned());
    }
    assert_eq!((asked["user"].as_str(), asked["database"].as_str()), ("ann", "tasks"));
    for name in asked.keys() {
        assert!(TAKEN.contains(&name.as_str()), "{name} in {asked:?}");
    }
    start.abort();
}
