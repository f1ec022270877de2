//! The first parts of several lists. Most lists have no further part.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::lanes::{BatchError, Served, SharedStatement};
use super::rows::{SharedRow, run_shared};
use crate::store::pool::{Pool, Work};
use crate::store::sql;
use crate::task::Order;

/// The size at which the rows of a list are complete, in bytes. Many clients may list long tasks at the same time. The JSON of a batch has
/// the same limit, and is larger than its rows.
const MAX_BYTES: usize = 256 * 1024;

/// The columns `description` and `attributes`, in the order of `columns!`.
const LONG_COLUMNS: [usize; 2] = [3, 7];

/// What a row is taken to need besides its long columns, in bytes.
const OTHER_COLUMNS: usize = 256;

/// Reads the first tasks of a list for each request.
#[derive(Debug)]
pub(in crate::store) struct ListMany(pub(super) Order);

/// The start of a list of a user.
#[derive(Debug)]
pub(in crate::store) struct ListRequest {
    pub(in crate::store) user: String,
    pub(in crate::store) completed: Option<bool>,
    pub(in crate::store) limit: i64,
}

/// The first rows of a list.
#[derive(Debug, Default)]
pub(in crate::store) struct ListRows {
    pub(in crate::store) rows: Vec<PgRow>,
    bytes: usize,
    /// Whether the list has rows that have no place here.
    pub(in crate::store) is_cut: bool,
}

impl ListRows {
    fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES
    }

    fn push(&mut self, row: PgRow) {
        let size = |column| row.try_get_raw(column).ok().and_then(|it| it.as_bytes().ok().map(<[u8]>::len));
        self.bytes += OTHER_COLUMNS + LONG_COLUMNS.into_iter().filter_map(size).sum::<usize>();
        self.rows.push(row);
    }
}

impl SharedStatement for ListMany {
    type Request = ListRequest;
    type Response = ListRows;

    const KIND: &'static str = "list";
    const MAX_SIZE: usize = 32;
    /// PostgreSQL reads the next lists while the server decodes these.
    const MIN_LANES: u32 = 2;

    async fn run(&self, pool: &Pool, requests: &[ListRequest]) -> Result<Served<ListRows>, BatchError> {
        let users: Vec<&str> = requests.iter().map(|request| request.user.as_str()).collect();
        let completed: Vec<Option<bool>> = requests.iter().map(|request| request.completed).collect();
        let limits: Vec<i64> = requests.iter().map(|request| request.limit).collect();
        let statement = match self.0 {
            Order::Descending => sql::LIST_MANY_DESCENDING,
            Order::Ascending => sql::LIST_MANY_ASCENDING,
        };
        let mut lists: Vec<_> = requests.iter().map(|_| ListRows::default()).collect();
        let mut unclaimed_rows = 0;
        let select = sqlx::query(statement).bind(users).bind(completed).bind(limits);
        run_shared(pool, Work::Read, select, |row| {
            if assign(row, requests, &mut lists).is_none() {
                unclaimed_rows += 1;
            }
        })
        .await?;
        Ok(Served { responses: lists.into_iter().map(Ok).collect(), unclaimed_rows })
    }
}

/// Adds the row to the list of its request. `None` if it belongs to no request.
fn assign(row: SharedRow, requests: &[ListRequest], lists: &mut [ListRows]) -> Option<()> {
    let position = row.position()?;
    let (request, list) = (requests.get(position)?, lists.get_mut(position)?);
    let row = row.into_claimed(&request.user)?;
    if list.is_full() {
        list.is_cut = true;
    } else {
        list.push(row);
    }
    Some(())
}
