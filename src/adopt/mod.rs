//! The command `adopt`: serves the tasks of another program's PostgreSQL database without moving a row.
//!
//! A schema of its own, `todo_api`, has a view called `tasks` over their table. The statements of [`crate::store`] find it by the search
//! path and do not know the difference (ADR 19). A dry run plans and prints, `--apply` creates, `--revert` drops, and `--settle` copies
//! the tasks into a table of this server.

mod apply;
mod attributes;
mod catalogue;
mod choose;
mod constraints;
mod database;
mod describe;
mod error;
mod fields;
mod finding;
mod indexes;
mod locks;
mod mapping;
mod names;
mod numbers;
mod options;
mod partitions;
mod plan;
mod progress;
mod record;
mod report;
mod resolve;
mod revert;
mod rows;
mod settle;
mod statement;
mod status;
mod surroundings;
mod view;

pub use error::AdoptError;
pub use options::AdoptArguments;
pub use report::Report;

use sqlx::PgConnection;

use crate::config::DatabaseUrl;
use database::{Adoption, Database, SchemaState};
use options::Choices;
use plan::Verdict;

/// Runs the command on this database.
pub async fn adopt(url: &DatabaseUrl, arguments: &AdoptArguments) -> Result<Report, AdoptError> {
    let (mut connection, mut database) = database::connect(url).await?;
    if arguments.apply || arguments.revert || arguments.settle {
        database::lock(&mut connection).await?;
        // Another run may have changed it while this run waited.
        database.state = database::read_state(&mut connection).await?;
    } else {
        database::forbid_changes(&mut connection).await?;
    }
    if arguments.revert {
        return Ok(Report::revert(revert::revert(&mut connection, &database).await?));
    }
    if arguments.settle {
        return Ok(Report::settle(settle::settle(&mut connection, database).await?));
    }
    let mut observer = if arguments.indexes { Some(database::connect(url).await?.0) } else { None };
    plan_and_apply(&mut connection, observer.as_mut(), database, arguments).await
}

async fn plan_and_apply(
    connection: &mut PgConnection,
    observer: Option<&mut PgConnection>,
    database: Database,
    arguments: &AdoptArguments,
) -> Result<Report, AdoptError> {
    let stored = stored(&database);
    let has_choices = arguments.choices != Choices::default();
    let choices = match &stored {
        Some(adoption) if !has_choices => adoption.choices.clone(),
        _ => arguments.choices.clone(),
    };
    let role = arguments.role.clone().or_else(|| stored.and_then(|it| it.role));
    let plan = plan::make(connection, database, &choices, role.as_deref()).await?;
    if !arguments.apply || plan.verdict() == Verdict::Blocked {
        return Ok(Report::plan(plan, apply::Done::default()));
    }
    let done = apply::apply(connection, &plan, observer).await?;
    Ok(Report::plan(plan, done))
}

/// The adoption of the database, if there is one.
fn stored(database: &Database) -> Option<Adoption> {
    match &database.state {
        SchemaState::Adopted(adoption) | SchemaState::Begun(adoption) => Some(adoption.clone()),
        SchemaState::Absent | SchemaState::Own | SchemaState::Foreign => None,
    }
}
