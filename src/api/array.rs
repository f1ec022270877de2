//! A JSON array that is written as its items come, so that a long one is in memory once.

use serde::Serialize;

use crate::problem::Problem;

/// The array, so far.
pub(super) struct Array(serde_json::Result<Vec<u8>>);

impl Array {
    pub(super) fn new() -> Self {
        Self(Ok(b"[".to_vec()))
    }

    pub(super) fn push(&mut self, item: &impl Serialize) {
        let Ok(json) = &mut self.0 else { return };
        if json.len() > 1 {
            json.push(b',');
        }
        if let Err(error) = serde_json::to_writer(json, item) {
            self.0 = Err(error);
        }
    }

    /// All of it, unless there was an item that is no JSON.
    pub(super) fn end(self) -> Result<Vec<u8>, Problem> {
        let mut json = self.0.map_err(|error| Problem::Internal(format!("no JSON: {error}")))?;
        json.push(b']');
        Ok(json)
    }
}
