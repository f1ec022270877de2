//! Parsing of JSON objects into domain types.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Description, FieldError, Title};

/// A JSON object as a client sent it.
pub type JsonObject = Map<String, Value>;

/// A type that is parsed from a JSON object.
pub trait FromJsonObject: Sized {
    /// Reads the known fields and ignores the others.
    ///
    /// # Errors
    ///
    /// All invalid fields.
    fn from_json_object(object: JsonObject) -> Result<Self, Vec<FieldError>>;

    /// The value for a request without a body, if the body is optional.
    #[must_use]
    fn for_empty_body() -> Option<Self> {
        None
    }
}

/// The body of a request that creates a task.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct NewTask {
    /// What is to be done. Required.
    pub title: Title,
    /// Null means no description.
    pub description: Option<Description>,
    /// False by default.
    #[schema(required = false)]
    pub completed: bool,
}

impl FromJsonObject for NewTask {
    fn from_json_object(object: JsonObject) -> Result<Self, Vec<FieldError>> {
        let mut fields = FieldReader::new(&object);
        let title =
            fields.required("title", |it| Title::from_json(it, "Title is required and cannot be empty"));
        let description = fields.optional("description", Description::from_json).flatten();
        let completed = fields.optional("completed", boolean).unwrap_or(false);
        fields.finish(title.map(|title| Self { title, description, completed }))
    }
}

/// The body of a request that updates a task. Absent fields stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct TaskPatch {
    /// The new title.
    #[schema(nullable = false)]
    pub title: Option<Title>,
    /// The new description. Null removes it.
    pub description: Option<Option<Description>>,
    /// The new value of `completed`.
    #[schema(nullable = false)]
    pub completed: Option<bool>,
}

impl TaskPatch {
    /// Whether the patch has no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.description.is_none() && self.completed.is_none()
    }
}

impl FromJsonObject for TaskPatch {
    fn from_json_object(object: JsonObject) -> Result<Self, Vec<FieldError>> {
        let mut fields = FieldReader::new(&object);
        let title = fields.optional("title", |it| Title::from_json(it, "Title cannot be empty"));
        let description = fields.optional("description", Description::from_json);
        let completed = fields.optional("completed", boolean);
        fields.finish(Some(Self { title, description, completed }))
    }
}

/// The body of `PATCH …/complete`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// Inverts `completed`. The meaning of an absent body and of an empty object.
    Toggle,
    /// Sets `completed`.
    Set(bool),
}

impl FromJsonObject for Completion {
    fn from_json_object(object: JsonObject) -> Result<Self, Vec<FieldError>> {
        let mut fields = FieldReader::new(&object);
        let completed = fields.optional("completed", boolean);
        fields.finish(Some(completed.map_or(Self::Toggle, Self::Set)))
    }

    fn for_empty_body() -> Option<Self> {
        Some(Self::Toggle)
    }
}

fn boolean(value: &Value) -> Result<bool, &'static str> {
    value.as_bool().ok_or("Completed must be true or false")
}

/// Reads the fields of an object and collects their errors.
pub(crate) struct FieldReader<'a> {
    object: &'a JsonObject,
    errors: Vec<FieldError>,
}

impl<'a> FieldReader<'a> {
    pub(crate) fn new(object: &'a JsonObject) -> Self {
        Self { object, errors: Vec::new() }
    }

    /// Reads a required field. An absent field is read as null.
    pub(crate) fn required<T>(
        &mut self,
        field: &'static str,
        read: impl Fn(&Value) -> Result<T, &'static str>,
    ) -> Option<T> {
        let value = self.object.get(field).unwrap_or(&Value::Null);
        self.collect_error(field, read(value))
    }

    /// Reads an optional field.
    pub(crate) fn optional<T>(
        &mut self,
        field: &'static str,
        read: impl Fn(&Value) -> Result<T, &'static str>,
    ) -> Option<T> {
        let value = self.object.get(field)?;
        self.collect_error(field, read(value))
    }

    fn collect_error<T>(&mut self, field: &'static str, result: Result<T, &'static str>) -> Option<T> {
        result.map_err(|message| self.errors.push(FieldError { field, message })).ok()
    }

    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        value.filter(|_| self.errors.is_empty()).ok_or(self.errors)
    }
}
