//! Rows of shared statements, and the comparison by which a row reaches a caller.

use rocket::futures::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};

use super::lanes::BatchError;
use crate::error::ApiError;
use crate::store::error::is_connection_lost;
use crate::store::pool::{EngineLease, Pool, Released, Retry, Work};

/// The columns `id` and `user_id`, in the order of `columns!`.
const ID: usize = 0;
const USER_ID: usize = 1;

/// The column after those of `columns!`: the position of the request, from 1.
const POSITION: usize = 8;

/// A row that belongs to no request yet.
///
/// The tenant wall of shared statements: the columns of a row are readable only through [`SharedRow::claim`].
#[derive(Debug)]
pub(super) struct SharedRow(PgRow);

impl SharedRow {
    /// The row, if it belongs to the user and, where an id is given, is the task with this id.
    pub(super) fn claim(&self, user: &str, id: Option<i64>) -> Option<&PgRow> {
        self.belongs_to(user, id).then_some(&self.0)
    }

    /// As [`SharedRow::claim`], for a caller that keeps the row.
    pub(super) fn into_claimed(self, user: &str) -> Option<PgRow> {
        self.belongs_to(user, None).then_some(self.0)
    }

    fn belongs_to(&self, user: &str, id: Option<i64>) -> bool {
        self.bytes(USER_ID) == Some(user.as_bytes()) && id.is_none_or(|id| self.number(ID) == Some(id))
    }

    /// The id of the task, for an order.
    pub(super) fn id(&self) -> Option<i64> {
        self.number(ID)
    }

    /// The position of the request in the batch, from 0. A hint only: [`SharedRow::claim`] decides.
    pub(super) fn position(&self) -> Option<usize> {
        usize::try_from(self.number(POSITION)?.checked_sub(1)?).ok()
    }

    /// A `bigint`, or an `integer`: the id of an adopted table.
    fn number(&self, column: usize) -> Option<i64> {
        let bytes = self.bytes(column)?;
        let short = || bytes.try_into().ok().map(i32::from_be_bytes).map(i64::from);
        bytes.try_into().ok().map(i64::from_be_bytes).or_else(short)
    }

    /// The bytes of a column in PostgreSQL's [binary format](https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-FORMAT-CODES):
    /// of a text its UTF-8, of a number its bytes in network order. To decode them by type would cost more than the comparison.
    fn bytes(&self, column: usize) -> Option<&[u8]> {
        self.0.try_get_raw(column).ok()?.as_bytes().ok()
    }
}

/// Runs a shared statement within `query_timeout`, and visits its rows.
///
/// Not by `run!`, whose error does not tell whether PostgreSQL has rejected the statement.
pub(super) async fn run_shared(
    pool: &Pool,
    work: Work,
    query: Query<'_, Postgres, PgArguments>,
    mut visit: impl FnMut(SharedRow) + Send,
) -> Result<(), BatchError> {
    let mut connection = pool.acquire(work).await.map_err(BatchError::Failed)?;
    // Cannot fail: `BatchedPool` has no batches on SQLite.
    let EngineLease::Postgres(lease) = &mut connection.lease else {
        return Err(BatchError::Rejected);
    };
    let time_limit = lease.time_limit(pool.query_timeout());
    let statement = async {
        // The batch does not run again. Its requests run alone.
        lease.begin_if_needed(work, Retry::Never).await?;
        let query = query.persistent(lease.is_persistent());
        let visit_rows = async {
            let mut rows = query.fetch(lease.executor());
            while let Some(row) = rows.try_next().await? {
                visit(SharedRow(row));
            }
            Ok(())
        };
        let result = visit_rows.await;
        lease.end_transaction(result).await
    };
    let outcome = time_limit.enforce(statement).await;
    let is_rejected = matches!(&outcome, Ok(Err(error)) if is_rejection(error));
    match connection.release(outcome, Retry::Never).await {
        Released::Done(Ok(())) => Ok(()),
        Released::Done(Err(error)) if !is_rejected => Err(BatchError::Failed(error)),
        // With `Retry::Never` no statement must run again.
        Released::Done(Err(_)) | Released::RunAgain => Err(BatchError::Rejected),
    }
}

/// Whether PostgreSQL has rejected the statement, or has cancelled it at its time limit, so that none of it is stored.
fn is_rejection(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(_)) && !is_connection_lost(error)
}

/// The task of a claimed row.
pub(super) fn decode<'r, T: sqlx::FromRow<'r, PgRow>>(row: &'r PgRow) -> Result<T, ApiError> {
    T::from_row(row).map_err(ApiError::from)
}
