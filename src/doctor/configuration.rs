//! Checks of settings that need nothing but the configuration.

use url::{Host, Url};

use super::report::{Fault, Finding, Found};
use crate::config::{AuthConfig, ConfigLoader};

/// The settings of no other check: Rocket's, `shutdown` and the top-level settings.
pub(super) fn check(loader: &ConfigLoader) -> Finding {
    let rocket = loader.rocket().map_err(|error| Fault::from(&error))?;
    loader.server().map_err(|error| Fault::from(&error))?;
    loader.shutdown().map_err(|error| Fault::from(&error))?;
    let (version, profile) = (env!("CARGO_PKG_VERSION"), &rocket.profile);
    Ok(Found::Good(format!(
        "todo-api {version} listens on {}:{}, profile {profile}",
        rocket.address, rocket.port
    )))
}

/// The origins of the frontend. No list is wrong in itself: a frontend behind the same origin needs none.
pub(super) fn check_origins(loader: &ConfigLoader, auth: Option<&AuthConfig>) -> Finding {
    let cors = loader.cors().map_err(|error| Fault::from(&error))?;
    let origins = cors.origins.as_slice();
    // Better Auth usually runs in the frontend, so its origin is the origin of the pages.
    let better_auth = auth.and_then(AuthConfig::origin).filter(|it| !origins.contains(it));
    let insecure = origins.iter().find(|it| !loader.is_debug() && is_insecure(it));
    let list = if origins.is_empty() { "none".to_owned() } else { origins.join(", ") };
    Ok(match (better_auth, insecure) {
        (Some(origin), _) => Found::Doubtful(format!(
            "{list}; add {origin} to CORS_ORIGINS if the frontend runs at Better Auth's origin and this API at another"
        )),
        (None, Some(origin)) => {
            Found::Doubtful(format!("{list}; use https instead of {origin}, or tokens travel unencrypted"))
        }
        (None, None) if origins.is_empty() => Found::Doubtful(
            "none; set CORS_ORIGINS to the frontend's origin, unless a proxy serves both at one origin"
                .to_owned(),
        ),
        (None, None) => Found::Good(list),
    })
}

/// Whether pages of this origin travel unencrypted over a network.
fn is_insecure(origin: &str) -> bool {
    let Ok(url) = Url::parse(origin) else { return false };
    let is_local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !is_local
}
