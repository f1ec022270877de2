//! Operations: probes, metrics, lifecycle and the startup banner.

mod accept;
mod lifecycle;
mod metrics;
mod probes;
mod readiness;
mod startup;

use rocket::fairing::AdHoc;

pub use accept::AcceptErrors;
pub use lifecycle::{InFlightGuard, Lifecycle};
pub use metrics::Metrics;
pub use startup::StartupBanner;

use crate::config::ServerConfig;
use crate::request::with_method_fallbacks;

/// Mounts the probes and, if enabled, the metrics. Attaches the startup banner.
#[must_use]
pub fn stage(config: &ServerConfig, banner: StartupBanner) -> AdHoc {
    let (has_metrics, readiness) = (config.metrics, config.readiness);
    AdHoc::try_on_ignite("Operations", move |rocket| async move {
        let rocket = match rocket.state::<AcceptErrors>() {
            Some(_) => rocket,
            None => rocket.manage(AcceptErrors::default()),
        };
        let rocket = rocket
            .manage(Lifecycle::default())
            .manage(readiness::Readiness::new(readiness))
            .mount("/", with_method_fallbacks(probes::routes()))
            .attach(banner);
        match has_metrics.then(Metrics::new) {
            None => Ok(rocket),
            Some(Ok(metrics)) => {
                Ok(rocket.manage(metrics).mount("/", with_method_fallbacks(metrics::routes())))
            }
            Some(Err(error)) => {
                tracing::error!(%error, "cannot register metrics");
                Err(rocket)
            }
        }
    })
}
