//! Query parameters of the task list.

use rocket::async_trait;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

use crate::error::ApiError;
use crate::request::Query;
use crate::task::ListOptions;

/// `?status=&sort=&order=`. Each is optional, and has a fixed set of values.
pub(super) struct ListQuery {
    pub(super) options: ListOptions,
}

#[async_trait]
impl<'r> FromRequest<'r> for ListQuery {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match parse(&Query::from_request(request)) {
            Ok(options) => Outcome::Success(Self { options }),
            Err(message) => Outcome::Error((ApiError::InvalidQuery(message).record(request), ())),
        }
    }
}

fn parse(query: &Query<'_>) -> Result<ListOptions, &'static str> {
    Ok(ListOptions {
        completed: query.status("Invalid status filter: must be 'pending', 'completed', or 'all'")?,
        order: query.order()?,
    })
}
