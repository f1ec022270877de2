//! Applies a plan.

use std::time::Instant;

use sqlx::PgConnection;

use super::error::AdoptError;
use super::locks::{self, HeldLock, run_in_transaction};
use super::plan::Plan;
use super::{indexes, numbers};

/// What a run has done.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) lines: Vec<String>,
    pub(super) locks: Vec<HeldLock>,
}

/// Creates the view, and before it the numbers of ids that are no integers. With an observer it creates the indexes as well.
pub(super) async fn apply(
    connection: &mut PgConnection,
    plan: &Plan,
    observer: Option<&mut PgConnection>,
) -> Result<Done, AdoptError> {
    let mut done = Done::default();
    let Some(mapping) = &plan.mapping else { return Ok(done) };
    let table = mapping.table.plain();
    if !plan.number.is_empty() {
        done.locks.extend(run_in_transaction(connection, locks::NUMBER, &plan.number).await?);
        let began = Instant::now();
        let (rows, lock) = numbers::fill(connection, mapping).await?;
        done.lines.push(format!("{rows} rows got a number in {:.1} s", began.elapsed().as_secs_f64()));
        done.locks.push(lock);
    }
    let began = Instant::now();
    done.locks.extend(run_in_transaction(connection, locks::CREATE, &plan.create).await?);
    let milliseconds = began.elapsed().as_millis();
    done.lines.push(format!(
        "created todo_api.tasks over {table} in one transaction of {milliseconds} ms; no row was changed"
    ));
    if let Some(observer) = observer.filter(|_| !plan.indexes.is_empty()) {
        let began = Instant::now();
        done.locks.extend(indexes::create(connection, observer, &plan.indexes).await?);
        let seconds = began.elapsed().as_secs_f64();
        done.lines.push(format!("created the index {} in {seconds:.1} s", indexes::NAME));
    }
    Ok(done)
}
