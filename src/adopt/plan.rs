//! The plan of an adoption: everything that a dry run prints, and that `--apply` does.

use serde::Serialize;
use sqlx::PgConnection;

use super::catalogue::{Table, read_tables};
use super::choose::{Chosen, choose};
use super::database::{Database, SchemaState};
use super::error::AdoptError;
use super::fields::Field;
use super::finding::{Finding, Level};
use super::indexes::IndexStatement;
use super::locks::PlannedLock;
use super::mapping::Mapping;
use super::options::Choices;
use super::statement::Sql;
use super::{
    constraints, describe, indexes, locks, numbers, partitions, record, resolve, rows, surroundings, view,
};

/// The plan.
#[derive(Debug, Serialize)]
pub(super) struct Plan {
    pub(super) database: Database,
    pub(super) table: Option<PlannedTable>,
    pub(super) findings: Vec<Finding>,
    /// The statements of the first transaction. Empty if the ids are integers.
    pub(super) number: Vec<Sql>,
    /// The statements of the transaction that creates the view.
    pub(super) create: Vec<Sql>,
    /// The statements for indexes, each by itself.
    pub(super) indexes: Vec<IndexStatement>,
    /// The locks of `--apply --indexes` on their tables.
    pub(super) locks: Vec<PlannedLock>,
    /// What the operator does afterwards.
    pub(super) afterwards: Vec<String>,
    #[serde(skip)]
    pub(super) mapping: Option<Mapping>,
}

/// The table of the tasks, and what becomes of its columns.
#[derive(Debug, Serialize)]
pub(super) struct PlannedTable {
    pub(super) name: String,
    pub(super) reason: String,
    pub(super) rows: i64,
    pub(super) columns: Vec<PlannedColumn>,
}

/// What a column becomes.
#[derive(Debug, Serialize)]
pub(super) struct PlannedColumn {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) declared_type: String,
    pub(super) becomes: String,
}

/// Whether the table can be adopted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Ready,
    ReadyWithWarnings,
    Blocked,
}

impl Plan {
    pub(super) fn verdict(&self) -> Verdict {
        let has = |level| self.findings.iter().any(|it| it.level == level);
        if has(Level::Blocker) {
            Verdict::Blocked
        } else if has(Level::Warning) {
            Verdict::ReadyWithWarnings
        } else {
            Verdict::Ready
        }
    }

    fn blocked(database: Database, findings: Vec<Finding>) -> Self {
        Self {
            database,
            table: None,
            findings,
            number: Vec::new(),
            create: Vec::new(),
            indexes: Vec::new(),
            locks: Vec::new(),
            afterwards: Vec::new(),
            mapping: None,
        }
    }
}

/// Makes the plan. Reads the catalogue and the rows, and changes nothing.
pub(super) async fn make(
    connection: &mut PgConnection,
    database: Database,
    choices: &Choices,
    role: Option<&str>,
) -> Result<Plan, AdoptError> {
    let mut findings = Vec::new();
    if !database.is_supported {
        findings.push(Finding::blocker(format!("PostgreSQL {} is older than 13", database.version)));
    }
    match &database.state {
        SchemaState::Own => {
            findings.push(Finding::blocker("the schema todo_api has this server's own table already"));
        }
        SchemaState::Foreign => {
            findings.push(Finding::blocker("the schema todo_api belongs to another program"));
        }
        SchemaState::Adopted(_) => {
            findings.push(Finding::note("the database is adopted; --apply makes the view anew"));
        }
        SchemaState::Begun(_) => {
            findings.push(Finding::warning("an adoption was interrupted; --apply completes it"));
        }
        SchemaState::Absent => {}
    }
    let tables = read_tables(connection).await?;
    let Chosen { table, reason, finding } = match choose(&tables, choices) {
        Ok(chosen) => chosen,
        Err(finding) => {
            findings.push(finding);
            return Ok(Plan::blocked(database, findings));
        }
    };
    if let SchemaState::Begun(adoption) | SchemaState::Adopted(adoption) = &database.state
        && (adoption.schema != table.name.schema.plain() || adoption.table != table.name.name.plain())
    {
        findings.push(Finding::blocker(format!(
            "the table {}.{} is adopted, and not {}; run adopt --revert first",
            adoption.schema,
            adoption.table,
            table.name.plain()
        )));
    }
    findings.extend(finding);
    findings.extend(check_own_table(table));
    findings.extend(check_role(connection, table, &database, role).await?);
    let can_read = {
        let rights = surroundings::check_rights(connection, &database, table, None).await?;
        rights.is_empty()
            || !rights.iter().any(|it| it.text.contains("SELECT") || it.text.contains("schema "))
    };
    let statuses = match resolve::column_of(table, choices, Field::Completed) {
        Ok(Some(column)) if can_read => rows::read_statuses(connection, table, column).await?,
        _ => None,
    };
    let (mapping, found) = resolve::resolve(table, choices, statuses.as_ref());
    findings.extend(found);
    findings.extend(surroundings::check_rights(connection, &database, table, mapping.as_ref()).await?);
    let mut plan = Plan::blocked(database, findings);
    let Some(mut mapping) = mapping else { return Ok(plan) };
    plan.findings.extend(surroundings::check_timezone(&plan.database, table, &mapping));
    let (constraints, found) = constraints::read(connection, table, &mapping).await?;
    mapping.constraints = constraints;
    plan.findings.extend(found);
    let mut rows = table.estimated_rows;
    if can_read {
        let (total, found) = rows::examine(connection, &mapping).await?;
        rows = total;
        plan.findings.extend(found);
    }
    let existing = surroundings::read_indexes(connection, table).await?;
    let partitions = partitions::read(connection, table).await?;
    let (statements, finding) = indexes::recommend(&mapping, &existing, partitions.as_deref());
    plan.indexes = statements;
    plan.findings.extend(finding);
    plan.findings.extend(describe::notes(&mapping));
    plan.table = Some(PlannedTable {
        name: table.name.plain(),
        reason,
        rows,
        columns: describe::columns(table, &mapping),
    });
    let has_trigger = numbers::has_trigger(connection, table).await?;
    plan.number = numbers::create_statements(&mapping, has_trigger);
    plan.locks = locks::planned(&mapping, !has_trigger);
    plan.locks.extend(plan.indexes.iter().map(IndexStatement::planned_lock));
    let begin = record::begin_statements(&mapping, choices, role)?;
    let view = view::create_statements(&mapping, &plan.database.search_path);
    let end = record::end_statements(&plan.database, role);
    let create = view::drop_statements().into_iter().chain(view).chain(end);
    if plan.number.is_empty() {
        plan.create = begin.into_iter().chain(create).collect();
    } else {
        plan.number.splice(0..0, begin);
        plan.create = create.collect();
    }
    plan.afterwards = describe::afterwards(&plan.database, role);
    plan.mapping = Some(mapping);
    Ok(plan)
}

/// Refuses a table that this server has made itself.
fn check_own_table(table: &Table) -> Option<Finding> {
    let text = || format!("{} is this server's own table; there is nothing to adopt", table.name.plain());
    table.is_own.then(|| Finding::blocker(text()))
}

/// Refuses a role that does not exist, or that their service very likely uses: its names would lead to the view.
async fn check_role(
    connection: &mut PgConnection,
    table: &Table,
    database: &Database,
    role: Option<&str>,
) -> Result<Option<Finding>, AdoptError> {
    let Some(role) = role else { return Ok(None) };
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)")
        .bind(role)
        .fetch_one(connection)
        .await?;
    if !exists {
        return Ok(Some(Finding::blocker(format!(
            "--role: there is no role {role}; create it: CREATE ROLE {} LOGIN PASSWORD '…'",
            super::names::QuotedIdentifier::new(role)
        ))));
    }
    let is_theirs = role == table.owner || role == database.role;
    Ok(is_theirs.then(|| {
        Finding::blocker(format!(
            "--role: {role} owns the table or runs this command, so another program very likely uses it, and its search_path would change for \
             that program as well; create a role for this server"
        ))
    }))
}
