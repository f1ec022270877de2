//! A proxy in front of PostgreSQL that pauses `adopt` at a statement.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::Notify;

use super::LegacyDatabase;
use crate::harness::PostgresServer;

/// When the proxy pauses.
#[derive(Clone, Copy)]
pub enum Pause {
    /// After it has forwarded the statement with this number, for good.
    AfterStatement(usize),
    /// Before each statement that begins with this text.
    Before(&'static str),
}

/// Forwards a session to PostgreSQL and counts its statements.
pub struct Proxy {
    port: u16,
    count: Arc<AtomicUsize>,
    paused: Arc<Notify>,
    resumed: Arc<Notify>,
}

impl Proxy {
    pub async fn start(pause: Pause) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, count: Arc::default(), paused: Arc::default(), resumed: Arc::default() };
        let (count, paused, resumed) = (proxy.count.clone(), proxy.paused.clone(), proxy.resumed.clone());
        tokio::spawn(async move {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(("127.0.0.1", PostgresServer::shared().port())).await.unwrap();
            let ((mut reader, mut to_client), (mut from_server, mut to_server)) =
                (client.into_split(), server.into_split());
            tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            let mut is_first = true;
            while let Some(message) = read_message(&mut reader, !is_first).await {
                let kind = if is_first { b'-' } else { message[0] };
                is_first = false;
                // A simple query, or the execution of a prepared statement.
                let is_statement = matches!(kind, b'Q' | b'E');
                let begins_with = |text: &str| kind == b'Q' && message[5..].starts_with(text.as_bytes());
                if matches!(pause, Pause::Before(text) if begins_with(text)) {
                    paused.notify_one();
                    resumed_or_closed(&resumed, &mut reader).await;
                }
                if to_server.write_all(&message).await.is_err() {
                    break;
                }
                let number = count.fetch_add(is_statement.into(), Ordering::Relaxed) + 1;
                if matches!(pause, Pause::AfterStatement(stop) if is_statement && number == stop) {
                    paused.notify_one();
                    // Nothing more is forwarded. The killed client closes its connection.
                    while read_message(&mut reader, true).await.is_some() {}
                    break;
                }
            }
        });
        proxy
    }

    /// `adopt` with these arguments, through this proxy.
    pub fn adopt(&self, db: &LegacyDatabase, arguments: &[&str]) -> Command {
        let url =
            db.url.replace(&format!(":{}", PostgresServer::shared().port()), &format!(":{}", self.port));
        let config = db.config.clone().with("DATABASE_URL", &format!("{url}?sslmode=disable"));
        let choices: &[&str] = if arguments.contains(&"--apply") { db.legacy.arguments } else { &[] };
        let arguments: Vec<&str> = ["adopt"].iter().chain(choices).chain(arguments).copied().collect();
        let mut command = config.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub async fn paused(&self) {
        self.paused.notified().await;
    }

    pub fn resume(&self) {
        self.resumed.notify_one();
    }

    /// The number of forwarded statements.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

/// Waits until the pause ends, or the client is gone. A client sends nothing while it waits for the response to a simple query.
async fn resumed_or_closed(resumed: &Notify, reader: &mut OwnedReadHalf) {
    let mut byte = [0];
    tokio::select! {
        () = resumed.notified() => {}
        _ = reader.peek(&mut byte) => {}
    }
}

/// A message with its head. The first message of a session has no type.
async fn read_message(reader: &mut OwnedReadHalf, has_type: bool) -> Option<Vec<u8>> {
    let mut message = Vec::new();
    if has_type {
        message.push(reader.read_u8().await.ok()?);
    }
    let length = reader.read_i32().await.ok()?;
    message.extend(length.to_be_bytes());
    let body = message.len();
    message.resize(body + usize::try_from(length - 4).ok()?, 0);
    reader.read_exact(&mut message[body..]).await.ok()?;
    Some(message)
}
