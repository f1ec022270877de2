//! Graceful shutdown.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::harness::{Engine, ServerConfig, Signal, token_for};
use crate::on_both_engines;

/// Starts a request without the end of its body.
async fn start_request(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 24\r\n\r\n{}",
        token_for("me"),
        r#"{"title":"in flight"#
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(300)).await;
    stream
}

async fn finish_request(mut stream: TcpStream) -> String {
    stream.write_all(br#""   }"#).await.unwrap();
    let mut response = vec![0; 4096];
    let length = stream.read(&mut response).await.unwrap();
    String::from_utf8_lossy(&response[..length]).into_owned()
}

on_both_engines! {
    async fn sigterm_drains_finishes_in_flight_and_exits_0(engine: Engine) {
        let mut server = ServerConfig::with_database(engine).await.with("ROCKET_SHUTDOWN", "{drain=2}").start().await;
        assert_eq!(server.anonymous().get("/readyz").await.status, 200);
        let request = start_request(server.address()).await;
        server.signal(Signal::TERM);
        server.wait_for_readyz(false).await;
        assert_eq!(server.anonymous().get("/readyz").await.json(), json!({ "status": "shutting down" }));
        assert_eq!(server.anonymous().get("/livez").await.status, 200);
        let response = server.client_for("me").get("/api/tasks").await;
        assert_eq!(response.status, 200, "whoever still comes is served");
        assert_eq!(response.header("connection"), Some("close"), "the client must reconnect");
        // The listener closes after the drain. The request is still in flight then.
        while TcpStream::connect(server.address()).await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
        let response = finish_request(request).await;
        assert!(response.starts_with("HTTP/1.1 201 "), "the pool is open as long as anybody needs it: {response}");
        assert_eq!(server.wait().await.code(), Some(0));
        let output = server.logs();
        assert!(output.iter().any(|line| line.contains("stopped")), "{output:?}");
        assert!(!output.iter().any(|line| line.contains("ERROR")), "{output:?}");
        let again = server.config.clone().start().await;
        assert_eq!(again.client_for("me").get("/api/tasks").await.json()[0]["title"], "in flight", "the acknowledged write is stored");
    }

    async fn idle_connections_do_not_delay_shutdown(engine: Engine) {
        let mut server = ServerConfig::with_database(engine).await.with("ROCKET_SHUTDOWN", "{grace=300}").start().await;
        let mut idle = Vec::new();
        for n in 0..20 {
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            if n % 2 == 0 {
                stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
                assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
            }
            idle.push(stream);
        }
        server.signal(Signal::TERM);
        assert_eq!(server.wait().await.code(), Some(0), "long before its grace is over");
    }

    async fn sigint_equals_sigterm(engine: Engine) {
        let mut server = ServerConfig::with_database(engine).await.start().await;
        server.client_for("me").create("t").await;
        server.signal(Signal::INT);
        assert_eq!(server.wait().await.code(), Some(0));
    }

    async fn second_signal_exits_immediately(engine: Engine) {
        for (shutdown, in_drain) in [("{drain=300}", true), ("{grace=300}", false)] {
            let mut server = ServerConfig::with_database(engine).await.with("ROCKET_SHUTDOWN", shutdown).with("ROCKET_BODY_TIMEOUT", "300").start().await;
            let _request = start_request(server.address()).await;
            server.signal(Signal::TERM);
            if in_drain {
                server.wait_for_readyz(false).await;
            } else {
                server.wait_for_log_line(|line| line["message"] == "received signal, draining").await;
                sleep(Duration::from_millis(300)).await;
            }
            server.signal(Signal::TERM);
            assert_eq!(server.wait().await.code(), Some(143));
        }
    }

    async fn request_is_aborted_after_the_grace_period(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_SHUTDOWN", "{grace=1,mercy=1}").with("ROCKET_BODY_TIMEOUT", "300");
        let mut server = config.start().await;
        let _request = start_request(server.address()).await;
        server.signal(Signal::TERM);
        assert_eq!(server.wait().await.code(), Some(0));
        server.config.clone().start().await.wait_for_readyz(true).await;
    }
}
