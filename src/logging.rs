//! Log lines: where they go and how they look.

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

/// Lines go to standard output. `RUST_LOG` sets the level, of everything or by module.
pub fn init(format: LogFormat) -> Result<(), ConfigError> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => text.parse::<Targets>().map_err(|_| {
            ConfigError::new("RUST_LOG", "is not a list of levels", "write info, or todo_api=debug,sqlx=warn")
        })?,
        _ => Targets::new().with_default(LevelFilter::INFO).with_target("sqlx", LevelFilter::WARN),
    };
    let output = Arc::new(standard_output().map_err(|error| {
        ConfigError::new("standard output", format!("cannot be written to ({error})"), "leave it open")
    })?);
    let lines = tracing_subscriber::registry().with(filter);
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
        LogFormat::Readable => {
            let colours = output.is_terminal();
            let layer = fmt::layer().compact().with_target(false).with_ansi(colours);
            lines.with(layer.with_writer(output)).init();
        }
    }
    // A panic's message may quote what it was about, a title for one: the log gets only the place.
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a panic; its message is not logged, for it may quote a user's data");
    }));
    Ok(())
}

/// Without the lock of [`io::stdout`], for which threads would wait while another writes: a line is one write, and the
/// system keeps those apart.
fn standard_output() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}
