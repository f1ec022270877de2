//! The completion of a task in a column of another program: a boolean, a time, or a status of words.

use super::catalogue::{Column, Kind};
use super::finding::Finding;
use super::mapping::Completed;
use super::options::Choices;

/// How many rows have each status, the most frequent first.
pub(super) type StatusCounts = Vec<(Option<String>, i64)>;

/// Words of a completed task, the likeliest first. Compared without case.
const DONE: [&str; 8] = ["completed", "complete", "done", "finished", "closed", "resolved", "archived", "1"];

/// Words of a task that is not begun, the likeliest first.
const OPEN: [&str; 12] = [
    "pending",
    "todo",
    "to_do",
    "to-do",
    "open",
    "new",
    "incomplete",
    "not_started",
    "active",
    "backlog",
    "created",
    "0",
];

/// The completion, if the column can hold it.
pub(super) fn completed(
    column: &Column,
    choices: &Choices,
    statuses: Option<&StatusCounts>,
    findings: &mut Vec<Finding>,
) -> Option<Completed> {
    let name = column.name.clone();
    match &column.kind {
        Kind::Boolean => Some(Completed::Boolean { column: name, is_nullable: column.is_nullable }),
        Kind::Timestamp { .. } if !column.is_nullable => {
            findings.push(Finding::blocker(format!(
                "completed: {} cannot be null, so no task could be open",
                column.name.plain()
            )));
            None
        }
        Kind::Timestamp { zoned } => Some(Completed::Moment { column: name, zoned: *zoned }),
        Kind::Enum(labels) => status(column, labels.clone(), true, choices, statuses, findings),
        _ => {
            let seen = statuses.into_iter().flatten().filter_map(|it| it.0.clone()).collect();
            status(column, seen, false, choices, statuses, findings)
        }
    }
}

/// A status of words. `known` are the labels of the enum, or the words in the rows.
fn status(
    column: &Column,
    mut known: Vec<String>,
    is_closed: bool,
    choices: &Choices,
    statuses: Option<&StatusCounts>,
    findings: &mut Vec<Finding>,
) -> Option<Completed> {
    let default = column.default.as_deref().and_then(default_word);
    known.extend(default.iter().filter(|word| !known.contains(word)).cloned().collect::<Vec<_>>());
    let name = column.name.plain();
    let done = if choices.done.is_empty() { words(&known, &DONE) } else { choices.done.clone() };
    let is_done = |word: &String| done.contains(word);
    let open = choices.open.clone().or_else(|| default.filter(|word| !is_done(word)));
    let open = open.or_else(|| words(&known, &OPEN).into_iter().next());
    let (done, open) = if is_closed {
        (done, open)
    } else {
        // A column of words takes any word, so that a table without rows can be adopted as well.
        if done.is_empty() || open.is_none() {
            findings.push(Finding::warning(format!(
                "completed: no row and no default of {name} tells the words for completed and open tasks, so 'completed' and 'pending' are taken \
                 where a word is missing; choose with --done and --open"
            )));
        }
        let done = if done.is_empty() { vec!["completed".to_owned()] } else { done };
        (done, open.or_else(|| Some("pending".to_owned())))
    };
    let (Some(open), false) = (open, done.is_empty()) else {
        let known = known.join(", ");
        findings.push(Finding::blocker(format!(
            "completed: which status of {name} is completed, and which is open? The values are {known}; choose with --done and --open"
        )));
        return None;
    };
    let chosen = done.iter().chain([&open]);
    let unknown: Vec<&String> = chosen.filter(|word| is_closed && !known.contains(word)).collect();
    if let Some(word) = unknown.first() {
        findings.push(Finding::blocker(format!("completed: the type of {name} has no value '{word}'")));
        return None;
    }
    if done.contains(&open) {
        findings.push(Finding::blocker(format!("completed: '{open}' cannot be both completed and open")));
        return None;
    }
    let others: Vec<String> = statuses
        .into_iter()
        .flatten()
        .filter_map(|(word, rows)| Some((word.as_ref()?, rows)))
        .filter(|(word, _)| !done.contains(word) && **word != open)
        .map(|(word, rows)| format!("'{word}' ({rows} rows)"))
        .collect();
    if !others.is_empty() {
        findings.push(Finding::warning(format!(
            "completed: the API knows no other status; {} are shown as not completed, and stay as they are until a client completes the task",
            others.join(", ")
        )));
    }
    Some(Completed::Status {
        column: column.name.clone(),
        type_name: column.type_name.clone(),
        done,
        open,
        is_nullable: column.is_nullable,
    })
}

/// The known words that are in the list, in the order of the list.
fn words(known: &[String], list: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for word in list {
        found.extend(known.iter().filter(|it| it.eq_ignore_ascii_case(word)).cloned());
    }
    found
}

/// The word of a default such as `'pending'::text`.
fn default_word(expression: &str) -> Option<String> {
    let (word, rest) = expression.strip_prefix('\'')?.split_once('\'')?;
    (!rest.starts_with('\'')).then(|| word.to_owned())
}
