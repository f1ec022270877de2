//! What a start says of itself.

use rocket::fairing::{Fairing, Info, Kind};
use rocket::{Orbit, Rocket, async_trait};

use crate::config::{LogFormat, Settings};

/// Says where the server is, once it is there.
#[derive(Debug)]
pub(super) struct StartupBanner {
    database: String,
    format: LogFormat,
    docs: bool,
    issuer: bool,
}

impl StartupBanner {
    pub(super) fn new(settings: &Settings) -> Self {
        let general = &settings.general;
        Self {
            database: settings.database.url.to_string(),
            format: general.log_format,
            docs: general.docs,
            issuer: settings.issuer.enabled,
        }
    }
}

#[async_trait]
impl Fairing for StartupBanner {
    fn info(&self) -> Info {
        Info { name: "StartupBanner", kind: Kind::Liftoff }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let config = rocket.config();
        let url = format!("http://{}", std::net::SocketAddr::new(config.address, config.port));
        let version = env!("CARGO_PKG_VERSION");
        match self.format {
            LogFormat::Json => tracing::info!(version, url, database = self.database, "listening"),
            LogFormat::Readable => {
                tracing::info!("todo-api {version} is listening on {url}");
                tracing::info!("it keeps tasks with {}", self.database);
                if self.docs {
                    tracing::info!("it explains itself at {url}/docs");
                }
                if self.issuer {
                    tracing::info!("people sign up and in at {url}/api/auth");
                }
                tracing::info!("a token to call it with: cargo run -q -- token --user me");
            }
        }
    }
}
