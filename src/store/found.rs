//! Searches: what the statements bind of them, and the ids that they find.

use serde_json::{Value, json};

use crate::task::{AttributeFilter, Search, Sort};

/// The maximum of tasks in the list of a search. Their ids stay in memory while the list is sent.
pub const MAX_FOUND: i64 = 50_000;

/// The ids of found tasks, in order.
#[derive(Debug, Default)]
pub struct FoundIds {
    pub(super) ids: Vec<i64>,
    /// The number of ids whose tasks have been read.
    pub(super) read: usize,
}

impl Search {
    /// Whether the search finds fewer tasks than a list without it.
    pub(super) fn is_filter(&self) -> bool {
        self.text.is_some() || !self.attributes.is_empty()
    }

    /// The filters by attributes, as the statements take them.
    pub(super) fn filters_json(&self) -> String {
        let filters = self
            .attributes
            .iter()
            .map(|AttributeFilter { name, values, default }| json!([name, values, default]));
        filters.collect::<Value>().to_string()
    }
}

/// The sort key of a search, as the statements take it.
#[derive(Debug, Default)]
pub(super) struct SortKey {
    pub(super) column: &'static str,
    pub(super) attribute: Option<String>,
    pub(super) default: Option<String>,
    pub(super) values: Option<String>,
}

impl SortKey {
    pub(super) fn new(sort: &Sort) -> Self {
        let by = |column| Self { column, ..Self::default() };
        match sort {
            Sort::CreatedAt => by("created_at"),
            Sort::UpdatedAt => by("updated_at"),
            Sort::Title => by("title"),
            Sort::Completed => by("completed"),
            Sort::Attribute { name, default, values } => Self {
                column: "attribute",
                attribute: Some(name.clone()),
                default: Some(default.to_string()),
                values: Some(json!(values).to_string()),
            },
        }
    }
}
