//! Applies a plan.

use std::time::Instant;

use sqlx::{Connection as _, PgConnection};

use super::error::AdoptError;
use super::plan::Plan;
use super::statement::Sql;
use super::{indexes, numbers};

/// Creates the view, and before it the numbers of ids that are no integers. With an observer it creates the indexes as well. Returns what was
/// done.
pub(super) async fn apply(
    connection: &mut PgConnection,
    plan: &Plan,
    observer: Option<&mut PgConnection>,
) -> Result<Vec<String>, AdoptError> {
    let mut done = Vec::new();
    let Some(mapping) = &plan.mapping else { return Ok(done) };
    if !plan.number.is_empty() {
        run_in_transaction(connection, &plan.number).await?;
        let began = Instant::now();
        let rows = numbers::fill(connection, mapping).await?;
        done.push(format!("{rows} rows got a number in {:.1} s", began.elapsed().as_secs_f64()));
    }
    let began = Instant::now();
    run_in_transaction(connection, &plan.create).await?;
    let milliseconds = began.elapsed().as_millis();
    done.push(format!(
        "created todo_api.tasks over {} in one transaction of {milliseconds} ms; no row was changed",
        mapping.table.plain()
    ));
    if let Some(observer) = observer.filter(|_| !plan.indexes.is_empty()) {
        let began = Instant::now();
        indexes::create(connection, observer, &plan.indexes).await?;
        done.push(format!("created the index {} in {:.1} s", indexes::NAME, began.elapsed().as_secs_f64()));
    }
    Ok(done)
}

/// Runs the statements, all or none.
pub(super) async fn run_in_transaction(
    connection: &mut PgConnection,
    statements: &[Sql],
) -> Result<(), AdoptError> {
    let mut transaction = connection.begin().await?;
    for statement in statements {
        statement.execute(&mut transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}
