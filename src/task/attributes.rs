//! Attributes: further members of tasks, which the operator has allowed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::FieldError;
use super::fields::Invalid;
use super::json_text::JsonText;

/// The maximum size of a task's attributes, in bytes of JSON.
pub const MAX_ATTRIBUTES_SIZE: usize = 4096;

/// The maximum number of attributes of a task.
pub const MAX_ATTRIBUTES: usize = 32;

/// The maximum of arrays and objects around a value.
const MAX_DEPTH: usize = 8;

/// The maximum length of a name, in bytes.
const MAX_NAME_LEN: usize = 64;

/// The attributes that tasks may have. None by default.
#[derive(Debug, Clone, Default)]
pub struct AttributeRules {
    /// The attributes that every task has in responses, in their order.
    pub defined: Vec<AttributeRule>,
    /// Whether tasks may have any other attributes as well.
    pub allows_any: bool,
}

/// An attribute that the operator has defined.
#[derive(Debug, Clone)]
pub struct AttributeRule {
    /// The name of the member.
    pub name: AttributeName,
    /// The type of values, if it is restricted. Null is always a value.
    pub kind: Option<JsonType>,
    /// The value of a task that has none.
    pub default: Value,
    /// The allowed texts, in their order. Empty if any value is allowed.
    pub values: Vec<String>,
}

/// A type of JSON values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are those of JSON")]
pub enum JsonType {
    String,
    Number,
    Boolean,
    Array,
    Object,
}

/// The name of an attribute: 1 to 64 ASCII letters, digits, `_` and `-`, not beginning with a digit or `-`. So every database and every
/// language can have it as a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct AttributeName(String);

/// Names that have a meaning in JavaScript objects.
const FORBIDDEN_NAMES: [&str; 3] = ["__proto__", "constructor", "prototype"];

impl AttributeName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_valid(name: &str) -> bool {
        let begins = name.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_');
        let continues = name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_' || it == b'-');
        begins && continues && name.len() <= MAX_NAME_LEN && !FORBIDDEN_NAMES.contains(&name)
    }
}

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl TryFrom<String> for AttributeName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, &'static str> {
        if Self::is_valid(&name) {
            Ok(Self(name))
        } else {
            Err(
                "has an invalid name; use 1 to 64 letters, digits, '_' and '-', beginning with a letter or '_'",
            )
        }
    }
}

impl AttributeRules {
    /// Whether tasks have no attributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.defined.is_empty() && !self.allows_any
    }

    /// The definition of an attribute.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&AttributeRule> {
        self.defined.iter().find(|rule| rule.name.as_str() == name)
    }
}

impl AttributeRule {
    fn check(&self, value: &JsonText) -> Result<(), Invalid> {
        let Some(actual) = json_type(value) else { return Ok(()) };
        let name = self.name.as_str();
        if let Some(kind) = self.kind.filter(|kind| *kind != actual) {
            return Err(format!("{name} must be {}", kind.described()).into());
        }
        let is_allowed = || {
            let text: Option<String> = serde_json::from_str(value.as_str()).ok();
            text.is_some_and(|text| self.values.contains(&text))
        };
        if self.values.is_empty() || is_allowed() {
            Ok(())
        } else {
            Err(format!("{name} must be one of: {}", self.values.join(", ")).into())
        }
    }
}

impl JsonType {
    fn described(self) -> &'static str {
        match self {
            Self::String => "a string or null",
            Self::Number => "a number or null",
            Self::Boolean => "true, false or null",
            Self::Array => "an array or null",
            Self::Object => "an object or null",
        }
    }
}

/// The type of a value. `None` for null.
fn json_type(value: &JsonText) -> Option<JsonType> {
    match value.as_str().as_bytes().first() {
        Some(b'"') => Some(JsonType::String),
        Some(b'[') => Some(JsonType::Array),
        Some(b'{') => Some(JsonType::Object),
        Some(b't' | b'f') => Some(JsonType::Boolean),
        Some(b'n') | None => None,
        Some(_) => Some(JsonType::Number),
    }
}

/// New values of some attributes of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes(BTreeMap<String, JsonText>);

impl Attributes {
    /// Reads the attributes among the members of an object. `is_field` tells the members that are no attributes. Members that the rules do
    /// not allow are ignored, as unknown members always are.
    ///
    /// # Errors
    ///
    /// All invalid attributes.
    pub(crate) fn from_members(
        members: &BTreeMap<String, Box<RawValue>>,
        rules: &AttributeRules,
        is_field: impl Fn(&str) -> bool,
    ) -> Result<Self, Vec<FieldError>> {
        let (mut values, mut errors) = (BTreeMap::new(), Vec::new());
        for (name, value) in members.iter().filter(|(name, _)| !is_field(name)) {
            match check(name, value, rules) {
                Ok(value) => values.extend(value.map(|value| (name.clone(), value))),
                Err(message) => errors.push(FieldError::new(name.clone(), message)),
            }
        }
        let attributes = Self(values);
        if attributes.0.len() > MAX_ATTRIBUTES || attributes.to_json().len() > MAX_ATTRIBUTES_SIZE {
            errors.push(too_large());
        }
        if errors.is_empty() { Ok(attributes) } else { Err(errors) }
    }

    /// Adds a text, which replaces the value of a client.
    pub(crate) fn insert_text(&mut self, name: &str, text: &str) {
        let Ok(value) = serde_json::value::to_raw_value(text) else { return };
        self.0.insert(name.to_owned(), JsonText::compact(&value));
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The object as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (name, value) in &self.0 {
            let separator = if json.len() > 1 { "," } else { "" };
            // A valid name has nothing to escape.
            json.extend([separator, "\"", name, "\":", value.as_str()]);
        }
        json.push('}');
        json
    }
}

/// The error of attributes that are larger than [`MAX_ATTRIBUTES_SIZE`].
pub(crate) fn too_large() -> FieldError {
    let message = format!(
        "Attributes must be at most {MAX_ATTRIBUTES} with {MAX_ATTRIBUTES_SIZE} bytes of JSON in all"
    );
    FieldError::new("attributes", message)
}

/// The value of a member. `None` if the member is no attribute.
fn check(name: &str, value: &RawValue, rules: &AttributeRules) -> Result<Option<JsonText>, Invalid> {
    let rule = rules.find(name);
    if rule.is_none() && !rules.allows_any {
        return Ok(None);
    }
    if !AttributeName::is_valid(name) {
        return Err("An attribute's name has 1 to 64 letters, digits, '_' and '-'".into());
    }
    let value = JsonText::compact(value);
    if value.depth() > MAX_DEPTH {
        return Err(format!("{name} must be nested at most {MAX_DEPTH} deep").into());
    }
    if value.has_nul() {
        return Err(format!("{name} cannot contain the character U+0000").into());
    }
    rule.map_or(Ok(()), |rule| rule.check(&value))?;
    Ok(Some(value))
}
