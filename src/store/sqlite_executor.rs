//! An executor for SQLite that reads every result to its end.

use rocket::futures::future::BoxFuture;
use rocket::futures::stream::BoxStream;
use rocket::futures::{StreamExt, TryStreamExt};
use sqlx::sqlite::{SqliteQueryResult, SqliteRow, SqliteStatement, SqliteTypeInfo};
use sqlx::{Either, Execute, Executor, SqlStr, Sqlite, SqliteConnection};

/// Reads every result to its end.
///
/// SQLite commits a statement with `RETURNING` when its last row has been read. sqlx's own `fetch_optional` and `fetch_one` stop after the
/// first row: the statement is then reset, which commits as well, but sqlx discards the error of a reset. A full disk would go unnoticed.
#[derive(Debug)]
pub(crate) struct ToEnd<'c>(pub(super) &'c mut SqliteConnection);

impl<'c> Executor<'c> for ToEnd<'c> {
    type Database = Sqlite;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<SqliteQueryResult, SqliteRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        self.0.fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<SqliteRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Sqlite>,
    {
        let rows = self.0.fetch_many(query).try_filter_map(async |step| Ok(step.right()));
        Box::pin(async move {
            let mut rows = rows.boxed();
            let mut first = None;
            while let Some(row) = rows.try_next().await? {
                first.get_or_insert(row);
            }
            Ok(first)
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [SqliteTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<SqliteStatement>>
    where
        'c: 'e,
    {
        self.0.prepare_with(sql, parameters)
    }
}

/// Executes statements that have neither parameters nor rows.
pub(super) async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> sqlx::Result<()> {
    sqlx::query(sql).execute(ToEnd(connection)).await.map(drop)
}
