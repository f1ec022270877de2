//! The commands.

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use todo_api::config::{Config, ConfigError};
use todo_api::fairings::OtelTracer;
use todo_api::ops::AcceptErrors;
use todo_api::serve::serve;
use todo_api::store::migrate;
use todo_api::{auth, logging};
use tokio::runtime;

/// Requests drop in one thread what they made in another, for which the threads of glibc's allocator wait for each other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How long `healthcheck` waits. Container runtimes give a check some seconds.
const HEALTHCHECK: Duration = Duration::from_secs(2);

/// How long threads that are still busy may hold up the end of the process.
const RUNTIME_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// A multi-tenant task API.
///
/// Settings come from Rocket.toml and the environment; see the README.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API (the default)
    Serve,
    /// Bring the database's schema up to date and exit
    Migrate,
    /// Print a token to try the API with, signed with the configured secret
    Token {
        /// The id of the user it is for
        #[arg(long)]
        user: String,
        /// The user's address
        #[arg(long)]
        email: Option<String>,
        /// How long it is good for, such as 15m, 1h or 7d
        #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
        ttl: Duration,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Ask the server on this machine whether it is ready; the exit status tells
    Healthcheck,
}

/// What a command ends with when it fails: a line, and an exit status.
struct ExitError(String, u8);

impl From<ConfigError> for ExitError {
    fn from(error: ConfigError) -> Self {
        Self(error.to_string(), 2)
    }
}

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
    if let Command::Openapi = command {
        let document = todo_api::document(true).to_pretty_json().map_err(failed)?;
        return writeln!(io::stdout(), "{document}").map_err(failed);
    }
    let config = Config::load()?;
    match command {
        Command::Serve => {
            logging::init(config.general()?.log_format)?;
            let (settings, spans) = (config.settings()?, OtelTracer::from_environment()?);
            // Each connection takes a descriptor, and the usual soft limit of 1,024 is soon reached.
            if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
                tracing::warn!(%error, "the limit of open files cannot be raised");
            }
            let accept_errors = AcceptErrors::install();
            let served = block_on_runtime(&settings.server, async {
                serve(&settings, accept_errors, spans.clone()).await.map_err(failed)
            });
            if let Some(spans) = spans {
                spans.shut();
            }
            served
        }
        Command::Migrate => {
            logging::init(config.general()?.log_format)?;
            let database = config.database()?;
            let schema = todo_api::schema(&config.issuer()?);
            block_on_runtime(&config.server()?, async { migrate(&database, &schema).await.map_err(failed) })?;
            tracing::info!(database = %database.migrate_url(), "migrated");
            Ok(())
        }
        Command::Token { user, email, ttl } => {
            let token = auth::mint(&config.auth()?, &user, email.as_deref(), ttl)?;
            writeln!(io::stdout(), "{token}").map_err(failed)
        }
        Command::Healthcheck => healthcheck(&config.server()?),
        // It needs no configuration, so it came first.
        Command::Openapi => Ok(()),
    }
}

/// Runs on as many threads as configured. Rocket's own runtime would read that from its own sources, which know nothing
/// of ours, and panic over what it cannot read. The name is the one by which Rocket knows a proper runtime.
fn block_on_runtime<T>(
    settings: &rocket::Config,
    work: impl Future<Output = Result<T, ExitError>>,
) -> Result<T, ExitError> {
    let runtime = runtime::Builder::new_multi_thread()
        .thread_name("rocket-worker-thread")
        .worker_threads(settings.workers.max(1))
        .max_blocking_threads(settings.max_blocking.max(1))
        .enable_all()
        .build()
        .map_err(failed)?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN_TIMEOUT);
    result
}

fn healthcheck(settings: &rocket::Config) -> Result<(), ExitError> {
    let ip = match settings.address {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, settings.port);
    let answer =
        ask(address, "/readyz").map_err(|error| failed(format!("no answer from {address}: {error}")))?;
    let status = answer.split_whitespace().nth(1).unwrap_or_default();
    if status == "200" { Ok(()) } else { Err(failed(format!("{address} is not ready"))) }
}

fn ask(address: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, HEALTHCHECK)?;
    stream.set_read_timeout(Some(HEALTHCHECK))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
