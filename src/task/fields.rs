//! Validated texts of a task.

use std::borrow::Cow;

use serde_json::Value;
use utoipa::ToSchema;

/// The reason why a value is invalid: a sentence for the user.
pub(crate) type Invalid = Cow<'static, str>;

/// The lengths of texts, in characters (Unicode scalar values).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimits {
    /// The maximum of a title.
    pub title: u16,
    /// The maximum of a description.
    pub description: u16,
}

/// The limits of the contract.
impl Default for TextLimits {
    fn default() -> Self {
        Self { title: 200, description: 1000 }
    }
}

/// A title: trimmed, not empty, at most [`TextLimits::title`] long, no U+0000.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 200, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$", example = "Deploy")]
pub struct Title(String);

impl Title {
    /// Parses a title. `empty_message` is the error for an empty title, which differs between creating and updating a task.
    pub(crate) fn from_json(
        value: &Value,
        limits: TextLimits,
        empty_message: &'static str,
    ) -> Result<Self, Invalid> {
        let text = match value {
            Value::Null => return Err(empty_message.into()),
            Value::String(text) => text.trim(),
            _ => return Err("Title must be a string".into()),
        };
        if text.is_empty() {
            Err(empty_message.into())
        } else if exceeds_chars(text, limits.title) {
            Err(format!("Title must be at most {} characters", limits.title).into())
        } else if text.contains('\0') {
            Err("Title cannot contain the character U+0000".into())
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

/// A description: at most [`TextLimits::description`] long, unchanged, no U+0000.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, max_length = 1000, pattern = r"^[^\x00]*$")]
pub struct Description(String);

impl Description {
    /// Parses a description. Null means no description.
    pub(crate) fn from_json(value: &Value, limits: TextLimits) -> Result<Option<Self>, Invalid> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if exceeds_chars(text, limits.description) => {
                Err(format!("Description must be at most {} characters", limits.description).into())
            }
            Value::String(text) if text.contains('\0') => {
                Err("Description cannot contain the character U+0000".into())
            }
            Value::String(text) => Ok(Some(Self(text.to_owned()))),
            _ => Err("Description must be a string or null".into()),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn exceeds_chars(text: &str, max: u16) -> bool {
    text.chars().nth(max.into()).is_some()
}
