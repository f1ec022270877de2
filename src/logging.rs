//! Log lines: where they go and how they look.

use std::io::IsTerminal;
use std::panic;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{ConfigError, LogFormat};

/// Lines go to standard output. `RUST_LOG` sets the level, of everything or by module.
pub fn init(format: LogFormat) -> Result<(), ConfigError> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => text.parse::<Targets>().map_err(|_| {
            ConfigError::new("RUST_LOG", "is not a list of levels", "write info, or todo_api=debug,sqlx=warn")
        })?,
        _ => Targets::new().with_default(LevelFilter::INFO).with_target("sqlx", LevelFilter::WARN),
    };
    let lines = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Json => lines
            .with(fmt::layer().json().flatten_event(true).with_current_span(false).with_target(false))
            .init(),
        LogFormat::Readable => {
            let colours = std::io::stdout().is_terminal();
            lines.with(fmt::layer().compact().with_target(false).with_ansi(colours)).init();
        }
    }
    // A panic's message may quote what it was about, a title for one: the log gets only the place.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic; its message is not logged, for it may quote a user's data");
    }));
    Ok(())
}
