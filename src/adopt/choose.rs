//! Finds the table of the tasks.

use super::catalogue::Table;
use super::fields::{Field, normalized};
use super::finding::Finding;
use super::options::Choices;

/// Names of the table, the likeliest first.
const NAMES: [&str; 8] =
    ["tasks", "task", "todos", "todo", "todo_items", "todo_item", "task_items", "task_item"];

/// Fields without which a table is no table of tasks.
const REQUIRED: [Field; 4] = [Field::Id, Field::UserId, Field::Title, Field::Completed];

/// The table, and why it was taken.
#[derive(Debug)]
pub(super) struct Chosen<'a> {
    pub(super) table: &'a Table,
    pub(super) reason: String,
    /// What the operator must know of the choice.
    pub(super) finding: Option<Finding>,
}

/// The table of the tasks: the one that the operator names, or else the one whose name and columns are those of tasks. A table that this
/// server has created itself counts only if there is no other.
pub(super) fn choose<'a>(tables: &'a [Table], choices: &Choices) -> Result<Chosen<'a>, Finding> {
    if let Some(wanted) = &choices.table {
        let found: Vec<&Table> = tables.iter().filter(|table| is_named(table, wanted)).collect();
        return match found.as_slice() {
            [table] => Ok(Chosen { table, reason: "named by --table".to_owned(), finding: None }),
            [] => Err(Finding::blocker(format!("there is no table {wanted}; {}", list(tables)))),
            several => Err(Finding::blocker(format!(
                "several schemas have a table {wanted}; write {}",
                arguments(several)
            ))),
        };
    }
    let mut suitable: Vec<&Table> = tables.iter().filter(|table| has_required(table)).collect();
    if suitable.iter().any(|table| !table.is_own) {
        suitable.retain(|table| !table.is_own);
    }
    let position = |table: &Table| {
        let name = normalized(table.name.name.plain());
        NAMES.iter().position(|it| normalized(it) == name)
    };
    let best = suitable.iter().filter_map(|table| position(table)).min();
    let named: Vec<&Table> =
        suitable.iter().copied().filter(|it| best.is_some() && position(it) == best).collect();
    match (named.as_slice(), suitable.as_slice()) {
        ([table], [_]) => {
            let reason = "the only table with an id, a user, a title and a completion, and its name is usual";
            Ok(Chosen { table, reason: reason.to_owned(), finding: None })
        }
        ([table], all) => {
            let others: Vec<&Table> = all.iter().copied().filter(|it| it.oid != table.oid).collect();
            let finding = Finding::warning(format!(
                "other tables look like tasks as well; if the tasks are not in {}, write {}",
                table.name.plain(),
                arguments(&others)
            ));
            let reason =
                "of the tables with an id, a user, a title and a completion, its name is the most usual";
            Ok(Chosen { table, reason: reason.to_owned(), finding: Some(finding) })
        }
        ([], [table]) => {
            let reason = "the only table with an id, a user, a title and a completion";
            Ok(Chosen { table, reason: reason.to_owned(), finding: None })
        }
        ([], []) => Err(Finding::blocker(format!(
            "no table has columns for an id, a user, a title and a completion; name it with --table and its columns with --column; {}",
            list(tables)
        ))),
        ([], several) | (several, _) => Err(Finding::blocker(format!(
            "several tables could hold the tasks; write {}",
            arguments(several)
        ))),
    }
}

/// The arguments that name these tables.
fn arguments(tables: &[&Table]) -> String {
    let arguments: Vec<String> = tables.iter().map(|it| format!("--table {}", it.name.plain())).collect();
    arguments.join(" or ")
}

fn is_named(table: &Table, wanted: &str) -> bool {
    table.name.plain() == wanted || table.name.name.plain() == wanted
}

fn has_required(table: &Table) -> bool {
    REQUIRED.iter().all(|field| field.find(table).is_some_and(|column| field.accepts(column)))
}

fn list(tables: &[Table]) -> String {
    if tables.is_empty() {
        return "the role sees no table".to_owned();
    }
    let names: Vec<String> = tables.iter().take(20).map(|it| it.name.plain()).collect();
    format!("the tables are {}", names.join(", "))
}
