//! What the rows of a table say: which of them the API cannot show as its contract has it. Only reads.

use sqlx::PgConnection;

use super::catalogue::{Column, Kind, Table};
use super::error::AdoptError;
use super::finding::{Finding, Level};
use super::mapping::{IdKind, Mapping};
use super::statement::Sql;
use super::status::StatusCounts;

/// The number of ids that a finding shows.
const SHOWN_IDS: usize = 10;

/// A property of rows.
struct Check {
    level: Level,
    condition: String,
    /// Follows the number of rows.
    text: String,
}

/// How many rows have each word of a status. Only columns of words have one.
pub(super) async fn read_statuses(
    connection: &mut PgConnection,
    table: &Table,
    column: &Column,
) -> Result<Option<StatusCounts>, AdoptError> {
    if !matches!(column.kind, Kind::Text | Kind::Enum(_)) {
        return Ok(None);
    }
    let query = format!(
        "SELECT {column}::text, count(*) FROM {table} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50",
        column = column.name,
        table = table.name
    );
    Ok(Some(Sql::new(query).fetch_all(connection).await?))
}

/// Reads the table once, and once more for the ids of each property that rows have. Returns the number of rows as well.
pub(super) async fn examine(
    connection: &mut PgConnection,
    mapping: &Mapping,
) -> Result<(i64, Vec<Finding>), AdoptError> {
    let checks = checks(mapping);
    let counts: Vec<String> =
        checks.iter().map(|it| format!("count(*) FILTER (WHERE {})", it.condition)).collect();
    let query = format!("SELECT ARRAY[count(*), {}]::int8[] FROM {} AS t", counts.join(", "), mapping.table);
    let (counts,): (Vec<i64>,) = Sql::new(query).fetch_one(&mut *connection).await?;
    let (total, counts) = counts.split_first().map_or((0, &[][..]), |(total, counts)| (*total, counts));
    let mut findings = Vec::new();
    for (check, rows) in checks.into_iter().zip(counts).filter(|(_, rows)| **rows > 0) {
        let text =
            format!("{} {}{}", count(*rows), check.text, ids(connection, mapping, &check, *rows).await?);
        findings.push(Finding { level: check.level, text });
    }
    Ok((total, findings))
}

async fn ids(
    connection: &mut PgConnection,
    mapping: &Mapping,
    check: &Check,
    rows: i64,
) -> Result<String, AdoptError> {
    if check.level == Level::Note {
        return Ok(String::new());
    }
    let query = format!(
        "SELECT t.{id}::text FROM {table} AS t WHERE {condition} ORDER BY t.{id} LIMIT {SHOWN_IDS}",
        id = mapping.id.column,
        table = mapping.table,
        condition = check.condition
    );
    let ids: Vec<(String,)> = Sql::new(query).fetch_all(connection).await?;
    let shown: Vec<&str> = ids.iter().map(|it| it.0.as_str()).collect();
    let more = if i64::try_from(shown.len()).is_ok_and(|it| it < rows) { ", …" } else { "" };
    Ok(format!(" (ids {}{more})", shown.join(", ")))
}

fn count(rows: i64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn checks(mapping: &Mapping) -> Vec<Check> {
    let (title, description) = (&mapping.title.column, &mapping.description.column);
    let user = &mapping.user_id.column;
    let mut checks = vec![
        warning(
            format!("coalesce(btrim(t.{title}::text), '') = ''"),
            "with a blank title; clients see it, and cannot send it back unchanged",
        ),
        warning(
            format!("char_length(t.{title}::text) > 200"),
            "with a title of more than 200 characters; clients see it, and cannot send it back unchanged unless tasks.title_limit allows it (at most 500)",
        ),
        warning(
            format!("char_length(t.{description}::text) > 1000"),
            "with a description of more than 1,000 characters; clients see it, and cannot send it back unchanged unless tasks.description_limit allows it (at most 10000)",
        ),
        warning(
            format!("t.{user} IS NULL OR char_length(t.{user}::text) NOT BETWEEN 1 AND 255"),
            "without a user, or with a user id that no token has; no client sees them",
        ),
    ];
    if let IdKind::Integer = mapping.id.kind {
        checks.push(warning(
            format!("t.{} < 1", mapping.id.column),
            "with an id below 1; no client can name them",
        ));
    }
    for time in [&mapping.created_at, &mapping.updated_at].into_iter().flatten() {
        let column = &time.column;
        checks.push(Check {
            level: Level::Blocker,
            condition: format!("NOT isfinite(t.{column}) OR extract(year FROM t.{column}) NOT BETWEEN 0 AND 9999"),
            text: format!(
                "whose {} is infinite or outside the years 0 to 9999; lists with such a task fail, so correct them first",
                column.plain()
            ),
        });
        checks.push(note(format!("t.{column} IS NULL"), format!("whose {} is null", column.plain())));
    }
    if let Some(deletion) = &mapping.soft_deletion {
        let condition = format!("NOT ({})", deletion.is_present("t."));
        checks.push(note(condition, "deleted softly; no client sees them".to_owned()));
    }
    checks
}

fn warning(condition: String, text: &str) -> Check {
    Check { level: Level::Warning, condition, text: text.to_owned() }
}

fn note(condition: String, text: String) -> Check {
    Check { level: Level::Note, condition, text }
}
