//! Server start and graceful shutdown.
//!
//! On a signal `/readyz` starts to fail. After `shutdown.drain`, in which load balancers notice the failure, the listener closes. Requests in
//! flight then finish, and finally the pool closes. Rocket's own shutdown would close the listener and the pool immediately, wait for idle
//! connections as well as for requests, and report an error if a connection remains.

use std::fmt;
use std::io;
use std::process;
use std::time::Duration;

use rocket::error::ErrorKind;
use rocket::{Error, Ignite, Rocket};
use rocket_db_pools::Database;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::config::Config;
use crate::fairings::OtelTracer;
use crate::ops::{AcceptErrors, Lifecycle};
use crate::store::Store;

/// Timeout for closing the database pool, the last step of the shutdown.
const POOL_CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// The reason for which the server did not start.
#[derive(Debug)]
pub enum ServeError {
    /// The address is in use, or it does not belong to this machine.
    Bind(String),
    /// Rocket failed to launch. If a fairing failed, it has logged the reason.
    Launch(String),
    /// The signal handlers could not be installed.
    Signals(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(why) => {
                write!(f, "PORT (port): cannot bind address and port ({why}); set another PORT")
            }
            Self::Launch(why) => write!(f, "cannot start: {why}"),
            Self::Signals(error) => write!(f, "cannot listen for signals: {error}"),
        }
    }
}

impl std::error::Error for ServeError {}

impl From<Error> for ServeError {
    fn from(error: Error) -> Self {
        match error.kind() {
            ErrorKind::Bind(why) => Self::Bind(why.to_string()),
            ErrorKind::FailedFairings(_) => Self::Launch("see the error above".to_owned()),
            other => Self::Launch(other.to_string()),
        }
    }
}

/// Serves until SIGTERM or SIGINT. A second signal ends the process immediately. With a `tracer` every request gets a span.
pub async fn serve(
    config: &Config,
    accept_errors: AcceptErrors,
    tracer: Option<OtelTracer>,
) -> Result<(), ServeError> {
    let mut signals = Signals::new().map_err(ServeError::Signals)?;
    let mut rocket = crate::rocket(config).manage(accept_errors);
    if let Some(tracer) = tracer {
        rocket = rocket.manage(tracer);
    }
    let rocket = rocket.ignite().await?;
    let lifecycle = rocket.state::<Lifecycle>().cloned().unwrap_or_default();
    let store = Store::fetch(&rocket).cloned();

    run_until_shutdown(rocket, &lifecycle, config.shutdown.drain, &mut signals).await?;
    if let Some(store) = store {
        // Last, because requests in flight need the pool.
        let _ = timeout(POOL_CLOSE_TIMEOUT, store.close()).await;
    }
    tracing::info!("server stopped");
    Ok(())
}

async fn run_until_shutdown(
    rocket: Rocket<Ignite>,
    lifecycle: &Lifecycle,
    drain_seconds: u32,
    signals: &mut Signals,
) -> Result<(), ServeError> {
    let shutdown = rocket.shutdown();
    let mut server = tokio::spawn(rocket.launch());
    tokio::select! {
        ended = &mut server => return match ended {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(panic) => Err(ServeError::Launch(panic.to_string())),
        },
        name = signals.first() => tracing::info!(signal = name, "received signal, draining"),
    }
    lifecycle.start_drain();
    tokio::select! {
        () = sleep(Duration::from_secs(drain_seconds.into())) => {}
        code = signals.second() => process::exit(code),
    }
    shutdown.notify();
    tokio::select! {
        // Rocket waits for all connections, including idle connections. The shutdown only needs to wait for requests.
        () = lifecycle.wait_until_idle() => {}
        ended = server => if let Ok(Err(error)) = ended {
            tracing::warn!(error = %error.kind(), "graceful shutdown timed out; remaining requests were aborted");
        },
        code = signals.second() => process::exit(code),
    }
    Ok(())
}

/// SIGTERM and SIGINT.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for a signal and returns its name.
    async fn first(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// Waits for a second signal and returns the exit status for it: 128 plus the signal number, as shells report it.
    async fn second(&mut self) -> i32 {
        match self.first().await {
            "SIGTERM" => 143,
            _ => 130,
        }
    }
}
