//! Validated texts of a task.

use serde_json::Value;
use utoipa::ToSchema;

/// A title: trimmed, 1 to 200 characters (Unicode scalar values), no U+0000.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 200, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$", example = "Deploy")]
pub struct Title(String);

impl Title {
    const MAX: usize = 200;

    /// Parses a title. `empty_message` is the error for an empty title, which differs between creating and updating a task.
    pub(super) fn from_json(value: &Value, empty_message: &'static str) -> Result<Self, &'static str> {
        let text = match value {
            Value::Null => return Err(empty_message),
            Value::String(text) => text.trim(),
            _ => return Err("Title must be a string"),
        };
        if text.is_empty() {
            Err(empty_message)
        } else if exceeds_chars(text, Self::MAX) {
            Err("Title must be at most 200 characters")
        } else if text.contains('\0') {
            Err("Title cannot contain the character U+0000")
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A description: at most 1,000 characters (Unicode scalar values), unchanged, no U+0000.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, max_length = 1000, pattern = r"^[^\x00]*$")]
pub struct Description(String);

impl Description {
    const MAX: usize = 1000;

    /// Parses a description. Null means no description.
    pub(super) fn from_json(value: &Value) -> Result<Option<Self>, &'static str> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if exceeds_chars(text, Self::MAX) => {
                Err("Description must be at most 1000 characters")
            }
            Value::String(text) if text.contains('\0') => {
                Err("Description cannot contain the character U+0000")
            }
            Value::String(text) => Ok(Some(Self(text.to_owned()))),
            _ => Err("Description must be a string or null"),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn exceeds_chars(text: &str, max: usize) -> bool {
    text.chars().nth(max).is_some()
}
