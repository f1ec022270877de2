//! The query of the list.

use rocket::async_trait;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

use crate::error::ApiError;
use crate::request::Query;
use crate::task::{Filter, Page};

/// Tasks of a page that does not say how many.
const LIMIT: i64 = 50;

/// Tasks of a page at most.
const LIMIT_MAX: i64 = 100;

/// `?status=&sort=&order=&limit=&offset=`: each may be absent, none may be anything else than it may be.
pub(super) struct ListQuery {
    pub(super) filter: Filter,
    pub(super) page: Page,
}

#[async_trait]
impl<'r> FromRequest<'r> for ListQuery {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match parse(&Query::of(request)) {
            Ok(query) => Outcome::Success(query),
            Err(message) => Outcome::Error((ApiError::InvalidQuery(message).record(request), ())),
        }
    }
}

fn parse(query: &Query<'_>) -> Result<ListQuery, &'static str> {
    let filter = Filter {
        completed: query.status("Invalid status filter. Allowed values: Pending, Completed")?,
        order: query.order()?,
    };
    let limit = number(query.get("limit"), LIMIT).filter(|limit| (1..=LIMIT_MAX).contains(limit));
    let offset = number(query.get("offset"), 0).filter(|offset| *offset >= 0);
    let page = Page {
        limit: limit.ok_or("Invalid limit: must be an integer from 1 to 100")?,
        offset: offset.ok_or("Invalid offset: must be an integer, 0 or more")?,
    };
    Ok(ListQuery { filter, page })
}

fn number(text: Option<&str>, otherwise: i64) -> Option<i64> {
    text.map_or(Some(otherwise), |text| text.parse().ok())
}
