//! Cursors of task lists as texts, for clients that get a list in pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, NaiveDateTime};

use super::TaskCursor;

impl TaskCursor {
    /// The cursor as an opaque text.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.id, self.created_at))
    }

    /// Parses the text of [`TaskCursor::encode`]. `None` for a text that the database could reject. A client that makes up a valid cursor
    /// gets another position in its own list.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (id, created_at) = text.split_once(' ')?;
        let id = id.parse().ok()?;
        is_timestamp(created_at).then(|| Self { created_at: created_at.to_owned(), id })
    }
}

/// Whether both engines accept the text as a time in UTC. The second format is that of SQLite's own functions.
fn is_timestamp(text: &str) -> bool {
    let has_year = text.len() <= 40 && text.get(4..5) == Some("-") && !text.starts_with("0000");
    let is_utc = text.ends_with("+00:00") || text.ends_with('Z');
    let is_rfc3339 = || is_utc && DateTime::parse_from_rfc3339(text).is_ok();
    let is_sqlite = || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").is_ok();
    has_year && (is_rfc3339() || is_sqlite())
}
