//! The report of a run, as text and as JSON.

use std::fmt;

use serde::Serialize;

use super::apply::Done;
use super::indexes::IndexStatement;
use super::locks::HeldLock;
use super::plan::{Plan, Verdict};
use super::statement::Sql;

/// What a run found and did.
#[derive(Debug, Serialize)]
pub struct Report {
    #[serde(flatten)]
    content: Content,
    /// What was changed. Empty in a dry run.
    done: Vec<String>,
    /// The locks that were taken on tables of the other program.
    held_locks: Vec<HeldLock>,
    #[serde(skip)]
    exit_status: u8,
    #[serde(skip)]
    summary: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "action")]
enum Content {
    Plan {
        verdict: Verdict,
        #[serde(flatten)]
        plan: Box<Plan>,
    },
    Revert,
    Settle,
}

/// Exit status if the table cannot be adopted.
const BLOCKED: u8 = 3;
/// Exit status of a dry run with warnings.
const WARNINGS: u8 = 4;

impl Report {
    /// The plan, and what of it was done. A run that has applied it is a success also with warnings.
    pub(super) fn plan(plan: Plan, done: Done) -> Self {
        let verdict = plan.verdict();
        let (exit_status, summary) = match verdict {
            Verdict::Blocked => (BLOCKED, Some("the database cannot be adopted; see the blockers above")),
            Verdict::ReadyWithWarnings if done.lines.is_empty() => {
                (WARNINGS, Some("the database can be adopted; read the warnings above first"))
            }
            Verdict::ReadyWithWarnings | Verdict::Ready => (0, None),
        };
        let content = Content::Plan { verdict, plan: Box::new(plan) };
        Self::new(content, done, exit_status, summary)
    }

    pub(super) fn revert(done: Done) -> Self {
        Self::new(Content::Revert, done, 0, None)
    }

    pub(super) fn settle(done: Done) -> Self {
        Self::new(Content::Settle, done, 0, None)
    }

    fn new(content: Content, done: Done, exit_status: u8, summary: Option<&str>) -> Self {
        let Done { lines, locks } = done;
        Self { content, done: lines, held_locks: locks, exit_status, summary: summary.map(str::to_owned) }
    }

    /// The exit status and a line for stderr, if the run is no success.
    #[must_use]
    pub fn failure(&self) -> Option<(u8, &str)> {
        self.summary.as_deref().map(|summary| (self.exit_status, summary))
    }

    /// The report as JSON.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Content::Plan { verdict, plan } = &self.content {
            write_plan(f, plan, *verdict, self.done.is_empty())?;
        }
        for line in &self.done {
            writeln!(f, "{line}")?;
        }
        for lock in &self.held_locks {
            writeln!(f, "{lock}")?;
        }
        Ok(())
    }
}

fn write_plan(f: &mut fmt::Formatter<'_>, plan: &Plan, verdict: Verdict, is_dry: bool) -> fmt::Result {
    let database = &plan.database;
    writeln!(
        f,
        "Database {} (PostgreSQL {}), as the role {}",
        database.name, database.version, database.role
    )?;
    if let Some(table) = &plan.table {
        writeln!(f, "\nTable {} with {} rows: {}", table.name, table.rows, table.reason)?;
        let width = |text: fn(&super::plan::PlannedColumn) -> &str| {
            table.columns.iter().map(|it| text(it).chars().count()).max().unwrap_or_default()
        };
        let (names, types) = (width(|it| &it.name), width(|it| &it.declared_type));
        for it in &table.columns {
            writeln!(f, "  {:names$}  {:types$}  {}", it.name, it.declared_type, it.becomes)?;
        }
    }
    if !plan.findings.is_empty() {
        writeln!(f, "\nFindings")?;
        let mut findings: Vec<_> = plan.findings.iter().collect();
        findings.sort_by_key(|it| it.level);
        for finding in findings {
            writeln!(f, "  {finding}")?;
        }
    }
    if is_dry && verdict != Verdict::Blocked {
        write_statements(
            f,
            "Statements of --apply, before old rows get their numbers, in one transaction",
            &plan.number,
        )?;
        write_statements(f, "Statements of --apply, in one transaction", &plan.create)?;
        write_statements(
            f,
            "Statements of --apply --indexes, each by itself",
            plan.indexes.iter().map(IndexStatement::sql),
        )?;
        writeln!(f, "\nLocks of --apply --indexes on tables of the other program")?;
        for lock in &plan.locks {
            writeln!(f, "  {lock}")?;
        }
    }
    if verdict != Verdict::Blocked {
        writeln!(f, "\nAfterwards")?;
        for line in &plan.afterwards {
            writeln!(f, "  {line}")?;
        }
    }
    let verdict = match verdict {
        Verdict::Ready => "the database can be adopted",
        Verdict::ReadyWithWarnings => "the database can be adopted, with the warnings above",
        Verdict::Blocked => "the database cannot be adopted until the blockers above are gone",
    };
    let changed = if is_dry { "; nothing was changed" } else { "" };
    writeln!(f, "\nVerdict: {verdict}{changed}")
}

fn write_statements<'a>(
    f: &mut fmt::Formatter<'_>,
    heading: &str,
    statements: impl IntoIterator<Item = &'a Sql>,
) -> fmt::Result {
    let mut statements = statements.into_iter().peekable();
    if statements.peek().is_some() {
        writeln!(f, "\n{heading}")?;
    }
    for statement in statements {
        writeln!(f, "  {};", statement.text().replace('\n', "\n  "))?;
    }
    Ok(())
}
