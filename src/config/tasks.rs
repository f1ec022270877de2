//! Section `tasks`: what tasks may have beyond the contract.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::ConfigError;
use crate::task::{
    AttributeName, AttributeRule, AttributeRules, JsonType, MAX_ATTRIBUTES, TaskRules, TextLimits,
};

/// The maximum lengths that the database allows, in characters.
const MAX_LIMITS: TextLimits = TextLimits { title: 500, description: 10_000 };

/// Section `tasks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TasksConfig {
    attributes: AttributesConfig,
    title_limit: u16,
    description_limit: u16,
}

/// `attributes = true`, or `attributes = { priority = "medium", due_date = {} }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum AttributesConfig {
    Any(bool),
    Defined(BTreeMap<AttributeName, AttributeConfig>),
}

/// A table, or the default.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum AttributeConfig {
    Table(AttributeTable),
    Default(Value),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AttributeTable {
    r#type: Option<JsonType>,
    #[serde(default)]
    default: Value,
    #[serde(default)]
    values: Vec<String>,
}

impl TasksConfig {
    /// The rules for tasks.
    pub(super) fn rules(&self) -> Result<TaskRules, ConfigError> {
        let limits = TextLimits { title: self.title_limit, description: self.description_limit };
        check_limit("tasks.title_limit", limits.title, 1, MAX_LIMITS.title)?;
        check_limit("tasks.description_limit", limits.description, 0, MAX_LIMITS.description)?;
        let attributes = match &self.attributes {
            AttributesConfig::Any(allows_any) => {
                AttributeRules { defined: Vec::new(), allows_any: *allows_any }
            }
            AttributesConfig::Defined(defined) => {
                let defined = defined.iter().map(|(name, attribute)| rule(name, attribute));
                AttributeRules { defined: defined.collect::<Result<_, _>>()?, allows_any: false }
            }
        };
        if attributes.defined.len() > MAX_ATTRIBUTES {
            let reason = format!("has more than {MAX_ATTRIBUTES} attributes");
            return Err(ConfigError::new("tasks.attributes", reason, "remove some"));
        }
        Ok(TaskRules { limits, attributes })
    }
}

fn check_limit(key: &str, limit: u16, min: u16, max: u16) -> Result<(), ConfigError> {
    if (min..=max).contains(&limit) {
        return Ok(());
    }
    Err(ConfigError::new(key, format!("must be from {min} to {max}"), "the unit is characters"))
}

fn rule(name: &AttributeName, attribute: &AttributeConfig) -> Result<AttributeRule, ConfigError> {
    let AttributeTable { r#type, default, values } = match attribute {
        AttributeConfig::Table(table) => table.clone(),
        AttributeConfig::Default(default) => {
            AttributeTable { r#type: None, default: default.clone(), values: Vec::new() }
        }
    };
    let is_of_type = match (&default, r#type) {
        (Value::Null, _) | (_, None) => true,
        (Value::String(_), Some(kind)) => kind == JsonType::String,
        (Value::Number(_), Some(kind)) => kind == JsonType::Number,
        (Value::Bool(_), Some(kind)) => kind == JsonType::Boolean,
        (Value::Array(_), Some(kind)) => kind == JsonType::Array,
        (Value::Object(_), Some(kind)) => kind == JsonType::Object,
    };
    let is_allowed = values.is_empty()
        || match &default {
            Value::Null => true,
            Value::String(text) => values.contains(text),
            _ => false,
        };
    if !is_of_type || !is_allowed {
        let key = format!("tasks.attributes.{}", name.as_str());
        return Err(ConfigError::new(
            &key,
            "has a default that is not one of its values",
            "change the default",
        ));
    }
    Ok(AttributeRule { name: name.clone(), kind: r#type, default, values })
}
