//! The command `todo-api doctor`: checks everything that the server needs before it serves requests.
//!
//! It reads the configuration as `serve` does, connects to the database through the same pool, and fetches the issuer's keys with the same
//! client. Each check is a line of the report, and a failed check has the fix, so that an operator fixes all faults in one pass. Startup
//! itself reports only the first fault. No line contains a secret.

mod clock;
mod configuration;
mod database;
mod identity;
mod report;

use crate::config::{ConfigError, ConfigLoader};

pub use report::Report;

/// Runs all checks.
pub async fn examine(loader: &ConfigLoader) -> Report {
    let mut report = Report::default();
    let auth = loader.auth();
    report.add("configuration", configuration::check(loader));
    let store = database::open(loader).await;
    report.add("database", store.as_ref().map(|it| it.found.clone()).map_err(Clone::clone));
    report.add("schema", database::check_schema(loader, store.as_ref().ok()).await);
    report.add("secret", identity::check_secret(auth.as_ref()));
    let keys = identity::fetch_keys(auth.as_ref().ok()).await;
    report.add("issuer keys", keys.as_ref().map(|it| it.found.clone()).map_err(Clone::clone));
    report.add("accepted tokens", Ok(identity::check_claims(auth.as_ref().ok())));
    report.add("built-in authentication", identity::check_issuer(loader, auth.as_ref().ok()));
    report.add("CORS origins", configuration::check_origins(loader, auth.as_ref().ok()));
    report.add("clock", clock::check(store.as_ref().ok(), keys.as_ref().ok()).await);
    if let Ok(opened) = store {
        opened.store.close().await;
    }
    report
}

/// The report if the sources cannot be read, so that no check can run.
#[must_use]
pub fn unreadable(error: &ConfigError) -> Report {
    let mut report = Report::default();
    report.add("configuration", Err(error.into()));
    report
}
