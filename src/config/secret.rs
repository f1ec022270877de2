//! Secret values, which no log line or error message can contain, and the generated secret for development.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use serde::Deserialize;
use uuid::Uuid;

use super::ConfigError;

/// File of the development secret.
const SECRET_FILE: &str = "data/auth.secret";

/// A secret string. `Debug` omits the value, and there is no `Display`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the value. Call it only to use the secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the value is the empty string.
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

/// The secret for development. The first start generates it and stores it in a file that only its owner can read.
pub(super) fn load_or_create_dev_secret() -> Result<Secret, ConfigError> {
    read_or_create(Path::new(SECRET_FILE)).map(Secret).map_err(|error| {
        ConfigError::new(
            "auth.secret",
            format!("is not set and cannot be stored in {SECRET_FILE} ({error})"),
            "make the directory writable or set the secret",
        )
    })
}

fn read_or_create(path: &Path) -> io::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        result => return result,
    }
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    // The secret is written to a temporary file, synced, and then linked to its path. Concurrent first starts therefore read the same
    // complete secret, and so does a start after a power failure.
    let temp_path = path.with_extension(std::process::id().to_string());
    let linked = write_secret(&temp_path).and_then(|()| fs::hard_link(&temp_path, path));
    fs::remove_file(&temp_path)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => fs::read_to_string(path),
    }
}

fn write_secret(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(random_secret().as_bytes())?;
    file.sync_all()
}

/// 244 random bits, in hexadecimal.
fn random_secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
