//! Request ids and the access log: one line per request (`fairings::log_line`).

use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::Request;
use rocket::response::Response;
use rocket::{Data, async_trait};

use super::request_record;
use crate::ops::Lifecycle;

/// Assigns the request id; counts, traces and logs the response.
#[derive(Debug)]
pub struct RequestLog;

#[async_trait]
impl Fairing for RequestLog {
    fn info(&self) -> Info {
        Info { name: "Request id and log", kind: Kind::Request | Kind::Response }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let in_flight = request.rocket().state::<Lifecycle>().map(Lifecycle::track_request);
        // The method is stored now, because Rocket changes HEAD to GET when it routes the request.
        request_record::start(request, request.method().as_str(), in_flight);
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        request_record::finish(request, response);
    }
}
