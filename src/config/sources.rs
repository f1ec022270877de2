//! Where settings come from, and which of two wins.
//!
//! In ascending order: the `Rocket.toml` this program was built with, the one in the working
//! directory (or `ROCKET_CONFIG`), the plain variables deployments already have, `ROCKET_…` variables.

use std::env;

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Profile, Provider};
use rocket::Config as RocketConfig;

use super::ConfigError;

const DEFAULTS: &str = include_str!("../../Rocket.toml");

/// Plain variables, in the order in which they are asked: of two for one key the first that is set counts.
const ENV_ALIASES: &[(&str, &str)] = &[
    ("NEON_DATABASE_URL", "databases.todo.url"),
    ("DATABASE_URL", "databases.todo.url"),
    ("MIGRATE_DATABASE_URL", "databases.todo.migrate_url"),
    ("BETTER_AUTH_SECRET", "auth.secret"),
    ("BETTER_AUTH_URL", "auth.url"),
    ("NEON_AUTH_BASE_URL", "auth.url"),
    ("CORS_ORIGINS", "cors.origins"),
    ("FRONTEND_URL", "cors.origins"),
    ("SMTP_URL", "issuer.smtp_url"),
    ("MAIL_FROM", "issuer.mail_from"),
];

/// Keys outside any section, and the sections: Rocket's that have a meaning here, then ours.
const KNOWN: &[&str] = &[
    "address",
    "port",
    "workers",
    "max_blocking",
    "ident",
    "ip_header",
    "limits",
    "temp_dir",
    "keep_alive",
    "shutdown",
    "cli_colors",
    "log_format",
    "migrate_on_launch",
    "body_timeout",
    "docs",
    "metrics",
    "databases",
    "auth",
    "cors",
    "issuer",
];

pub(super) fn figment() -> Result<Figment, ConfigError> {
    let profile = Profile::from_env_or("ROCKET_PROFILE", RocketConfig::DEFAULT_PROFILE);
    if profile == RocketConfig::DEBUG_PROFILE {
        read_dotenv()?;
    }
    let name = Env::var_or("ROCKET_CONFIG", "Rocket.toml");
    let file = Toml::file(&name).nested();
    let values = file.data().map_err(|error| {
        // Only the first line says where. The next ones quote the file, and it may hold a secret.
        let place = error.kind.to_string().lines().next().unwrap_or_default().to_owned();
        ConfigError::new(&name, format!("cannot be read ({place})"), "correct it there")
    })?;
    refuse_unknown_keys(&name, &values)?;

    let figment = Figment::from(shipped(&profile)?).merge(file).select(profile);
    neon_keys(plain(figment)?.merge(Env::prefixed("ROCKET_").ignore(&["PROFILE", "CONFIG"]).global()))
}

/// Takes `NEON_AUTH_JWKS_URL` for Neon Auth's keys, and for its base URL where that is not given. Neon injects the variable beside
/// whatever else is configured, so it does not change where the keys of another issuer are.
fn neon_keys(figment: Figment) -> Result<Figment, ConfigError> {
    let Some(keys) = variable("NEON_AUTH_JWKS_URL")? else { return Ok(figment) };
    let base = figment.find_value("auth.url").ok().and_then(Value::into_string);
    let is_anothers = base.is_some() && base != variable("NEON_AUTH_BASE_URL")?;
    if is_anothers || figment.contains("auth.jwks_url") {
        return Ok(figment);
    }
    let figment = match keys.strip_suffix("/.well-known/jwks.json") {
        Some(own) if base.is_none() => figment.merge(Serialized::global("auth.url", own)),
        _ => figment,
    };
    Ok(figment.merge(Serialized::global("auth.jwks_url", keys)))
}

/// The same for Rocket, with its defaults for what only it knows. Two things it must not do, whatever any source says:
/// its log lines would show requests with their headers (ours are in `fairings::trace`), and its signal handling would
/// close the listener at once (ours is in `serve`).
pub(super) fn for_rocket(figment: &Figment) -> Figment {
    Figment::from(RocketConfig::default())
        .merge(figment)
        .select(figment.profile().clone())
        .merge(Serialized::global("log_level", "off"))
        .merge(Serialized::global("shutdown.ctrlc", false))
        .merge(Serialized::global("shutdown.signals", Vec::<String>::new()))
}

pub(super) fn shipped_for_debug() -> Result<Figment, ConfigError> {
    let profile = RocketConfig::DEBUG_PROFILE;
    Ok(Figment::from(shipped(&profile)?).select(profile))
}

fn read_dotenv() -> Result<(), ConfigError> {
    match dotenvy::from_path(".env") {
        Err(dotenvy::Error::LineParse(_, at)) => Err(ConfigError::new(
            ".env",
            format!("has a line that cannot be read, near its character {at}"),
            "write NAME=value, quoted where the value has spaces",
        )),
        Err(dotenvy::Error::Io(error)) if error.kind() != std::io::ErrorKind::NotFound => Err(
            ConfigError::new(".env", format!("cannot be read ({error})"), "make it readable or remove it"),
        ),
        _ => Ok(()),
    }
}

/// The shipped values of one profile, flattened to defaults: a `[default]` of somebody's own `Rocket.toml` must win
/// over our `[debug]`, which figment would otherwise prefer for being the more specific profile.
fn shipped(profile: &Profile) -> Result<Serialized<Dict>, ConfigError> {
    let values: Dict = Figment::from(Toml::string(DEFAULTS).nested()).select(profile.clone()).extract()?;
    Ok(Serialized::defaults(values))
}

fn plain(mut figment: Figment) -> Result<Figment, ConfigError> {
    let mut seen = Vec::new();
    for (name, key) in ENV_ALIASES {
        if let Some(value) = variable(name)?
            && !seen.contains(key)
        {
            seen.push(key);
            // Not by `Env`, which parses values: a secret of digits would become a number.
            figment = figment.merge(Serialized::global(key, value));
        }
    }
    if let Some(port) = variable("PORT")? {
        let port: u16 = port
            .parse()
            .map_err(|_| ConfigError::new("port", "must be a port number", "use one from 0 to 65535"))?;
        figment = figment.merge(Serialized::global("port", port));
    }
    Ok(figment)
}

/// An empty variable counts as not set, for compose files and manifests can hardly leave one out.
fn variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(ConfigError::new(name, "is not UTF-8", "give it a value that is"))
        }
    }
}

/// A key that nobody reads is a setting somebody believes in. Sections refuse theirs as they are read.
fn refuse_unknown_keys(file: &str, profiles: &Map<Profile, Dict>) -> Result<(), ConfigError> {
    let complain = |key: &str, mend: String| Err(ConfigError::new(key, "is not a setting", mend));
    for values in profiles.values() {
        for (key, value) in values {
            if !KNOWN.contains(&key.as_str()) {
                return complain(key, format!("correct it in {file}; it may hold {}", KNOWN.join(", ")));
            }
            if let ("databases", Value::Dict(_, databases)) = (key.as_str(), value)
                && let Some(name) = databases.keys().find(|name| *name != "todo")
            {
                return complain(
                    &format!("databases.{name}"),
                    "the one database is databases.todo".to_owned(),
                );
            }
        }
    }
    Ok(())
}
