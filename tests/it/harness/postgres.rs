//! PostgreSQL servers. Tests share one server and have separate databases. Tests that crash PostgreSQL start a dedicated server.
//!
//! A shell supervises each server. Its standard input closes when the test process ends for any reason. The shell then stops the server and
//! removes its files.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::{Connection, PgConnection};

use super::citus;

/// User id of `nobody`. As root, the tests run `initdb` and `postgres` under it, because both refuse to run as root.
pub(super) const NOBODY: u32 = 65534;

const SETTINGS: &str =
    "-c fsync=off -c max_connections=400 -c log_min_messages=fatal -c unix_socket_directories=";

/// Runs the server until standard input closes. Prints a line when the server is up.
const SUPERVISOR_SCRIPT: &str = r#"
    "$1/pg_ctl" -D "$2" -l "$2/log" -w -o "$3" start >/dev/null || { cat "$2/log" >&2; exit 1; }
    echo up
    cat >/dev/null
    "$1/pg_ctl" -D "$2" -m immediate stop >/dev/null
    rm -rf "$2"
"#;

pub struct PostgresServer {
    bin: PathBuf,
    directory: PathBuf,
    options: String,
    port: u16,
    supervisor: Child,
}

impl PostgresServer {
    /// The server shared by all tests.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(&[]))
    }

    /// Starts a dedicated server. `files` are written to its data directory, where settings can refer to them.
    pub fn start(files: &[(&str, &str)]) -> Self {
        Self::start_with(files, "")
    }

    /// Starts a dedicated server with more settings on its command line.
    pub fn with(settings: &str) -> Self {
        Self::start_with(&[], settings)
    }

    fn start_with(files: &[(&str, &str)], settings: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let bin = programs();
        let name = format!("todo-api-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).unwrap();
        if is_root() {
            chown(&directory, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let made = as_nobody(Command::new(bin.join("initdb")))
            .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "-D"])
            .arg(&directory)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let mut tls = "";
        for (name, text) in files {
            let path = directory.join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            if is_root() {
                chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
            if *name == "server.crt" {
                tls = "-c ssl=on";
            }
        }
        let port = free_port();
        let citus = if citus::is_wanted() { citus::SETTINGS } else { "" };
        let options = format!("-p {port} -h 127.0.0.1 {SETTINGS} {citus} {tls} {settings}");
        let mut supervisor = as_nobody(Command::new("sh"))
            .args(["-c", SUPERVISOR_SCRIPT, "supervisor"])
            .arg(&bin)
            .arg(&directory)
            .arg(&options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "up\n", "PostgreSQL failed to start");
        Self { bin, directory, options, port, supervisor }
    }

    /// Creates an empty database and returns its URL.
    pub async fn database(&self) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .unwrap();
        let url = self.url(&name);
        if citus::is_wanted() {
            citus::distribute_tasks(&url, self.port).await;
        }
        url
    }

    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server without a checkpoint, as a crash does.
    pub fn crash(&self) {
        self.control(&["-m", "immediate", "stop"]);
    }

    /// Starts the server again with the same files and port.
    pub fn restart(&self) {
        let log = self.directory.join("log");
        self.control(&["-l", log.to_str().unwrap(), "-w", "-o", &self.options, "start"]);
    }

    fn control(&self, arguments: &[&str]) {
        let done = as_nobody(Command::new(self.bin.join("pg_ctl")))
            .arg("-D")
            .arg(&self.directory)
            .args(arguments)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(done.success());
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// A port that is currently free.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Directory of the server's binaries. Debian has a directory per version outside `PATH`.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|it| it.path().join("bin")).collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.extend(std::env::split_paths(&path));
    let found = found.into_iter().rev().find(|it| it.join("initdb").exists());
    found.expect("PostgreSQL's programs are not installed; scripts/test installs them")
}

pub(super) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

pub(super) fn as_nobody(mut command: Command) -> Command {
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.current_dir(Path::new("/"));
    command
}
