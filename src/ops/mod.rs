//! What operators and their machines ask: is it alive, is it ready, is it going away.

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

use crate::config::Settings;
use crate::request::with_method_fallbacks;

/// Mounts the probes and, unless the settings say not to, the metrics; announces the server when it is up.
#[must_use]
pub fn stage(settings: &Settings) -> AdHoc {
    let announcement = startup::StartupBanner::new(settings);
    let has_metrics = settings.general.metrics;
    AdHoc::try_on_ignite("Operations", move |rocket| async move {
        let rocket = match rocket.state::<AcceptErrors>() {
            Some(_) => rocket,
            None => rocket.manage(AcceptErrors::default()),
        };
        let rocket = rocket
            .manage(Lifecycle::default())
            .manage(readiness::Readiness::default())
            .mount("/", with_method_fallbacks(probes::routes()))
            .attach(announcement);
        match has_metrics.then(Metrics::new) {
            None => Ok(rocket),
            Some(Ok(metrics)) => {
                Ok(rocket.manage(metrics).mount("/", with_method_fallbacks(metrics::routes())))
            }
            Some(Err(error)) => {
                tracing::error!(%error, "the metrics cannot be set up");
                Err(rocket)
            }
        }
    })
}
