//! Version of the server, and the commit that it was built from.

use std::sync::LazyLock;

/// Version of the crate.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Commit, from the variable `TODO_API_REVISION` at build time. The build does not ask git, because the image is built without a
/// repository.
pub const COMMIT: Option<&str> = match option_env!("TODO_API_REVISION") {
    Some(commit) if commit.is_empty() => None,
    commit => commit,
};

static TEXT: LazyLock<String> = LazyLock::new(|| match COMMIT {
    Some(commit) => format!("{VERSION} ({commit})"),
    None => VERSION.to_owned(),
});

/// Version and, if known, commit: `0.1.0 (6f0c1a2)`.
#[must_use]
pub fn text() -> &'static str {
    &TEXT
}
