//! The query of the list.

use rocket::async_trait;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

use crate::problem::Problem;
use crate::request::Query;
use crate::task::{Filter, Order};

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
            Err(message) => Outcome::Error((Problem::BadQuery(message).note(request), ())),
        }
    }
}

fn parse(query: &Query<'_>) -> Result<Filter, &'static str> {
    let completed = query.choose(
        "status",
        &[("all", None), ("pending", Some(false)), ("completed", Some(true))],
        "Invalid status filter: must be 'pending', 'completed', or 'all'",
    )?;
    query.choose("sort", &[("created_at", ())], "Invalid sort field: must be 'created_at'")?;
    let order = query.choose(
        "order",
        &[("desc", Order::Descending), ("asc", Order::Ascending)],
        "Invalid sort order: must be 'asc' or 'desc'",
    )?;
    Ok(Filter { completed: completed.flatten(), order: order.unwrap_or_default() })
}
