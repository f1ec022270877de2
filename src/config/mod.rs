//! Configuration: loads the settings from their sources and validates each section.
//!
//! Each section is a type that holds only valid values. Commands load only the sections that they need, so `migrate` requires no token secret
//! and `healthcheck` no database. `serve` loads all sections with [`ConfigLoader::load`] before it starts.

mod auth;
mod cookie_name;
mod database;
mod error;
mod issuer;
mod login_paths;
mod origins;
mod path_template;
mod response_template;
mod secret;
mod shape;
mod sources;
mod tasks;

use std::time::Duration;

use figment::Figment;
use figment::providers::Serialized;
use rocket::Config as RocketConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

pub use auth::{AuthConfig, OneOrMany};
pub use cookie_name::CookieName;
pub use database::{DatabaseConfig, DatabaseUrl};
pub use error::ConfigError;
pub use issuer::{IssuerAlgorithm, IssuerConfig};
pub use login_paths::{LoginAction, LoginPaths, LoginRoute};
pub use origins::AllowedOrigins;
pub use path_template::PathTemplate;
pub use response_template::{LoginPlaceholder, Placeholder, Template, UserPlaceholder};
pub use secret::Secret;
pub use shape::{
    Deletion, ErrorForm, ErrorPlaceholder, FieldNames, IdType, ListForm, ListKeys, ShapeConfig, StatusConfig,
    Wrapper,
};

use crate::task::TaskRules;
use tasks::TasksConfig;

/// Minimum length of `auth.secret`, in bytes. An HS256 key must not be shorter than the hash
/// ([RFC 7518, 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
const MIN_SECRET_BYTES: usize = 32;

const GENERATE_SECRET: &str = "generate one with: openssl rand -base64 32";

/// The merged sources. Its methods deserialize and validate the sections.
#[derive(Debug, Clone)]
pub struct ConfigLoader {
    figment: Figment,
}

/// The complete configuration of the server, validated.
#[derive(Debug, Clone)]
pub struct Config {
    /// The merged sources, for Rocket and for fairings that read their own section.
    pub figment: Figment,
    /// Rocket's settings: address, port, workers and others.
    pub rocket: RocketConfig,
    /// Section `databases.todo`.
    pub database: DatabaseConfig,
    /// Section `auth`.
    pub auth: AuthConfig,
    /// Section `cors`.
    pub cors: CorsConfig,
    /// Section `issuer`.
    pub issuer: IssuerConfig,
    /// Section `shutdown`.
    pub shutdown: ShutdownConfig,
    /// Sections `tasks`, `api` and `v1`.
    pub shapes: ShapesConfig,
    /// Top-level settings of this server.
    pub server: ServerConfig,
}

/// What tasks may have, and what frontends see of them.
#[derive(Debug, Clone)]
pub struct ShapesConfig {
    /// Section `tasks`.
    pub rules: TaskRules,
    /// Section `api`: the shape of the bare dialect.
    pub api: ShapeConfig,
    /// Section `v1`: the shape of the enveloped dialect.
    pub v1: ShapeConfig,
}

/// An `http://` or `https://` URL.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct HttpUrl(Url);

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl TryFrom<String> for HttpUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.map(Self).ok_or("is not an http:// or https:// URL; write https://app.example.com")
    }
}

/// Section `cors`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsConfig {
    /// Exact origins whose pages may call the API. With an empty list, browsers let no page of another origin read a response.
    pub origins: AllowedOrigins,
}

/// Section `shutdown`. Rocket reads `grace` and `mercy`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShutdownConfig {
    /// Seconds between the first failing `/readyz` and the close of the listener.
    pub drain: u32,
    /// Seconds after `drain` for requests in flight to finish.
    pub grace: u32,
    /// Seconds after `grace` until Rocket closes the remaining connections.
    pub mercy: u32,
}

/// Top-level settings of this server.
#[derive(Debug, Clone, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate setting")]
pub struct ServerConfig {
    /// Format of log lines.
    pub log_format: LogFormat,
    /// Whether startup migrates the database.
    pub migrate_on_launch: bool,
    /// Whether to serve `/docs` and `/openapi.json`.
    pub docs: bool,
    /// Whether to serve `/metrics`.
    pub metrics: bool,
    /// When `/readyz` queries the database.
    pub readiness: ReadinessMode,
    /// Whether to serve `/mcp`.
    pub mcp: bool,
    /// Whether to serve the start page at `/`.
    pub welcome: bool,
    /// See [`ServerConfig::body_timeout`].
    body_timeout: u32,
}

impl ServerConfig {
    /// Maximum time for a request body to arrive.
    #[must_use]
    pub fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout.into())
    }
}

/// When `/readyz` queries the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadinessMode {
    /// Until the database has responded with its schema. A server that was ready stays ready while the database is unavailable, and responds
    /// 503 as JSON.
    Once,
    /// At every probe. A server is not ready while the database is unavailable.
    Always,
}

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object per line.
    Json,
    /// Plain text, with colors on a terminal.
    Text,
}

impl ConfigLoader {
    /// Reads all sources: the compiled-in defaults, `Rocket.toml`, the environment and, in the debug profile, `.env`.
    pub fn from_sources() -> Result<Self, ConfigError> {
        let figment = sources::figment()?;
        Ok(Self { figment })
    }

    /// Merges the compiled-in defaults for development with these values, given by their full keys. Ignores the environment. For tests,
    /// benchmarks and fuzzers that embed the server.
    pub fn from_values<'a>(
        values: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ConfigError> {
        let mut figment = sources::debug_defaults()?;
        for (key, value) in values {
            figment = figment.merge(Serialized::global(key, value));
        }
        Ok(Self { figment })
    }

    /// Loads and validates all sections.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let (database, auth, issuer) = (self.database()?, self.auth()?, self.issuer()?);
        self.check_issuer(&issuer, &auth)?;
        let shapes = self.shapes()?;
        if issuer.enabled {
            issuer.login_paths.validate(&shapes)?;
        }
        Ok(Config {
            shapes,
            figment: sources::for_rocket(&self.figment),
            rocket: self.rocket()?,
            database,
            auth,
            cors: self.cors()?,
            issuer,
            shutdown: self.shutdown()?,
            server: self.server()?,
        })
    }

    /// Checks that the embedded issuer has what it requires of other sections and profiles.
    pub fn check_issuer(&self, issuer: &IssuerConfig, auth: &AuthConfig) -> Result<(), ConfigError> {
        if issuer.enabled && auth.secret.is_none() {
            let reason = "is not set, and issuer.enabled requires it to sign cookies";
            return Err(ConfigError::new("auth.secret", reason, GENERATE_SECRET));
        }
        if issuer.enabled && issuer.origin().is_none() && !self.is_debug() {
            // The client controls the header `Host`. Without a configured URL it would control the `iss` and `aud` of its tokens.
            let reason = "is not set, and issuer.enabled requires it outside development";
            return Err(ConfigError::new("issuer.url", reason, "set it to this server's public URL"));
        }
        Ok(())
    }

    /// Rocket's settings. Validated here, because Rocket panics on an invalid value.
    pub fn rocket(&self) -> Result<RocketConfig, ConfigError> {
        RocketConfig::try_from(sources::for_rocket(&self.figment)).map_err(ConfigError::from)
    }

    /// Top-level settings of this server.
    pub fn server(&self) -> Result<ServerConfig, ConfigError> {
        self.figment.extract().map_err(ConfigError::from)
    }

    /// Section `cors`.
    pub fn cors(&self) -> Result<CorsConfig, ConfigError> {
        self.section("cors")
    }

    /// Section `shutdown`.
    pub fn shutdown(&self) -> Result<ShutdownConfig, ConfigError> {
        self.section("shutdown")
    }

    /// Section `databases.todo` as the connection pool reads it.
    #[must_use]
    pub fn database_figment(&self) -> Figment {
        self.figment.focus("databases.todo")
    }

    /// Section `databases.todo`. Creates the SQLite file if it is missing.
    pub fn database(&self) -> Result<DatabaseConfig, ConfigError> {
        if !self.figment.contains("databases.todo.url") {
            return Err(ConfigError::new(
                "databases.todo.url",
                "is not set",
                "set it to a postgres:// or sqlite:// URL",
            ));
        }
        let database: DatabaseConfig = self.section("databases.todo")?;
        database.url.ensure_file()?;
        Ok(database)
    }

    /// Section `auth`. In the debug profile a missing secret is generated and stored. In other profiles a secret or a JWKS is required.
    pub fn auth(&self) -> Result<AuthConfig, ConfigError> {
        let mut auth: AuthConfig = self.section("auth")?;
        auth.validate()?;
        match &auth.secret {
            Some(secret) if !self.is_debug() && secret.len() < MIN_SECRET_BYTES => Err(ConfigError::new(
                "auth.secret",
                format!("is {} bytes long, but {MIN_SECRET_BYTES} are required", secret.len()),
                GENERATE_SECRET,
            )),
            Some(_) => Ok(auth),
            None if !auth.jwks_urls().is_empty() && !self.is_debug() => Ok(auth),
            None if self.is_debug() => {
                auth.secret = Some(secret::load_or_create_dev_secret()?);
                Ok(auth)
            }
            None => Err(ConfigError::new(
                "auth.secret",
                "is required unless BETTER_AUTH_URL or NEON_AUTH_BASE_URL is set",
                GENERATE_SECRET,
            )),
        }
    }

    /// Section `issuer`.
    pub fn issuer(&self) -> Result<IssuerConfig, ConfigError> {
        let issuer: IssuerConfig = self.section("issuer")?;
        if issuer.smtp_url.is_some() && issuer.mail_from.is_none() {
            return Err(ConfigError::new(
                "issuer.mail_from",
                "is required when SMTP_URL is set",
                "set it to an email address, such as Tasks <tasks@example.com>",
            ));
        }
        if issuer.smtp_url.is_some() && issuer.origin().is_none() {
            // The client controls the header `Host`. Without a configured URL it could have this server email a user a link to any site.
            return Err(ConfigError::new(
                "issuer.url",
                "is required when SMTP_URL is set, because emails link to it",
                "set it to this server's public URL",
            ));
        }
        issuer.complete()
    }

    /// Sections `tasks`, `api` and `v1`.
    pub fn shapes(&self) -> Result<ShapesConfig, ConfigError> {
        let rules = self.section::<TasksConfig>("tasks")?.rules()?;
        let (api, v1): (ShapeConfig, ShapeConfig) = (self.section("api")?, self.section("v1")?);
        api.validate("api", &rules)?;
        v1.validate("v1", &rules)?;
        let api_paths = api.paths();
        if let Some(path) =
            v1.paths().iter().find(|path| api_paths.iter().any(|it| it.mount() == path.mount()))
        {
            let reason = format!("is {}, which is a path of api.path as well", path.mount());
            return Err(ConfigError::new("v1.path", reason, "move one of the two"));
        }
        Ok(ShapesConfig { rules, api, v1 })
    }

    /// Whether this is the debug profile, which has defaults for development.
    #[must_use]
    pub fn is_debug(&self) -> bool {
        self.figment.profile() == RocketConfig::DEBUG_PROFILE
    }

    fn section<T: DeserializeOwned>(&self, key: &str) -> Result<T, ConfigError> {
        self.figment.extract_inner(key).map_err(|mut error| {
            // figment appends the section's path to the path within the section.
            let within = error.path.len().saturating_sub(key.split('.').count());
            error.path.rotate_left(within);
            ConfigError::from(error)
        })
    }
}
