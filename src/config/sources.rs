//! Configuration sources and their precedence.
//!
//! In ascending order: the compiled-in `Rocket.toml`, the `Rocket.toml` in the working directory (or the file in `ROCKET_CONFIG`), the
//! well-known variables such as `DATABASE_URL`, and `ROCKET_…` variables.

use std::env;

use figment::providers::{Env, Format, Serialized, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Profile, Provider};
use rocket::Config as RocketConfig;

use super::ConfigError;

/// The compiled-in configuration file.
const DEFAULTS: &str = include_str!("../../Rocket.toml");

/// Well-known variables and their keys. If two variables have the same key, the first that is set wins.
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

/// Top-level keys and sections: first those of Rocket that this server uses, then those of this server.
const KNOWN_KEYS: &[&str] = &[
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
    "readiness",
    "mcp",
    "welcome",
    "databases",
    "auth",
    "cors",
    "issuer",
    "tasks",
    "api",
    "v1",
];

/// Merges all sources. In the debug profile this includes `.env`.
pub(super) fn figment() -> Result<Figment, ConfigError> {
    let profile = Profile::from_env_or("ROCKET_PROFILE", RocketConfig::DEFAULT_PROFILE);
    if profile == RocketConfig::DEBUG_PROFILE {
        read_dotenv()?;
    }
    let name = Env::var_or("ROCKET_CONFIG", "Rocket.toml");
    let file = Toml::file(&name).nested();
    let values = file.data().map_err(|error| {
        // The first line has the position. The following lines quote the file, which may contain a secret.
        let position = error.kind.to_string().lines().next().unwrap_or_default().to_owned();
        ConfigError::new(&name, format!("cannot be read ({position})"), "correct it there")
    })?;
    reject_unknown_keys(&name, &values)?;

    let figment = Figment::from(defaults(&profile)?).merge(file).select(profile);
    let rocket_variables = Env::prefixed("ROCKET_").ignore(&["PROFILE", "CONFIG"]).global();
    apply_neon_jwks_url(apply_env_aliases(figment)?.merge(rocket_variables))
}

/// Applies `NEON_AUTH_JWKS_URL`, which sets `auth.jwks_url` and, unless it is configured, `auth.url`. Neon injects the variable regardless
/// of the other settings, so it must not override the keys of another issuer.
fn apply_neon_jwks_url(figment: Figment) -> Result<Figment, ConfigError> {
    let Some(jwks_url) = variable("NEON_AUTH_JWKS_URL")? else { return Ok(figment) };
    let base = figment.find_value("auth.url").ok().and_then(Value::into_string);
    let has_other_issuer = base.is_some() && base != variable("NEON_AUTH_BASE_URL")?;
    if has_other_issuer || figment.contains("auth.jwks_url") {
        return Ok(figment);
    }
    let figment = match jwks_url.strip_suffix("/.well-known/jwks.json") {
        Some(neon_base) if base.is_none() => figment.merge(Serialized::global("auth.url", neon_base)),
        _ => figment,
    };
    Ok(figment.merge(Serialized::global("auth.jwks_url", jwks_url)))
}

/// The figment for Rocket itself, with Rocket's defaults for its other settings. Two features of Rocket are always disabled: its log, which
/// would contain request headers (`fairings::log_line` writes the access log), and its signal handling, which would close the listener
/// immediately (`serve` handles signals).
pub(super) fn for_rocket(figment: &Figment) -> Figment {
    Figment::from(RocketConfig::default())
        .merge(figment)
        .select(figment.profile().clone())
        .merge(Serialized::global("log_level", "off"))
        .merge(Serialized::global("shutdown.ctrlc", false))
        .merge(Serialized::global("shutdown.signals", Vec::<String>::new()))
}

/// The compiled-in configuration for the debug profile.
pub(super) fn debug_defaults() -> Result<Figment, ConfigError> {
    let profile = RocketConfig::DEBUG_PROFILE;
    Ok(Figment::from(defaults(&profile)?).select(profile))
}

fn read_dotenv() -> Result<(), ConfigError> {
    match dotenvy::from_path(".env") {
        Err(dotenvy::Error::LineParse(_, at)) => Err(ConfigError::new(
            ".env",
            format!("has an invalid line, near its character {at}"),
            "write NAME=value, and quote values with spaces",
        )),
        Err(dotenvy::Error::Io(error)) if error.kind() != std::io::ErrorKind::NotFound => Err(
            ConfigError::new(".env", format!("cannot be read ({error})"), "make it readable or remove it"),
        ),
        _ => Ok(()),
    }
}

/// The compiled-in values of one profile, flattened to defaults. Otherwise figment would prefer the compiled-in `[debug]` to a `[default]`
/// in the operator's `Rocket.toml`, because `[debug]` is the more specific profile.
fn defaults(profile: &Profile) -> Result<Serialized<Dict>, ConfigError> {
    let values: Dict = Figment::from(Toml::string(DEFAULTS).nested()).select(profile.clone()).extract()?;
    Ok(Serialized::defaults(values))
}

/// Merges the well-known variables.
fn apply_env_aliases(mut figment: Figment) -> Result<Figment, ConfigError> {
    let mut seen = Vec::new();
    for (name, key) in ENV_ALIASES {
        if let Some(value) = variable(name)?
            && !seen.contains(key)
        {
            seen.push(key);
            // figment's `Env` would parse the value, so that a secret of digits would become a number.
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

/// The value of an environment variable. An empty variable counts as not set, because compose files and manifests cannot easily omit a
/// variable.
fn variable(name: &'static str) -> Result<Option<String>, ConfigError> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(ConfigError::new(name, "is not UTF-8", "set it to UTF-8 text"))
        }
    }
}

/// Rejects unknown top-level keys of the file, because a mistyped setting would otherwise be ignored silently. Sections reject their
/// unknown keys when they are deserialized.
fn reject_unknown_keys(file: &str, profiles: &Map<Profile, Dict>) -> Result<(), ConfigError> {
    let unknown_key = |key: &str, hint: String| Err(ConfigError::new(key, "is not a known setting", hint));
    for values in profiles.values() {
        for (key, value) in values {
            if !KNOWN_KEYS.contains(&key.as_str()) {
                let hint = format!("correct it in {file}; known settings: {}", KNOWN_KEYS.join(", "));
                return unknown_key(key, hint);
            }
            if let ("databases", Value::Dict(_, databases)) = (key.as_str(), value)
                && let Some(name) = databases.keys().find(|name| *name != "todo")
            {
                return unknown_key(
                    &format!("databases.{name}"),
                    "the only database is databases.todo".to_owned(),
                );
            }
        }
    }
    Ok(())
}
