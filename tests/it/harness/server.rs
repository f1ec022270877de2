//! The real server on a separate database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::openapi::Document;
use super::{PostgresServer, SECRET, TestClient, token_for};

/// Maximum wait for any event that should be immediate. Generous, because it is no measurement.
pub const TEST_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Working directory and environment of the server. It inherits no variable of the test process.
#[derive(Clone)]
pub struct ServerConfig {
    pub directory: Arc<TempDir>,
    environment: BTreeMap<String, String>,
    /// Argument of `ulimit`.
    limit: Option<&'static str>,
}

/// Temporary directory, removed when the last reference is dropped.
pub struct TempDir(PathBuf);

impl TempDir {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("todo-api-run-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl ServerConfig {
    /// Configures only a free port.
    pub fn unconfigured() -> Self {
        let config = Self { directory: Arc::new(TempDir::new()), environment: BTreeMap::new(), limit: None };
        config.with("PORT", "0").with("PATH", &std::env::var("PATH").unwrap_or_default())
    }

    /// Configures an empty database of this engine and the secret of the tests.
    pub async fn with_database(engine: Engine) -> Self {
        let url = match engine {
            Engine::Sqlite => "sqlite://todo.db".to_owned(),
            Engine::Postgres => PostgresServer::shared().database().await,
        };
        Self::unconfigured()
            .with("DATABASE_URL", &url)
            .with("BETTER_AUTH_SECRET", SECRET)
            .with("ROCKET_LOG_FORMAT", "json")
            .with("ROCKET_WORKERS", "2")
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the server from a shell that first calls `ulimit`.
    pub fn with_ulimit(self, limit: &'static str) -> Self {
        Self { limit: Some(limit), ..self }
    }

    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    pub fn get(&self, name: &str) -> &str {
        &self.environment[name]
    }

    /// Whether the responses are those of the server's own OpenAPI document, and not those of the specification.
    fn changes_responses(&self) -> bool {
        let has_shape =
            ["ROCKET_TASKS", "ROCKET_API", "ROCKET_V1"].iter().any(|it| self.environment.contains_key(*it));
        let issuer = self.environment.get("ROCKET_ISSUER");
        has_shape
            || issuer.is_some_and(|it| {
                ["login_paths", "login_response", "me_response"].iter().any(|name| it.contains(name))
            })
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_todo-api");
        let mut command = match self.limit {
            None => Command::new(program),
            Some(limit) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\""), program]);
                shell
            }
        };
        command.args(arguments).env_clear().envs(&self.environment).current_dir(self.directory.path());
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command and waits for its exit.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        timeout(TEST_TIMEOUT, self.command(arguments).output()).await.expect("the command ends").unwrap()
    }

    /// Starts the server and waits until it listens.
    pub async fn start(self) -> Server {
        let mut child = self.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take().unwrap(), lines.clone());
        collect(child.stderr.take().unwrap(), lines.clone());
        let mut server = Server { config: self, child, lines, url: String::new(), document: None };
        let listening = server.wait_for_log_line(|line| line["url"].is_string()).await;
        listening["url"].as_str().unwrap().clone_into(&mut server.url);
        if server.config.changes_responses() {
            let document = server.anonymous().get("/openapi.json").await.body;
            server.document = Some(Arc::new(Document::parse(&document)));
        }
        server
    }
}

fn collect(stream: impl tokio::io::AsyncRead + Send + Unpin + 'static, lines: Arc<Mutex<Vec<String>>>) {
    tokio::spawn(async move {
        let mut stream = BufReader::new(stream).lines();
        while let Ok(Some(line)) = stream.next_line().await {
            lines.lock().unwrap().push(line);
        }
    });
}

/// A running server. Dropping it kills the process.
pub struct Server {
    pub config: ServerConfig,
    pub url: String,
    /// The server's own document, if its shapes are not those of the specification.
    document: Option<Arc<Document>>,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(engine: Engine) -> Self {
        ServerConfig::with_database(engine).await.start().await
    }

    /// Client with a valid token of this user.
    pub fn client_for(&self, user: &str) -> TestClient {
        self.bearer(&token_for(user))
    }

    /// Client with this token.
    pub fn bearer(&self, token: &str) -> TestClient {
        TestClient::new(&self.url, Some(token.to_owned())).checked_by(self.document.clone())
    }

    pub fn anonymous(&self) -> TestClient {
        TestClient::new(&self.url, None).checked_by(self.document.clone())
    }

    pub fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.child.id().expect("the server runs")
    }

    /// Log lines so far.
    pub fn logs(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for a log line that satisfies the predicate.
    pub async fn wait_for_log_line(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let lines = self.logs();
            let mut parsed = lines.iter().filter_map(|line| serde_json::from_str(line).ok());
            if let Some(line) = parsed.find(&wanted) {
                return line;
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("the server ended with {status}: {lines:#?}");
            }
            assert!(began.elapsed() < TEST_TIMEOUT, "no such line in {lines:#?}");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Executes SQL on the server's database.
    pub async fn execute_sql(&self, text: &str) {
        let text = || sqlx::raw_sql(sqlx::AssertSqlSafe(text.to_owned()));
        let url = self.config.get("DATABASE_URL");
        if url.starts_with("sqlite") {
            let file = format!("sqlite://{}", self.config.directory.path().join("todo.db").display());
            text().execute(&mut SqliteConnection::connect(&file).await.unwrap()).await.unwrap();
        } else {
            text().execute(&mut PgConnection::connect(url).await.unwrap()).await.unwrap();
        }
    }

    /// Runs a query that returns a number.
    pub async fn query_i64(&self, query: &str) -> i64 {
        let query = || sqlx::AssertSqlSafe(query.to_owned());
        let url = self.config.get("DATABASE_URL");
        if url.starts_with("sqlite") {
            let file = format!("sqlite://{}", self.config.directory.path().join("todo.db").display());
            let mut connection = SqliteConnection::connect(&file).await.unwrap();
            sqlx::query_scalar(query()).fetch_one(&mut connection).await.unwrap()
        } else {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(query()).fetch_one(&mut connection).await.unwrap()
        }
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits until the process exits.
    pub async fn wait(&mut self) -> ExitStatus {
        timeout(TEST_TIMEOUT, self.child.wait()).await.expect("the server ends").unwrap()
    }

    /// Kills the process and returns its configuration for a restart.
    pub async fn kill(mut self) -> ServerConfig {
        self.signal(Signal::KILL);
        self.wait().await;
        self.config.clone()
    }

    /// Stops the server and starts it again.
    pub async fn restart(mut self) -> Self {
        self.signal(Signal::TERM);
        self.wait().await;
        self.config.clone().start().await
    }

    /// Restarts with a changed setting.
    pub async fn restart_with(mut self, name: &str, value: &str) -> Self {
        self.config = self.config.clone().with(name, value);
        self.restart().await
    }

    /// Waits until `/readyz` reports this state.
    pub async fn wait_for_readyz(&self, ready: bool) {
        let began = Instant::now();
        while (self.anonymous().get("/readyz").await.status == 200) != ready {
            assert!(began.elapsed() < TEST_TIMEOUT, "/readyz never became {ready}: {:#?}", self.logs());
            sleep(Duration::from_millis(50)).await;
        }
    }
}
