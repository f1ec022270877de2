//! The query of the list.

use rocket::async_trait;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

use crate::error::ApiError;
use crate::request::Query;
use crate::task::Filter;

/// `?status=&sort=&order=`: each may be absent, none may be anything else than it may be.
pub(super) struct ListQuery {
    pub(super) filter: Filter,
}

#[async_trait]
impl<'r> FromRequest<'r> for ListQuery {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match parse(&Query::of(request)) {
            Ok(filter) => Outcome::Success(Self { filter }),
            Err(message) => Outcome::Error((ApiError::InvalidQuery(message).record(request), ())),
        }
    }
}

fn parse(query: &Query<'_>) -> Result<Filter, &'static str> {
    Ok(Filter {
        completed: query.status("Invalid status filter: must be 'pending', 'completed', or 'all'")?,
        order: query.order()?,
    })
}
