//! Finds the table of the tasks.

use super::catalogue::Table;
use super::fields::Field;
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
}

/// The table of the tasks: the one that the operator names, or else the only one whose name and columns are those of tasks.
pub(super) fn choose<'a>(tables: &'a [Table], choices: &Choices) -> Result<Chosen<'a>, Finding> {
    if let Some(wanted) = &choices.table {
        let found: Vec<&Table> = tables.iter().filter(|table| is_named(table, wanted)).collect();
        return match found.as_slice() {
            [table] => Ok(Chosen { table, reason: "named by --table".to_owned() }),
            [] => Err(Finding::blocker(format!("there is no table {wanted}; {}", list(tables)))),
            several => Err(Finding::blocker(format!(
                "several schemas have a table {wanted}; write --table {}",
                several.iter().map(|it| it.name.plain()).collect::<Vec<_>>().join(" or --table ")
            ))),
        };
    }
    let suitable: Vec<&Table> = tables.iter().filter(|table| has_required(table)).collect();
    let position = |table: &Table| NAMES.iter().position(|name| *name == table.name.name.plain());
    let best = suitable.iter().filter_map(|table| position(table)).min();
    let named: Vec<&Table> =
        suitable.iter().copied().filter(|it| best.is_some() && position(it) == best).collect();
    match (named.as_slice(), suitable.as_slice()) {
        ([table], [_]) => {
            let reason = "the only table with an id, a user, a title and a completion, and its name is usual";
            Ok(Chosen { table, reason: reason.to_owned() })
        }
        ([table], others) => {
            let others: Vec<String> =
                others.iter().filter(|it| it.oid != table.oid).map(|it| it.name.plain()).collect();
            let reason = format!("its name is the most usual; also possible: {}", others.join(", "));
            Ok(Chosen { table, reason })
        }
        ([], [table]) => {
            let reason = "the only table with an id, a user, a title and a completion";
            Ok(Chosen { table, reason: reason.to_owned() })
        }
        ([], []) => Err(Finding::blocker(format!(
            "no table has columns for an id, a user, a title and a completion; name it with --table and its columns with --column; {}",
            list(tables)
        ))),
        ([], several) | (several, _) => Err(Finding::blocker(format!(
            "several tables could hold the tasks; write --table {}",
            several.iter().map(|it| it.name.plain()).collect::<Vec<_>>().join(" or --table ")
        ))),
    }
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
