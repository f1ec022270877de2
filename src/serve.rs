//! Serving, from the first connection to the last.
//!
//! Rocket would close the listener and the pool as soon as a signal comes, wait for idle connections as for busy ones,
//! and fail if some remain. Here a signal first makes `/readyz` fail, then leaves load balancers time to notice, then
//! closes the listener, lets requests in flight finish, and last of all closes the pool.

use std::fmt;
use std::io;
use std::process;
use std::time::Duration;

use rocket::error::ErrorKind;
use rocket::{Error, Ignite, Rocket};
use rocket_db_pools::Database;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::config::Settings;
use crate::fairings::OtelTracer;
use crate::ops::{AcceptErrors, Lifecycle};
use crate::store::Store;

/// For connections to be closed properly, at the very end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why serving did not begin.
#[derive(Debug)]
pub enum ServeError {
    /// The address is taken, or not this machine's.
    Bind(String),
    /// A fairing refused, and has said why in the log; or it is a mistake of ours.
    Launch(String),
    /// The system gives no signals.
    Signals(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind(why) => write!(f, "PORT (port) and address cannot be used ({why}); set another PORT"),
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
            ErrorKind::FailedFairings(_) => Self::Launch("see the line before".to_owned()),
            other => Self::Launch(other.to_string()),
        }
    }
}

/// Serves until SIGTERM or SIGINT. A second one ends the process at once. With `spans` every request is traced.
pub async fn serve(
    settings: &Settings,
    accept_errors: AcceptErrors,
    spans: Option<OtelTracer>,
) -> Result<(), ServeError> {
    let mut signals = Signals::new().map_err(ServeError::Signals)?;
    let mut rocket = crate::rocket(settings).manage(accept_errors);
    if let Some(spans) = spans {
        rocket = rocket.manage(spans);
    }
    let rocket = rocket.ignite().await?;
    let lifecycle = rocket.state::<Lifecycle>().cloned().unwrap_or_default();
    let store = Store::fetch(&rocket).cloned();

    run_until_shutdown(rocket, &lifecycle, settings, &mut signals).await?;
    if let Some(store) = store {
        // Last, when nobody needs a connection any more.
        let _ = timeout(CLOSE_TIMEOUT, store.close()).await;
    }
    tracing::info!("stopped");
    Ok(())
}

async fn run_until_shutdown(
    rocket: Rocket<Ignite>,
    lifecycle: &Lifecycle,
    settings: &Settings,
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
        name = signals.next() => tracing::info!(signal = name, "shutting down"),
    }
    lifecycle.drain();
    tokio::select! {
        () = sleep(Duration::from_secs(settings.shutdown.drain.into())) => {}
        code = signals.again() => process::exit(code),
    }
    shutdown.notify();
    tokio::select! {
        // Rocket waits for every connection, an idle one too. What matters is that every request is answered.
        () = lifecycle.idle() => {}
        ended = server => if let Ok(Err(error)) = ended {
            tracing::warn!(error = %error.kind(), "some requests were cut off");
        },
        code = signals.again() => process::exit(code),
    }
    Ok(())
}

/// The signals that end a server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }

    /// One more, and the exit status by which a shell knows a process that a signal ended.
    async fn again(&mut self) -> i32 {
        match self.next().await {
            "SIGTERM" => 143,
            _ => 130,
        }
    }
}
