//! Tasks by their ids, for several callers.

use super::lanes::{BatchError, Served, SharedStatement};
use super::rows::{decoded, fetch};
use crate::store::pool::Pool;
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
        let mut responses: Vec<_> = requests.iter().map(|_| Ok(None)).collect();
        let mut unclaimed_rows = 0;
        fetch(pool, false, sqlx::query(sql::GET_MANY).bind(ids).bind(users), |row| {
            let request = row.position().and_then(|at| requests.get(at).zip(responses.get_mut(at)));
            let claimed =
                request.and_then(|(it, response)| row.claim(&it.user, Some(it.id)).zip(Some(response)));
            match claimed {
                Some((task, response)) => *response = decoded(task).map(Some),
                None => unclaimed_rows += 1,
            }
        })
        .await?;
        Ok(Served { responses, unclaimed_rows })
    }
}
