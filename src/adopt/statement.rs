//! SQL that is built at run time, because it names tables and columns of another program. The only such SQL of the crate besides the time
//! limits of `store::session`.

use serde::Serialize;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, SqlSafeStr, SqlStr};

/// A statement. Its text consists of constants, of `Display` of the types in [`super::names`], and of expressions and types that PostgreSQL
/// itself has written (`pg_get_expr`, `format_type`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Sql(String);

impl Sql {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    fn to_sql_str(&self) -> SqlStr {
        sqlx::AssertSqlSafe(self.0.clone()).into_sql_str()
    }

    /// Runs the statement without preparing it. Returns the number of changed rows.
    pub(super) async fn execute(&self, connection: &mut PgConnection) -> sqlx::Result<u64> {
        Ok(sqlx::raw_sql(self.to_sql_str()).execute(connection).await?.rows_affected())
    }

    /// Runs a query and returns its rows.
    pub(super) async fn fetch_all<T>(&self, connection: &mut PgConnection) -> sqlx::Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        sqlx::query_as(self.to_sql_str()).persistent(false).fetch_all(connection).await
    }

    /// Runs a query that returns a single row.
    pub(super) async fn fetch_one<T>(&self, connection: &mut PgConnection) -> sqlx::Result<T>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        sqlx::query_as(self.to_sql_str()).persistent(false).fetch_one(connection).await
    }
}
