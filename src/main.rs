//! Command-line interface.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use todo_api::adopt::{AdoptArguments, adopt};
use todo_api::config::{ConfigError, ConfigLoader};
use todo_api::fairings::OtelTracer;
use todo_api::ops::AcceptErrors;
use todo_api::serve::serve;
use todo_api::store::migrate_within;
use todo_api::{auth, doctor as checks, logging, shape, version};
use tokio::runtime;

/// mimalloc, because requests free memory on other threads than they allocate it on. glibc's allocator takes contended locks for that.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Timeout of `healthcheck` for each network operation. Container runtimes allow a check a few seconds.
const HEALTHCHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum time that busy threads delay the end of the process.
const RUNTIME_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Multi-tenant task API
///
/// Reads its settings from Rocket.toml and the environment; see the README.
#[derive(Parser)]
#[command(version = version::text())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (the default)
    Serve,
    /// Migrate the database and exit
    Migrate {
        /// Maximum time to wait for an unavailable database, for example 10m
        #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
        wait: Duration,
    },
    /// Serve the tasks of another program's PostgreSQL database in place; without arguments, only plan and print
    ///
    /// Exit status: 0 ready or done, 1 failed, 2 invalid arguments or configuration, 3 cannot be adopted, 4 can be adopted with warnings
    Adopt(AdoptArguments),
    /// Print a token for trying the API, signed with the configured secret
    Token {
        /// User id in the token
        #[arg(long)]
        user: String,
        /// Email in the token
        #[arg(long)]
        email: Option<String>,
        /// Lifetime, for example 15m, 1h or 7d
        #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
        ttl: Duration,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Check configuration, database, keys, origins and clock; exit status 1 if a check fails
    Doctor,
    /// Check whether the local server is ready (exit status 0) or not (1)
    Healthcheck,
}

/// Failure of a command: the message for stderr, and the exit status.
struct ExitError(String, u8);

impl From<ConfigError> for ExitError {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string(), 2)
    }
}

/// A failure with exit status 1.
fn failed(error: impl Display) -> ExitError {
    ExitError(error.to_string(), 1)
}

fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or(Command::Serve);
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(ExitError(message, status)) => {
            let _ = writeln!(io::stderr(), "todo-api: {}", message.replace('\n', " "));
            ExitCode::from(status)
        }
    }
}

fn run(command: Command) -> Result<(), ExitError> {
    match command {
        Command::Serve => run_server(&ConfigLoader::from_sources()?),
        Command::Migrate { wait } => run_migrations(&ConfigLoader::from_sources()?, wait),
        Command::Adopt(arguments) => run_adopt(&ConfigLoader::from_sources()?, &arguments),
        Command::Token { user, email, ttl } => {
            let config = ConfigLoader::from_sources()?.auth()?;
            let token = auth::issue_token(&config, &user, email.as_deref(), ttl)?;
            writeln!(io::stdout(), "{token}").map_err(failed)
        }
        Command::Openapi => {
            let loader = ConfigLoader::from_sources()?;
            let shapes = shape::shapes(&loader.shapes()?);
            let document =
                todo_api::openapi(&shapes, Some(&loader.issuer()?)).to_pretty_json().map_err(failed)?;
            writeln!(io::stdout(), "{document}").map_err(failed)
        }
        Command::Doctor => doctor(),
        Command::Healthcheck => healthcheck(&ConfigLoader::from_sources()?.rocket()?),
    }
}

fn run_server(loader: &ConfigLoader) -> Result<(), ExitError> {
    logging::init(loader.server()?.log_format)?;
    let (config, tracer) = (loader.load()?, OtelTracer::from_environment()?);
    // Each connection takes a file descriptor, and the usual soft limit is only 1,024.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
    let accept_errors = AcceptErrors::install_logger();
    let served = block_on_runtime(&config.rocket, async {
        serve(&config, accept_errors, tracer.clone()).await.map_err(failed)
    });
    if let Some(tracer) = tracer {
        tracer.shutdown();
    }
    served
}

fn run_migrations(loader: &ConfigLoader, wait: Duration) -> Result<(), ExitError> {
    logging::init(loader.server()?.log_format)?;
    let database = loader.database()?;
    let schema = todo_api::schema(&loader.issuer()?);
    block_on_runtime(&loader.rocket()?, async {
        migrate_within(&database, &schema, wait).await.map_err(failed)
    })?;
    tracing::info!(database = %database.migrate_url(), "migrations applied");
    Ok(())
}

/// Prints the report of an adoption.
fn run_adopt(loader: &ConfigLoader, arguments: &AdoptArguments) -> Result<(), ExitError> {
    let database = loader.database()?;
    let report = block_on_runtime(&rocket::Config::default(), async {
        adopt(&database.migrate_url(), arguments).await.map_err(failed)
    })?;
    let text =
        if arguments.is_json() { report.to_json().map_err(failed)? + "\n" } else { report.to_string() };
    write!(io::stdout(), "{text}").map_err(failed)?;
    match report.failure() {
        None => Ok(()),
        Some((status, summary)) => Err(ExitError(summary.to_owned(), status)),
    }
}

/// Prints the report. The checks run on Rocket's default number of threads, because the configured number may be what is wrong.
fn doctor() -> Result<(), ExitError> {
    let report = match ConfigLoader::from_sources() {
        Ok(loader) => {
            block_on_runtime(&rocket::Config::default(), async { Ok(checks::examine(&loader).await) })?
        }
        Err(error) => checks::unreadable(&error),
    };
    write!(io::stdout(), "{report}").map_err(failed)?;
    match report.failures() {
        0 => Ok(()),
        1 => Err(failed("1 check failed")),
        count => Err(failed(format!("{count} checks failed"))),
    }
}

/// Runs the future on a runtime with the configured number of threads. Rocket's own runtime would read that number from Rocket's default
/// sources, which lack this server's sources, and panic on an invalid value. Rocket recognizes a suitable runtime by the thread name.
fn block_on_runtime<T>(
    config: &rocket::Config,
    future: impl Future<Output = Result<T, ExitError>>,
) -> Result<T, ExitError> {
    let runtime = runtime::Builder::new_multi_thread()
        .thread_name("rocket-worker-thread")
        .worker_threads(config.workers.max(1))
        .max_blocking_threads(config.max_blocking.max(1))
        .enable_all()
        .build()
        .map_err(failed)?;
    let result = runtime.block_on(future);
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN_TIMEOUT);
    result
}

/// Requests `/readyz` from the local server.
fn healthcheck(config: &rocket::Config) -> Result<(), ExitError> {
    let ip = match config.address {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, config.port);
    let response = http_get(address, "/readyz")
        .map_err(|error| failed(format!("no response from {address}: {error}")))?;
    let status = response.split_whitespace().nth(1).unwrap_or_default();
    if status == "200" { Ok(()) } else { Err(failed(format!("{address} is not ready"))) }
}

fn http_get(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, HEALTHCHECK_TIMEOUT)?;
    stream.set_read_timeout(Some(HEALTHCHECK_TIMEOUT))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}
