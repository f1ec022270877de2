//! Tasks by their ids, for several callers.

use super::lanes::{BatchError, Served, SharedStatement};
use super::rows::{SharedRow, decode, run_shared};
use crate::error::ApiError;
use crate::store::pool::{Pool, Work};
use crate::store::sql;
use crate::task::Task;

/// Gets a task for each request.
#[derive(Debug)]
pub(in crate::store) struct GetMany;

/// A task that a user asks for.
#[derive(Debug)]
pub(in crate::store) struct GetRequest {
    pub(in crate::store) user: String,
    pub(in crate::store) id: i64,
}

impl SharedStatement for GetMany {
    type Request = GetRequest;
    type Response = Option<Task>;

    const KIND: &'static str = "get";
    const MAX_SIZE: usize = 128;

    async fn run(&self, pool: &Pool, requests: &[GetRequest]) -> Result<Served<Option<Task>>, BatchError> {
        let ids: Vec<i64> = requests.iter().map(|request| request.id).collect();
        let users: Vec<&str> = requests.iter().map(|request| request.user.as_str()).collect();
        let mut responses: Vec<GetResponse> = requests.iter().map(|_| Ok(None)).collect();
        let mut unclaimed_rows = 0;
        let select = sqlx::query(sql::GET_MANY).bind(ids).bind(users);
        run_shared(pool, Work::Read, select, |row| {
            if assign(&row, requests, &mut responses).is_none() {
                unclaimed_rows += 1;
            }
        })
        .await?;
        Ok(Served { responses, unclaimed_rows })
    }
}

type GetResponse = Result<Option<Task>, ApiError>;

/// Gives the row to its request. `None` if it belongs to no request.
fn assign(row: &SharedRow, requests: &[GetRequest], responses: &mut [GetResponse]) -> Option<()> {
    let position = row.position()?;
    let (request, response) = (requests.get(position)?, responses.get_mut(position)?);
    let row = row.claim(&request.user, Some(request.id))?;
    *response = decode(row).map(Some);
    Some(())
}
