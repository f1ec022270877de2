//! What a client's JSON object means.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Description, Title};
use crate::task::FieldError;

/// A JSON object, as a client sent it.
pub type Object = Map<String, Value>;

/// A type that a client's JSON object can mean.
pub trait Parse: Sized {
    /// Reads the fields it knows and ignores the others. The error has everything that is wrong.
    fn parse(object: Object) -> Result<Self, Vec<FieldError>>;

    /// What the absence of any body means, where that is allowed.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }
}

/// A task to be made.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct NewTask {
    /// Required.
    pub title: Title,
    /// Absent and null are the same.
    pub description: Option<Description>,
    /// False unless said.
    #[schema(required = false)]
    pub completed: bool,
}

impl Parse for NewTask {
    fn parse(object: Object) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(&object);
        let title =
            fields.required("title", |it| Title::from_json(it, "Title is required and cannot be empty"));
        let description = fields.optional("description", Description::from_json).flatten();
        let completed = fields.optional("completed", boolean).unwrap_or(false);
        fields.finish(title.map(|title| Self { title, description, completed }))
    }
}

/// What is to change about a task. What is absent stays.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
pub struct TaskPatch {
    /// The new title.
    #[schema(nullable = false)]
    pub title: Option<Title>,
    /// The new description; null (`Some(None)`) clears it.
    pub description: Option<Option<Description>>,
    /// Done or not.
    #[schema(nullable = false)]
    pub completed: Option<bool>,
}

impl TaskPatch {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.description.is_none() && self.completed.is_none()
    }
}

impl Parse for TaskPatch {
    fn parse(object: Object) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(&object);
        let title = fields.optional("title", |it| Title::from_json(it, "Title cannot be empty"));
        let description = fields.optional("description", Description::from_json);
        let completed = fields.optional("completed", boolean);
        fields.finish(Some(Self { title, description, completed }))
    }
}

/// What is to become of a task's being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// The opposite of what it is.
    Toggle,
    /// This.
    Set(bool),
}

impl Parse for Completion {
    fn parse(object: Object) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(&object);
        let completed = fields.optional("completed", boolean);
        fields.finish(Some(completed.map_or(Self::Toggle, Self::Set)))
    }

    fn absent() -> Option<Self> {
        Some(Self::Toggle)
    }
}

fn boolean(value: &Value) -> Result<bool, &'static str> {
    value.as_bool().ok_or("Completed must be true or false")
}

/// Reads an object field by field and remembers what is wrong with any of them.
struct Fields<'a> {
    object: &'a Object,
    wrong: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    fn of(object: &'a Object) -> Self {
        Self { object, wrong: Vec::new() }
    }

    /// A field that must be there; absent is read as null.
    fn required<T>(
        &mut self,
        field: &'static str,
        read: impl Fn(&Value) -> Result<T, &'static str>,
    ) -> Option<T> {
        let value = self.object.get(field).unwrap_or(&Value::Null);
        self.keep(field, read(value))
    }

    /// A field that may be absent.
    fn optional<T>(
        &mut self,
        field: &'static str,
        read: impl Fn(&Value) -> Result<T, &'static str>,
    ) -> Option<T> {
        let value = self.object.get(field)?;
        self.keep(field, read(value))
    }

    fn keep<T>(&mut self, field: &'static str, read: Result<T, &'static str>) -> Option<T> {
        read.map_err(|message| self.wrong.push(FieldError { field, message })).ok()
    }

    fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        value.filter(|_| self.wrong.is_empty()).ok_or(self.wrong)
    }
}
