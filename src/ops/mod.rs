//! What operators and their machines ask: is it alive, is it ready, is it going away.

mod announce;
mod lifecycle;
mod probes;
mod readiness;

use rocket::fairing::AdHoc;

pub use lifecycle::{InFlight, Lifecycle};

use crate::config::Settings;
use crate::request::with_other_methods;

/// Mounts the probes and announces the server when it is up.
#[must_use]
pub fn stage(settings: &Settings) -> AdHoc {
    let announcement = announce::Announcement::new(settings);
    AdHoc::on_ignite("Operations", |rocket| async {
        rocket
            .manage(Lifecycle::default())
            .manage(readiness::Readiness::default())
            .mount("/", with_other_methods(probes::routes()))
            .attach(announcement)
    })
}
