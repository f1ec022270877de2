//! Log setup: filter, format and output of log lines.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::panic;
use std::sync::Arc;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{ConfigError, LogFormat};

/// Installs the global subscriber, which writes to standard output. `RUST_LOG` sets the level, globally or per module.
pub fn init(format: LogFormat) -> Result<(), ConfigError> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => text.parse::<Targets>().map_err(|_| {
            ConfigError::new("RUST_LOG", "is not a valid filter", "use info or todo_api=debug,sqlx=warn")
        })?,
        _ => Targets::new().with_default(LevelFilter::INFO).with_target("sqlx", LevelFilter::WARN),
    };
    let output = Arc::new(stdout_unlocked().map_err(|error| {
        ConfigError::new("stdout", format!("is not writable ({error})"), "do not close it")
    })?);
    // The MCP library logs arguments and results of tools. This second filter holds for every `RUST_LOG`.
    let private = Targets::new().with_default(LevelFilter::TRACE).with_target("rmcp", LevelFilter::OFF);
    let lines = tracing_subscriber::registry().with(filter).with(private);
    match format {
        LogFormat::Json => lines
            .with(
                fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_current_span(false)
                    .with_target(false)
                    .with_writer(output),
            )
            .init(),
        LogFormat::Text => {
            let has_colors = output.is_terminal();
            let layer = fmt::layer().compact().with_target(false).with_ansi(has_colors);
            lines.with(layer.with_writer(output)).init();
        }
    }
    // A panic message may contain user data, such as a title, so only the location is logged.
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, "handler panicked; message omitted because it may contain user data");
    }));
    Ok(())
}

/// Standard output without the lock of [`io::stdout`], so that threads do not wait for each other. Each line is one `write`, and the kernel
/// does not interleave writes.
fn stdout_unlocked() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}
