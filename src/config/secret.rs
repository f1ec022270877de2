//! Secrets: values that no log or error message can show.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use serde::Deserialize;
use uuid::Uuid;

use super::ConfigError;

/// Where the development secret is kept.
const FILE: &str = "data/auth.secret";

/// A string that is not shown: not by `Debug`, and it has no `Display`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The value, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is the empty string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secret of a development machine: made at the first start, then kept, readable by its owner alone.
pub(super) fn development() -> Result<Secret, ConfigError> {
    kept(Path::new(FILE)).map(Secret).map_err(|error| {
        ConfigError::new(
            "auth.secret",
            format!("is not set, and none can be kept in {FILE} ({error})"),
            "make the folder writable or set it",
        )
    })
}

fn kept(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // Written aside and linked into place when it is on disk: of two first starts at once both then read the same whole secret, and so
    // does a start after a power cut.
    let aside = path.with_extension(std::process::id().to_string());
    let linked = write(&aside).and_then(|()| fs::hard_link(&aside, path));
    fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::read_to_string(path),
    }
}

fn write(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(random().as_bytes())?;
    file.sync_all()
}

/// 244 random bits, in hexadecimal.
fn random() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
