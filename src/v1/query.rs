//! Query parameters of the task list, with pagination.

use rocket::async_trait;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};

use crate::error::ApiError;
use crate::request::Query;
use crate::task::{ListOptions, PageRequest};

const DEFAULT_PAGE_SIZE: i64 = 50;

const MAX_PAGE_SIZE: i64 = 100;

/// `?status=&sort=&order=&limit=&offset=`. Each is optional.
pub(super) struct ListQuery {
    pub(super) options: ListOptions,
    pub(super) page: PageRequest,
}

#[async_trait]
impl<'r> FromRequest<'r> for ListQuery {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match parse(&Query::from_request(request)) {
            Ok(query) => Outcome::Success(query),
            Err(message) => Outcome::Error((ApiError::InvalidQuery(message).record(request), ())),
        }
    }
}

fn parse(query: &Query<'_>) -> Result<ListQuery, &'static str> {
    let options = ListOptions {
        completed: query.status("Invalid status filter. Allowed values: Pending, Completed")?,
        order: query.order()?,
    };
    let limit = integer(query.get("limit"), DEFAULT_PAGE_SIZE).filter(|it| (1..=MAX_PAGE_SIZE).contains(it));
    let offset = integer(query.get("offset"), 0).filter(|offset| *offset >= 0);
    let page = PageRequest {
        limit: limit.ok_or("Invalid limit: must be an integer from 1 to 100")?,
        offset: offset.ok_or("Invalid offset: must be an integer, 0 or more")?,
    };
    Ok(ListQuery { options, page })
}

fn integer(text: Option<&str>, default: i64) -> Option<i64> {
    text.map_or(Some(default), |text| text.parse().ok())
}
