//! Startup banner.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::{Orbit, Rocket, async_trait};

use crate::config::{Config, LogFormat};
use crate::version;

/// Logs the URL, the version and the database after startup. In the text format also the URLs for developers.
#[derive(Debug)]
pub struct StartupBanner {
    database: String,
    format: LogFormat,
    docs: bool,
    issuer: bool,
    mcp: bool,
}

impl StartupBanner {
    /// Creates the fairing.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self {
            database: config.database.url.to_string(),
            format: config.server.log_format,
            docs: config.server.docs,
            issuer: config.issuer.enabled,
            mcp: config.server.mcp,
        }
    }
}

#[async_trait]
impl Fairing for StartupBanner {
    fn info(&self) -> Info {
        Info { name: "Startup banner", kind: Kind::Liftoff }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let config = rocket.config();
        let url = format!("http://{}", std::net::SocketAddr::new(config.address, config.port));
        let version = version::text();
        match self.format {
            LogFormat::Json => tracing::info!(version, url, database = self.database, "listening"),
            LogFormat::Text => {
                tracing::info!("todo-api {version} is listening on {url}");
                tracing::info!("database: {}", self.database);
                if self.docs {
                    tracing::info!("API docs: {url}/docs");
                }
                if self.issuer {
                    tracing::info!("sign-up and sign-in: {url}/api/auth");
                }
                if self.mcp {
                    tracing::info!("MCP server for agents: {url}/mcp");
                }
                tracing::info!("get a token: cargo run -q -- token --user me");
            }
        }
    }
}
