//! What a client states about a task, validated.

use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{AttributeRules, Attributes, Description, FieldError, TextLimits, Title};

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
    /// What the stored task must be for this update.
    #[schema(ignore)]
    pub condition: Option<StateCondition>,
}

/// The state that a task must have if it is open. Otherwise the update changes nothing.
///
/// A client may state the word of an open task beside `completed: true`. If the stored task has that word, the client has completed it. If
/// the stored task is completed, the client has opened it. An open task with another word differs from both members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCondition {
    /// The attribute with the state.
    pub attribute: String,
    /// The required state.
    pub state: String,
    /// The states of open tasks. A task without a state has the first.
    pub open_states: Vec<String>,
    /// The error for a task with another state.
    pub error: FieldError,
}

impl TaskPatch {
    /// A patch that only changes `completed`.
    #[must_use]
    pub fn completion(completion: Completion) -> Self {
        let attributes = Attributes::default();
        Self { title: None, description: None, completed: Some(completion), attributes, condition: None }
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
