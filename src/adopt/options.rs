//! The arguments of the command.

use std::str::FromStr;

use clap::{ArgGroup, Args};
use serde::{Deserialize, Serialize};

use super::fields::Field;

/// Arguments of `todo-api adopt`.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate flag")]
#[command(group = ArgGroup::new("action").args(["apply", "revert", "settle"]))]
pub struct AdoptArguments {
    /// Create a view of the tasks in a schema of its own; without it nothing is changed
    #[arg(long)]
    pub(super) apply: bool,
    /// Drop everything that --apply has created
    #[arg(long)]
    pub(super) revert: bool,
    /// Copy the tasks into a table of this server and keep the old table under another name
    #[arg(long)]
    pub(super) settle: bool,
    /// With --apply, also create the indexes that the plan recommends, without blocking writes
    #[arg(long, requires = "apply")]
    pub(super) indexes: bool,
    /// Role of the server, which gets its rights and the search path to the view
    #[arg(long, conflicts_with_all = ["revert", "settle"])]
    pub(super) role: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) choices: Choices,
}

impl AdoptArguments {
    /// Whether the report is printed as JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }
}

/// What the operator decides about the table. Stored in the database, so that a later `--apply` without arguments decides the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choices {
    /// Table of the tasks, as NAME or SCHEMA.NAME
    #[arg(long, value_name = "TABLE")]
    pub(super) table: Option<String>,
    /// Column of a field, for example title=name (repeatable)
    #[arg(long = "column", value_name = "FIELD=COLUMN")]
    pub(super) columns: Vec<FieldColumn>,
    /// Value of another column in new tasks, for example priority=3 (repeatable)
    #[arg(long = "set", value_name = "COLUMN=VALUE")]
    pub(super) values: Vec<ColumnValue>,
    /// Value of the status of completed tasks; the first is written (repeatable)
    #[arg(long, value_name = "STATUS")]
    pub(super) done: Vec<String>,
    /// Value of the status that is written when a task is not completed
    #[arg(long, value_name = "STATUS")]
    pub(super) open: Option<String>,
    /// Delete rows although the table has a column for soft deletion
    #[arg(long)]
    pub(super) hard_delete: bool,
}

/// The column of a field: `title=name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct FieldColumn {
    pub(super) field: Field,
    pub(super) column: String,
}

impl FromStr for FieldColumn {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (field, column) = text.split_once('=').ok_or("write FIELD=COLUMN, for example title=name")?;
        Ok(Self { field: field.parse()?, column: column.to_owned() })
    }
}

impl TryFrom<String> for FieldColumn {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<FieldColumn> for String {
    fn from(it: FieldColumn) -> Self {
        format!("{}={}", it.field.name(), it.column)
    }
}

/// The value of a column in new tasks: `priority=3`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ColumnValue {
    pub(super) column: String,
    pub(super) value: String,
}

impl FromStr for ColumnValue {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let (column, value) = text.split_once('=').ok_or("write COLUMN=VALUE, for example priority=3")?;
        if column.is_empty() {
            return Err("names no column; write COLUMN=VALUE, for example priority=3");
        }
        Ok(Self { column: column.to_owned(), value: value.to_owned() })
    }
}
