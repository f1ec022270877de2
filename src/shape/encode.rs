//! Tasks and lists as JSON in a shape.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::status::StatusWords;
use crate::clock;
use crate::config::{FieldNames, IdType, ListForm, ListKeys, ShapeConfig, Wrapper};
use crate::task::{AttributeRules, TaskRef, Window};

/// Encodes tasks. The names are encoded once, when the server starts.
#[derive(Debug)]
pub struct TaskEncoder {
    /// The members in their order, each with the JSON before its value.
    members: Vec<(Vec<u8>, Member)>,
    status: Option<StatusWords>,
    attributes: Vec<Attribute>,
    /// Whether a task may have attributes that are not listed.
    allows_any_attribute: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Id(IdType),
    UserId,
    Title,
    Description,
    Completed,
    CreatedAt,
    UpdatedAt,
    Status,
}

/// An attribute that every task has.
#[derive(Debug)]
struct Attribute {
    name: String,
    prefix: Vec<u8>,
    default: Vec<u8>,
}

impl TaskEncoder {
    pub(super) fn new(config: &ShapeConfig, rules: &AttributeRules) -> Self {
        let FieldNames { id, user_id, title, description, completed, created_at, updated_at } =
            &config.fields;
        let mut members = Vec::new();
        let mut add = |names: Vec<String>, member| {
            for name in names {
                let start = if members.is_empty() { '{' } else { ',' };
                members.push((prefix(start, &name), member));
            }
        };
        add(ShapeConfig::names(id.as_ref(), "id"), Member::Id(config.ids));
        add(ShapeConfig::names(user_id.as_ref(), "user_id"), Member::UserId);
        add(ShapeConfig::names(title.as_ref(), "title"), Member::Title);
        add(ShapeConfig::names(description.as_ref(), "description"), Member::Description);
        add(ShapeConfig::names(completed.as_ref(), "completed"), Member::Completed);
        add(ShapeConfig::names(created_at.as_ref(), "created_at"), Member::CreatedAt);
        add(ShapeConfig::names(updated_at.as_ref(), "updated_at"), Member::UpdatedAt);
        let status = config.status.as_ref().map(StatusWords::new);
        add(status.iter().map(|it| it.field.clone()).collect(), Member::Status);
        let attributes = rules.defined.iter().map(|rule| Attribute {
            name: rule.name.as_str().to_owned(),
            prefix: prefix(',', rule.name.as_str()),
            default: rule.default.to_string().into_bytes(),
        });
        Self { members, status, attributes: attributes.collect(), allows_any_attribute: rules.allows_any }
    }

    /// Appends a task.
    ///
    /// # Errors
    ///
    /// The stored attributes are not JSON.
    pub fn write(&self, json: &mut Vec<u8>, task: TaskRef<'_>) -> serde_json::Result<()> {
        for (prefix, member) in &self.members {
            json.extend_from_slice(prefix);
            match member {
                Member::Id(IdType::Number) => serde_json::to_writer(&mut *json, &task.id)?,
                Member::Id(IdType::String) => serde_json::to_writer(&mut *json, &task.id.to_string())?,
                Member::UserId => serde_json::to_writer(&mut *json, task.user_id)?,
                Member::Title => serde_json::to_writer(&mut *json, task.title)?,
                Member::Description => serde_json::to_writer(&mut *json, &task.description)?,
                Member::Completed => serde_json::to_writer(&mut *json, &task.completed)?,
                Member::CreatedAt => clock::write_rfc3339_millis(json, task.created_at),
                Member::UpdatedAt => clock::write_rfc3339_millis(json, task.updated_at),
                Member::Status => {
                    let word = self.status.as_ref().map(|status| status.word_of(task));
                    serde_json::to_writer(&mut *json, &word)?;
                }
            }
        }
        if !self.attributes.is_empty() || self.allows_any_attribute {
            self.write_attributes(json, task.attributes)?;
        }
        json.push(b'}');
        Ok(())
    }

    fn write_attributes(&self, json: &mut Vec<u8>, stored: Option<&str>) -> serde_json::Result<()> {
        let mut stored: BTreeMap<String, &RawValue> = match stored {
            Some(stored) => serde_json::from_str(stored)?,
            None => BTreeMap::new(),
        };
        for attribute in &self.attributes {
            json.extend_from_slice(&attribute.prefix);
            match stored.remove(&attribute.name) {
                Some(value) => json.extend_from_slice(value.get().as_bytes()),
                None => json.extend_from_slice(&attribute.default),
            }
        }
        // The state of an open task is stored as an attribute with the name of the status, which `write` has written.
        let status = self.status.as_ref().map(|it| it.field.as_str());
        for (name, value) in
            stored.iter().filter(|(name, _)| self.allows_any_attribute && Some(name.as_str()) != status)
        {
            json.extend(prefix(',', name));
            json.extend_from_slice(value.get().as_bytes());
        }
        Ok(())
    }
}

/// The JSON before a value: `,"name":`.
pub(super) fn prefix(start: char, name: &str) -> Vec<u8> {
    format!("{start}{}:", Value::from(name)).into_bytes()
}

impl Wrapper {
    /// The JSON before the data of a response.
    pub(crate) fn opening(self) -> &'static str {
        match self {
            Self::None => "",
            Self::DataError => r#"{"data":"#,
            Self::SuccessData => r#"{"success":true,"data":"#,
        }
    }

    /// The JSON after the data of a response.
    pub(crate) fn closing(self) -> &'static str {
        match self {
            Self::None => "",
            Self::DataError => r#","error":null}"#,
            Self::SuccessData => "}",
        }
    }
}

/// Encodes what is around the tasks of a list.
#[derive(Debug)]
pub struct ListEncoder {
    wrapper: Wrapper,
    keys: Option<ListKeys>,
}

impl ListEncoder {
    pub(super) fn new(config: &ShapeConfig) -> Self {
        let keys = match &config.list {
            ListForm::Array => None,
            ListForm::Object(keys) => Some(ListKeys::clone(keys)),
        };
        Self { wrapper: config.wrapper, keys }
    }

    /// Whether lists have the number of all tasks.
    #[must_use]
    pub fn has_total(&self) -> bool {
        self.keys
            .as_ref()
            .is_some_and(|keys| keys.total.is_some() || keys.pages.is_some() || keys.has_more.is_some())
            || self.has_completed()
    }

    /// Whether lists have the number of completed or of open tasks.
    #[must_use]
    pub fn has_completed(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.completed.is_some() || keys.pending.is_some())
    }

    /// The JSON before the first task.
    #[must_use]
    pub fn opening(&self) -> Vec<u8> {
        let mut json = self.wrapper.opening().as_bytes().to_vec();
        if let Some(keys) = &self.keys {
            json.extend(prefix('{', &keys.tasks));
        }
        json.push(b'[');
        json
    }

    /// Appends the JSON after the last task. `completed` tasks of `total` are completed.
    pub fn write_closing(&self, json: &mut Vec<u8>, total: i64, completed: i64, window: Window) {
        json.push(b']');
        if let Some(keys) = &self.keys {
            // Without a limit the list is one page with all tasks.
            let limit = window.limit.unwrap_or(total).max(1);
            let numbers = [
                (&keys.total, total),
                (&keys.limit, window.limit.unwrap_or(total)),
                (&keys.offset, window.offset),
                (&keys.page, window.offset / limit + 1),
                (&keys.pages, total.saturating_add(limit - 1) / limit),
                (&keys.completed, completed),
                (&keys.pending, total - completed),
            ];
            for (key, number) in numbers {
                if let Some(key) = key {
                    json.extend(prefix(',', key));
                    json.extend(number.to_string().into_bytes());
                }
            }
            if let Some(key) = &keys.has_more {
                let has_more = window.limit.is_some_and(|limit| window.offset.saturating_add(limit) < total);
                json.extend(prefix(',', key));
                json.extend(has_more.to_string().into_bytes());
            }
            json.push(b'}');
        }
        json.extend_from_slice(self.wrapper.closing().as_bytes());
    }
}
