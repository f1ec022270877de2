//! PgBouncer of the distribution. Debian 12 has 1.18, which mixes up the prepared statements of its clients.

use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::postgres::{NOBODY, as_nobody, is_root};
use super::{PostgresServer, TEST_TIMEOUT, free_port};

pub struct PgBouncer {
    port: u16,
    directory: PathBuf,
    process: Child,
}

impl PgBouncer {
    /// Whether the installed version tracks prepared statements per client: 1.21 and later do.
    pub fn tracks_prepared_statements() -> bool {
        let output = Command::new(program())
            .arg("--version")
            .output()
            .expect("PgBouncer is installed by scripts/test");
        let output = String::from_utf8(output.stdout).unwrap();
        let version = output.split_whitespace().nth(1).unwrap();
        let mut numbers = version.split('.').map(|it| it.parse::<u32>().unwrap());
        (numbers.next(), numbers.next()) >= (Some(1), Some(21))
    }

    /// Starts PgBouncer in front of this server, with a pool mode and more settings.
    pub fn start(cluster: &PostgresServer, mode: &str, settings: &str) -> Self {
        Self::start_as(cluster, mode, settings, "postgres")
    }

    /// Starts PgBouncer as [`PgBouncer::start`] does. Its connections have this role.
    pub fn start_as(cluster: &PostgresServer, mode: &str, settings: &str, role: &str) -> Self {
        let port = free_port();
        let directory =
            std::env::temp_dir().join(format!("todo-api-pgbouncer-{}-{port}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let file = directory.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={role}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\nlogfile = {}\n{settings}\n",
            cluster.port(),
            directory.join("log").display(),
        );
        std::fs::write(&file, text).unwrap();
        if is_root() {
            chown(&directory, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let process = as_nobody(Command::new(program()))
            .arg("-q")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .expect("PgBouncer is installed by scripts/test");
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < TEST_TIMEOUT, "PgBouncer does not listen");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        Self { port, directory, process }
    }

    /// URL of the database through the pooler.
    pub fn url(&self, direct: &str) -> String {
        let database = direct.rsplit('/').next().unwrap();
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// The binary: `PGBOUNCER`, or else that of the distribution. Debian installs it outside the `PATH` of users.
fn program() -> PathBuf {
    let own = std::env::var_os("PGBOUNCER").map(PathBuf::from);
    let known = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].map(PathBuf::from);
    own.or_else(|| known.into_iter().find(|it| it.exists())).unwrap_or_else(|| "pgbouncer".into())
}
