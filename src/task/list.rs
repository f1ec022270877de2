//! Lists of tasks: which tasks, and in which order.

use serde_json::Value;

/// The filter and the order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListOptions {
    /// The value of `completed` that listed tasks must have, if any.
    pub completed: Option<bool>,
    /// The direction of the order by `created_at`, then by id.
    pub order: Order,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest or largest first.
    #[default]
    Descending,
    /// The oldest or smallest first.
    Ascending,
}

/// A search: what a list by [`ListOptions`] cannot express. No index serves it, except that of the user's tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// A part of the title or of the description, if any.
    pub text: Option<String>,
    /// The attributes that tasks must have.
    pub attributes: Vec<AttributeFilter>,
    /// The order before that of [`ListOptions`].
    pub sort: Sort,
}

impl Search {
    /// Whether a list by [`ListOptions`] is the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// An attribute with one of several values. An array has one of them as an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeFilter {
    /// The name of the attribute.
    pub name: String,
    /// The values as texts.
    pub values: Vec<String>,
    /// The value of tasks without the attribute.
    pub default: Value,
}

/// The key of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Sort {
    /// The time of creation.
    #[default]
    CreatedAt,
    /// The time of the last change.
    UpdatedAt,
    /// The title, in lower case.
    Title,
    /// Whether tasks are completed.
    Completed,
    /// An attribute. Tasks without a value are last.
    Attribute {
        /// The name of the attribute.
        name: String,
        /// The value of tasks without the attribute.
        default: Value,
        /// Texts in their order, which is not that of the alphabet.
        values: Vec<String>,
    },
}

/// The part of a list that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The maximum of tasks, if any.
    pub limit: Option<i64>,
    /// The number of tasks before the part.
    pub offset: i64,
}
