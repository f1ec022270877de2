//! Settings: where they come from, and each section as a type that can only hold what works.
//!
//! A section is read when it is needed, so that `migrate` asks for no token secret and `healthcheck` for no
//! database. [`Config::settings`] reads all of them, which is what `serve` does before anything else.

mod auth;
mod database;
mod error;
mod issuer;
mod origins;
mod secret;
mod sources;

use std::time::Duration;

use figment::Figment;
use figment::providers::Serialized;
use rocket::Config as RocketConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

pub use auth::{Auth, OneOrMany};
pub use database::{Database, DatabaseUrl};
pub use error::ConfigError;
pub use issuer::{Issuer, IssuerAlgorithm};
pub use origins::AllowedOrigins;
pub use secret::Secret;

/// HS256 keys shorter than its hash are weaker than the algorithm ([RFC 7518, 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
const SECRET_BYTES: usize = 32;

const MAKE_A_SECRET: &str = "make one with: openssl rand -base64 32";

/// Everything the sources say, unread.
#[derive(Debug, Clone)]
pub struct Config {
    figment: Figment,
}

/// All that the server needs to know, known to work.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For Rocket itself and the fairings that read their own section.
    pub figment: Figment,
    /// Address, port, workers and the like.
    pub server: RocketConfig,
    /// The section `databases.todo`.
    pub database: Database,
    /// The section `auth`.
    pub auth: Auth,
    /// The section `cors`.
    pub cors: Cors,
    /// The section `issuer`.
    pub issuer: Issuer,
    /// The section `shutdown`, as far as it is ours.
    pub shutdown: Shutdown,
    /// The keys outside any section.
    pub general: General,
}

/// An `http://` or `https://` URL.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct HttpUrl(Url);

/// The error reads on after the setting's name, and has the mend after a semicolon.
impl TryFrom<String> for HttpUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.map(Self).ok_or("is no http:// or https:// URL; write https://app.example.com")
    }
}

/// Which browsers may call.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    /// Exact origins; none, and no page of another origin can read an answer.
    pub origins: AllowedOrigins,
}

/// How the server goes away.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shutdown {
    /// Seconds between failing `/readyz` and closing the listener.
    pub drain: u32,
    /// Seconds for requests in flight to finish after that.
    pub grace: u32,
    /// Seconds more before their connections are cut.
    pub mercy: u32,
}

/// The keys outside any section.
#[derive(Debug, Clone, Deserialize)]
pub struct General {
    /// How log lines look.
    pub log_format: LogFormat,
    /// Whether starting brings the database's schema up to date.
    pub migrate_on_launch: bool,
    /// Whether `/docs` and `/openapi.json` are there.
    pub docs: bool,
    /// Whether `/metrics` is there.
    pub metrics: bool,
    /// Seconds for a request's body to arrive.
    pub body_timeout: u32,
}

impl General {
    /// How long a request's body may take to arrive.
    #[must_use]
    pub fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout.into())
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people, in colour on a terminal.
    Readable,
}

impl Config {
    /// Reads all sources: what the program ships with, `Rocket.toml`, the environment and, in the debug profile, `.env`.
    pub fn load() -> Result<Self, ConfigError> {
        let figment = sources::figment()?;
        Ok(Self { figment })
    }

    /// What the program ships with for development, and these values by their full keys; nothing of the environment.
    /// For programs that have the server within them.
    pub fn of<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ConfigError> {
        let mut figment = sources::shipped_for_debug()?;
        for (key, value) in values {
            figment = figment.merge(Serialized::global(key, value));
        }
        Ok(Self { figment })
    }

    /// Every section at once.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let (database, auth, issuer) = (self.database()?, self.auth()?, self.issuer()?);
        if issuer.enabled && auth.secret.is_none() {
            let wrong = "is not set, and issuer.enabled needs it to sign its cookies";
            return Err(ConfigError::new("auth.secret", wrong, MAKE_A_SECRET));
        }
        if issuer.enabled && issuer.origin().is_none() && !self.is_debug() {
            // A client chooses the `Host` of its request, and so would choose the `iss` and `aud` of its tokens.
            let wrong = "is not set, and issuer.enabled needs it outside development";
            return Err(ConfigError::new("issuer.url", wrong, "set it to this server's public URL"));
        }
        Ok(Settings {
            figment: sources::for_rocket(&self.figment),
            server: self.server()?,
            database,
            auth,
            cors: self.section("cors")?,
            issuer,
            shutdown: self.section("shutdown")?,
            general: self.general()?,
        })
    }

    /// Rocket's own settings, checked here because Rocket panics over a bad one.
    pub fn server(&self) -> Result<RocketConfig, ConfigError> {
        RocketConfig::try_from(sources::for_rocket(&self.figment)).map_err(ConfigError::from)
    }

    /// The keys outside any section.
    pub fn general(&self) -> Result<General, ConfigError> {
        self.figment.extract().map_err(ConfigError::from)
    }

    /// The section `databases.todo`. A SQLite file that is not there yet is made.
    pub fn database(&self) -> Result<Database, ConfigError> {
        if !self.figment.contains("databases.todo.url") {
            return Err(ConfigError::new(
                "databases.todo.url",
                "is not set",
                "give it a postgres:// or sqlite:// URL",
            ));
        }
        let database: Database = self.section("databases.todo")?;
        database.url.prepare()?;
        Ok(database)
    }

    /// The section `auth`. In the debug profile a missing secret is made and kept; otherwise there must be one, or an issuer
    /// that publishes keys.
    pub fn auth(&self) -> Result<Auth, ConfigError> {
        let mut auth: Auth = self.section("auth")?;
        auth.check()?;
        match &auth.secret {
            Some(secret) if !self.is_debug() && secret.len() < SECRET_BYTES => Err(ConfigError::new(
                "auth.secret",
                format!("has {} bytes, fewer than {SECRET_BYTES}", secret.len()),
                MAKE_A_SECRET,
            )),
            Some(_) => Ok(auth),
            None if !auth.jwks().is_empty() && !self.is_debug() => Ok(auth),
            None if self.is_debug() => {
                auth.secret = Some(secret::development()?);
                Ok(auth)
            }
            None => Err(ConfigError::new(
                "auth.secret",
                "is not set, and neither is BETTER_AUTH_URL or NEON_AUTH_BASE_URL",
                MAKE_A_SECRET,
            )),
        }
    }

    /// The section `issuer`.
    pub fn issuer(&self) -> Result<Issuer, ConfigError> {
        let issuer: Issuer = self.section("issuer")?;
        if issuer.smtp_url.is_some() && issuer.mail_from.is_none() {
            return Err(ConfigError::new(
                "issuer.mail_from",
                "is not set, and SMTP_URL is",
                "set it to an address, such as Tasks <tasks@example.com>",
            ));
        }
        if issuer.smtp_url.is_some() && issuer.origin().is_none() {
            // By a request's own origin whoever sends it could have a user mailed a link to anywhere.
            return Err(ConfigError::new(
                "issuer.url",
                "is not set, and mails have links to it",
                "set it to this server's public URL",
            ));
        }
        Ok(issuer)
    }

    /// Whether this is the profile for development, with its conveniences.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.figment.profile() == RocketConfig::DEBUG_PROFILE
    }

    fn section<T: DeserializeOwned>(&self, key: &str) -> Result<T, ConfigError> {
        self.figment.extract_inner(key).map_err(|mut error| {
            // Figment puts the section's path after the path within it.
            let within = error.path.len().saturating_sub(key.split('.').count());
            error.path.rotate_left(within);
            ConfigError::from(error)
        })
    }
}
