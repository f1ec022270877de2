//! CPU and memory of password hashes.

use serde_json::json;

use super::{PASSWORD, TestUser, sign_in};
use crate::harness::{Engine, Server, ServerConfig, send_raw};
use crate::on_both_engines;

/// Peak resident memory of the server, in KiB.
fn peak_memory_kib(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

on_both_engines! {
    async fn hashing_is_bounded_and_does_not_block_tasks(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let me = server.bearer(&ann.jwt(&server).await);
        let before = peak_memory_kib(&server);
        let logins: Vec<_> = (0..30)
            .map(|_| {
                let client = server.anonymous();
                let body = json!({ "email": "ann@example.com", "password": PASSWORD });
                tokio::spawn(async move { client.post("/api/auth/sign-in/email", &body).await })
            })
            .collect();
        let mut lists = 0;
        while !logins.iter().all(tokio::task::JoinHandle::is_finished) {
            assert_eq!(me.get("/api/tasks").await.status, 200);
            lists += 1;
        }
        for login in logins {
            assert_eq!(login.await.unwrap().status, 200);
        }
        assert!(lists > 30, "task requests do not wait for sign-ins: {lists}");
        // 30 concurrent hashes would take 960 MiB.
        let grown = peak_memory_kib(&server) - before;
        assert!(grown < 200 * 1024, "{grown} kB more than before");
    }

    /// The lists take less than 1 MB. The rest of the bound is for hashes that start before the memory of the last hash is freed. The growth was 200
    /// to 360 MB before headers were bounded.
    async fn unread_session_lists_use_little_memory(engine: Engine) {
        let setup = ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", "{max_concurrent_hashes=1}");
        let server = setup.start().await;
        let ann = TestUser::sign_up(&server, "ann").await;
        let before = peak_memory_kib(&server);
        let body = json!({ "email": "ann@example.com", "password": PASSWORD }).to_string();
        for _ in 0..30 {
            let request = format!(
                "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                server.address(),
                "x".repeat(300_000),
                body.len()
            );
            let response = send_raw(server.address(), request.as_bytes()).await;
            assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
        }
        let list = format!(
            "GET /api/auth/list-sessions HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            server.address(),
            ann.token
        );
        let mut unread = Vec::new();
        for _ in 0..40 {
            let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, list.as_bytes()).await.unwrap();
            unread.push(stream);
        }
        for stream in &unread {
            stream.readable().await.unwrap();
        }
        let grown = peak_memory_kib(&server) - before;
        assert!(grown < 96 * 1024, "{grown} kB more than before");
    }

    /// A client that disconnects during the hash does not block later requests.
    async fn aborted_sign_in_frees_its_slot(engine: Engine) {
        let server = Server::start(engine).await;
        TestUser::sign_up(&server, "ann").await;
        let body = json!({ "email": "ann@example.com", "password": PASSWORD }).to_string();
        for _ in 0..10 {
            let request = format!(
                "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}",
                server.address(),
                body.len()
            );
            let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
        }
        assert_eq!(sign_in(&server, "ann@example.com", PASSWORD).await.status, 200);
    }
}
