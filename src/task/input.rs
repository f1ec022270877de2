//! What a client states about a task, validated.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{AttributeRules, Attributes, Description, TextLimits, Title};

/// A JSON object as a client sent it.
pub type JsonObject = Map<String, Value>;

/// What tasks may have. The operator may extend the rules of the contract.
#[derive(Debug, Clone, Default)]
pub struct TaskRules {
    /// The lengths of texts.
    pub limits: TextLimits,
    /// The further members.
    pub attributes: AttributeRules,
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
    /// The further members.
    #[schema(ignore)]
    pub attributes: Attributes,
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
    #[schema(value_type = Option<bool>, nullable = false)]
    pub completed: Option<Completion>,
    /// The new values of further members. The others stay as they are.
    #[schema(ignore)]
    pub attributes: Attributes,
}

impl TaskPatch {
    /// A patch that only changes `completed`.
    #[must_use]
    pub fn completion(completion: Completion) -> Self {
        let attributes = Attributes::default();
        Self { title: None, description: None, completed: Some(completion), attributes }
    }

    /// Whether the patch has no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.title.is_none()
            && self.description.is_none()
            && self.completed.is_none()
            && self.attributes.is_empty()
    }
}

/// A change of `completed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// Inverts `completed`.
    Toggle,
    /// Sets `completed`.
    Set(bool),
}

impl Completion {
    /// The new value, if it does not depend on the stored value.
    #[must_use]
    pub fn value(self) -> Option<bool> {
        match self {
            Self::Toggle => None,
            Self::Set(completed) => Some(completed),
        }
    }
}
