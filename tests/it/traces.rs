//! Traces exported to an OpenTelemetry collector.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{Engine, ServerConfig, Signal, TEST_TIMEOUT, free_port, http};
use crate::on_both_engines;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Collector that stores the spans it receives.
struct Collector {
    url: String,
    taken: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    async fn start() -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let into = taken.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let into = into.clone();
                tokio::spawn(async move {
                    let (mut bytes, mut chunk) = (Vec::new(), [0; 8192]);
                    loop {
                        let length = stream.read(&mut chunk).await.unwrap_or(0);
                        bytes.extend_from_slice(&chunk[..length]);
                        let text = String::from_utf8_lossy(&bytes).to_lowercase();
                        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
                        let length: usize = head
                            .split("content-length: ")
                            .nth(1)
                            .unwrap()
                            .split("\r\n")
                            .next()
                            .unwrap()
                            .parse()
                            .unwrap();
                        if bytes.len()
                            >= bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4 + length
                        {
                            break;
                        }
                    }
                    into.lock().unwrap().extend(bytes);
                    let _ = stream.write_all(&http(b"")).await;
                });
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), taken }
    }

    fn contains(&self, part: &[u8]) -> bool {
        self.taken.lock().unwrap().windows(part.len()).any(|it| it == part)
    }

    async fn wait_for(&self, part: &[u8]) {
        let began = Instant::now();
        while !self.contains(part) {
            assert!(began.elapsed() < TEST_TIMEOUT, "{part:?} never came");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    (0..hexadecimal.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hexadecimal[at..at + 2], 16).unwrap())
        .collect()
}

on_both_engines! {
    async fn request_span_joins_the_client_trace(engine: Engine) {
        let collector = Collector::start().await;
        let config = ServerConfig::with_database(engine).await.with("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url).with("OTEL_BSP_SCHEDULE_DELAY", "50");
        let mut server = config.start().await;
        let me = server.client_for("user_with_a_name").with("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01"));
        me.create("a secret title").await;
        me.get("/api/user_with_a_name/tasks").await;
        collector.wait_for(b"GET /api/tasks").await;
        for part in [&b"POST /v1/traces "[..], b"POST /api/tasks", b"http.route", b"http.request.method", b"http.response.status_code", b"todo-api", &bytes(TRACE), &bytes("00f067aa0ba902b7")] {
            assert!(collector.contains(part), "{}", String::from_utf8_lossy(part));
        }
        assert!(!collector.contains(b"user_with_a_name") && !collector.contains(b"secret"));
        let line = server.wait_for_log_line(|line| line["route"] == "/api/tasks").await;
        assert_eq!(line["trace_id"], TRACE, "the log leads there");
        // Without a `traceparent` the request starts a new trace.
        server.client_for("me").get("/api/v1/tasks").await;
        collector.wait_for(b"GET /api/v1/tasks").await;
        let line = server.wait_for_log_line(|line| line["route"] == "/api/v1/tasks").await;
        assert!(line["trace_id"].as_str().is_some_and(|it| it.len() == 32 && it != TRACE));
        // Shutdown exports the remaining spans.
        server.client_for("me").get("/readyz").await;
        server.signal(Signal::TERM);
        assert!(server.wait().await.success());
        assert!(collector.contains(b"GET /readyz"));
    }

    async fn unreachable_collector_does_not_affect_requests(engine: Engine) {
        let gone = format!("http://127.0.0.1:{}", free_port());
        let mut server = ServerConfig::with_database(engine).await.with("OTEL_EXPORTER_OTLP_ENDPOINT", &gone).start().await;
        server.client_for("me").create("t").await;
        server.signal(Signal::TERM);
        assert!(server.wait().await.success());
    }

    async fn no_spans_without_a_collector(engine: Engine) {
        let mut server = ServerConfig::with_database(engine).await.start().await;
        server.client_for("me").with("traceparent", &format!("00-{TRACE}-00f067aa0ba902b7-01")).get("/api/tasks").await;
        let line = server.wait_for_log_line(|line| line["route"] == "/api/tasks").await;
        assert!(line["trace_id"].is_null());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_otlp_endpoint_aborts_startup() {
    for (name, value, wanted) in [
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "not a url",
            "OTEL_EXPORTER_OTLP_ENDPOINT is not a valid OTLP endpoint",
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL is not supported"),
    ] {
        let config = ServerConfig::with_database(Engine::Sqlite)
            .await
            .with("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        let output = config.with(name, value).run(&[]).await;
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && error.contains(wanted), "{error}");
    }
}
