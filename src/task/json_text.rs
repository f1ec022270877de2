//! JSON values as texts. A number keeps its digits, which a binary number would lose.

use serde_json::value::RawValue;

/// A JSON value without white space between its tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonText {
    text: String,
    depth: usize,
    has_nul: bool,
}

impl JsonText {
    /// Removes the white space.
    pub(crate) fn compact(value: &RawValue) -> Self {
        let mut compact = Self { text: String::with_capacity(value.get().len()), depth: 0, has_nul: false };
        let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
        for (at, character) in value.get().char_indices() {
            if in_string {
                if escaped {
                    let rest = value.get().get(at..).unwrap_or_default();
                    compact.has_nul |= rest.starts_with("u0000");
                }
                in_string = character != '"' || escaped;
                escaped = character == '\\' && !escaped;
            } else {
                match character {
                    '"' => in_string = true,
                    '[' | '{' => depth += 1,
                    ']' | '}' => depth = depth.saturating_sub(1),
                    ' ' | '\t' | '\r' | '\n' => continue,
                    _ => {}
                }
                compact.depth = compact.depth.max(depth);
            }
            compact.text.push(character);
        }
        compact
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of arrays and objects around the innermost value.
    pub(crate) fn depth(&self) -> usize {
        self.depth
    }

    /// Whether a string has the character U+0000, which PostgreSQL cannot store. JSON has it only in escaped form.
    pub(crate) fn has_nul(&self) -> bool {
        self.has_nul
    }
}
