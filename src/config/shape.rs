//! Sections `api` and `v1`: the shapes of the two dialects.
//!
//! A shape is what a frontend sees of a task: paths, names of members, words, wrappers. `Rocket.toml` has the two built-in shapes.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::path_template::PathTemplate;
use super::{ConfigError, OneOrMany, Placeholder, Template};
use crate::task::TaskRules;

/// The shape of a dialect.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeConfig {
    path: OneOrManyPaths,
    /// What is around the data of responses.
    pub wrapper: Wrapper,
    /// The form of errors.
    pub errors: ErrorForm,
    /// The key of the task in a response with one task. None by default: the task is the response.
    pub task_key: Option<String>,
    /// The form of lists.
    pub list: ListForm,
    /// The maximum of tasks in a list if the client sends no `limit`. All by default.
    pub page_size: Option<u32>,
    /// The maximum of `limit`.
    pub max_page_size: Option<u32>,
    /// Names of members, if they differ from those of the contract.
    #[serde(default)]
    pub fields: FieldNames,
    /// Completion as a word, in a member of its own.
    pub status: Option<StatusConfig>,
    /// The response to a deletion.
    pub deletion: Deletion,
    /// The type of ids.
    pub ids: IdType,
    /// Further values of `sort`, such as `newest = "created_at desc"`.
    #[serde(default)]
    pub sorts: BTreeMap<String, String>,
    /// Whether another user's task is 403 instead of 404.
    pub forbid_other_users: bool,
}

/// What is around the data of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrapper {
    /// Nothing.
    None,
    /// `{data, error}`.
    DataError,
    /// `{success, data}`.
    SuccessData,
}

/// The form of errors.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub enum ErrorForm {
    /// `{detail, error_code}`.
    Detail,
    /// `{data: null, error: {message, code}}`, and 400 in place of 422.
    Error,
    /// The members of both, with `success: false` and `message`.
    Any,
    /// A form of the operator's own.
    Template(Template<ErrorPlaceholder>),
}

/// A value of an error.
#[derive(Debug, Clone, Copy)]
pub enum ErrorPlaceholder {
    /// `$message`: one readable sentence.
    Message,
    /// `$code`: the code for programs.
    Code,
    /// `$status`: the number of the status.
    Status,
    /// `$errors`: the invalid fields, or null.
    Errors,
}

impl Placeholder for ErrorPlaceholder {
    const UNKNOWN: &'static str =
        "contains an unknown placeholder; use $message, $code, $status or $errors as a whole string";

    fn parse(name: &str) -> Option<Self> {
        match name {
            "$message" => Some(Self::Message),
            "$code" => Some(Self::Code),
            "$status" => Some(Self::Status),
            "$errors" => Some(Self::Errors),
            _ => None,
        }
    }
}

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl TryFrom<Value> for ErrorForm {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, &'static str> {
        match value {
            Value::String(name) if name == "detail" => Ok(Self::Detail),
            Value::String(name) if name == "error" => Ok(Self::Error),
            Value::String(name) if name == "any" => Ok(Self::Any),
            Value::Object(_) => Template::try_from(value).map(Self::Template),
            _ => Err(
                r#"is not a form of errors; write "detail", "error", "any" or { detail = { message = "$message" } }"#,
            ),
        }
    }
}

/// The form of lists: an array, or an object with these keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "RawListForm")]
pub enum ListForm {
    /// An array of tasks.
    Array,
    /// An object.
    Object(Box<ListKeys>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawListForm {
    Name(String),
    Keys(Box<ListKeys>),
}

/// The keys of a list. Only that of the tasks is required.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListKeys {
    /// The array.
    pub tasks: String,
    /// The number of tasks that match the filter.
    pub total: Option<String>,
    /// The maximum of tasks in this list.
    pub limit: Option<String>,
    /// The number of tasks before this list.
    pub offset: Option<String>,
    /// The number of this page, from 1.
    pub page: Option<String>,
    /// The number of pages.
    pub pages: Option<String>,
    /// Whether there are tasks after this list.
    pub has_more: Option<String>,
    /// The number of completed tasks among those that match the filter.
    pub completed: Option<String>,
    /// The number of open tasks among those that match the filter.
    pub pending: Option<String>,
}

/// The error continues a sentence that begins with the setting's name. The hint follows a semicolon.
impl TryFrom<RawListForm> for ListForm {
    type Error = &'static str;

    fn try_from(form: RawListForm) -> Result<Self, &'static str> {
        match form {
            RawListForm::Name(name) if name == "array" => Ok(Self::Array),
            RawListForm::Name(_) => {
                Err(r#"is not a form of lists; write "array" or { tasks = "items", total = "total" }"#)
            }
            RawListForm::Keys(keys) => Ok(Self::Object(keys)),
        }
    }
}

/// The names of each member of a task in responses. Bodies may use them as well.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the fields are those of Task")]
pub struct FieldNames {
    pub id: Option<OneOrMany>,
    pub user_id: Option<OneOrMany>,
    pub title: Option<OneOrMany>,
    pub description: Option<OneOrMany>,
    pub completed: Option<OneOrMany>,
    pub created_at: Option<OneOrMany>,
    pub updated_at: Option<OneOrMany>,
}

/// `status = ["todo", "in_progress", "done"]`, or a table with the name of the member.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "RawStatusConfig")]
pub struct StatusConfig {
    /// The name of the member.
    pub field: String,
    /// The words of open tasks, and then the word of completed tasks.
    pub words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawStatusConfig {
    Words(Vec<String>),
    Table(StatusTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusTable {
    field: String,
    words: Vec<String>,
}

impl From<RawStatusConfig> for StatusConfig {
    fn from(raw: RawStatusConfig) -> Self {
        match raw {
            RawStatusConfig::Words(words) => Self { field: "status".to_owned(), words },
            RawStatusConfig::Table(StatusTable { field, words }) => Self { field, words },
        }
    }
}

/// The response to a deletion.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deletion {
    /// 204 without a body.
    None,
    /// 200 with the deleted task.
    Task,
    /// 200 with `{message}`.
    Message(String),
}

/// The type of ids in responses. Paths have the digits in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are those of JSON")]
pub enum IdType {
    Number,
    String,
}

/// One path or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrManyPaths {
    One(PathTemplate),
    Many(Vec<PathTemplate>),
}

impl ShapeConfig {
    /// The paths of the collection: the configured ones, and each without the user's id.
    #[must_use]
    pub fn paths(&self) -> Vec<PathTemplate> {
        let configured = match &self.path {
            OneOrManyPaths::One(path) => std::slice::from_ref(path),
            OneOrManyPaths::Many(paths) => paths,
        };
        let mut paths: Vec<PathTemplate> = Vec::new();
        for path in configured.iter().flat_map(|path| [path.without_user(), path.clone()]) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }

    /// The names of a member.
    #[must_use]
    pub fn names(names: Option<&OneOrMany>, default: &'static str) -> Vec<String> {
        names.map_or_else(|| vec![default.to_owned()], |names| names.as_slice().to_vec())
    }

    /// Rejects a shape in which two members have the same name, or a status without two words.
    pub(super) fn validate(&self, section: &str, rules: &TaskRules) -> Result<(), ConfigError> {
        let key = |name: &str| format!("{section}.{name}");
        if self.paths().is_empty() {
            return Err(ConfigError::new(&key("path"), "is empty", "set it to the path of the collection"));
        }
        if let Some(StatusConfig { words, .. }) = &self.status
            && (words.len() < 2 || words.iter().collect::<HashSet<_>>().len() < words.len())
        {
            let reason = "needs at least two different words";
            return Err(ConfigError::new(&key("status"), reason, r#"write ["pending", "completed"]"#));
        }
        let reserved = ["completed", "is_completed", "status"];
        if let Some(rule) =
            rules.attributes.defined.iter().find(|rule| reserved.contains(&rule.name.as_str()))
        {
            let name = rule.name.as_str();
            let reason = format!("has the name '{name}', which states completion");
            let hint = format!("use {section}.fields or {section}.status");
            return Err(ConfigError::new("tasks.attributes", reason, hint));
        }
        for (word, sort) in &self.sorts {
            let is_valid = matches!(sort.split(' ').collect::<Vec<_>>().as_slice(), [_, "asc" | "desc"]);
            if !is_valid {
                let key = key(&format!("sorts.{word}"));
                return Err(ConfigError::new(&key, "is not an order", r#"write "title asc""#));
            }
        }
        let mut seen = HashSet::new();
        for name in self.member_names(rules) {
            if !seen.insert(name.clone()) {
                let reason = format!("gives two members of a task the name '{name}'");
                return Err(ConfigError::new(section, reason, "rename one of them, or remove the attribute"));
            }
        }
        Ok(())
    }

    fn member_names(&self, rules: &TaskRules) -> Vec<String> {
        let FieldNames { id, user_id, title, description, completed, created_at, updated_at } = &self.fields;
        let fields = [
            (id, "id"),
            (user_id, "user_id"),
            (title, "title"),
            (description, "description"),
            (completed, "completed"),
            (created_at, "created_at"),
            (updated_at, "updated_at"),
        ];
        let fields = fields.into_iter().flat_map(|(names, default)| Self::names(names.as_ref(), default));
        let status = self.status.iter().map(|status| status.field.clone());
        let attributes = rules.attributes.defined.iter().map(|rule| rule.name.as_str().to_owned());
        fields.chain(status).chain(attributes).collect()
    }
}
