//! Findings about a table: what prevents an adoption, what is lost, and what differs.

use std::fmt;

use serde::Serialize;

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// The table cannot be adopted.
    Blocker,
    /// Something is lost, slow, or breaks the contract of the API.
    Warning,
    /// Something that the operator should know.
    Note,
}

/// A finding.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) text: String,
}

impl Finding {
    pub(super) fn blocker(text: impl Into<String>) -> Self {
        Self { level: Level::Blocker, text: text.into() }
    }

    pub(super) fn warning(text: impl Into<String>) -> Self {
        Self { level: Level::Warning, text: text.into() }
    }

    pub(super) fn note(text: impl Into<String>) -> Self {
        Self { level: Level::Note, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Blocker => "BLOCKER",
            Level::Warning => "warning",
            Level::Note => "note",
        };
        write!(f, "{level:<8} {}", self.text)
    }
}
