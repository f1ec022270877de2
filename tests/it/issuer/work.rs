//! Hashing passwords is hard work, and must not be anybody else's.

use serde_json::json;

use super::{PASSWORD, Person, sign_in};
use crate::harness::{Engine, Server, ServerConfig, send_raw};
use crate::on_both_engines;

/// Kilobytes that a process has had at most at one time.
fn peak(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

on_both_engines! {
    async fn many_who_sign_in_at_once_take_turns_and_tasks_are_served_meanwhile(engine: Engine) {
        let server = Server::start(engine).await;
        let ann = Person::signs_up(&server, "ann").await;
        let me = server.bearer(&ann.jwt(&server).await);
        let before = peak(&server);
        let logins: Vec<_> = (0..30)
            .map(|_| {
                let nobody = server.anonymous();
                let body = json!({ "email": "ann@example.com", "password": PASSWORD });
                tokio::spawn(async move { nobody.post("/api/auth/sign-in/email", &body).await })
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
        assert!(lists > 30, "the tasks have not waited for the logins: {lists}");
        // Thirty times 32 MiB would be a gigabyte.
        let grown = peak(&server) - before;
        assert!(grown < 200 * 1024, "{grown} kB more than before");
    }

    /// The lists take less than a megabyte: what is left for is the next hashes, before the memory of the last is given back. It took 200 to
    /// 360 MB before headers were bounded.
    async fn what_one_user_stores_and_does_not_read_costs_little_memory(engine: Engine) {
        let config = ServerConfig::with_database(engine).await.with("ROCKET_ISSUER", "{hashers=1}");
        let server = config.start().await;
        let ann = Person::signs_up(&server, "ann").await;
        let before = peak(&server);
        let body = json!({ "email": "ann@example.com", "password": PASSWORD }).to_string();
        for _ in 0..30 {
            let request = format!(
                "POST /api/auth/sign-in/email HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                server.address(),
                "x".repeat(300_000),
                body.len()
            );
            let answer = send_raw(server.address(), request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
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
        let grown = peak(&server) - before;
        assert!(grown < 96 * 1024, "{grown} kB more than before");
    }

    /// Who hangs up while it is hashed gets nothing, and leaves nothing that is in anybody's way.
    async fn who_does_not_wait_holds_nobody_up(engine: Engine) {
        let server = Server::start(engine).await;
        Person::signs_up(&server, "ann").await;
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
