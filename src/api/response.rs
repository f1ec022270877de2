//! Responses with one task, in the shape of the request.

use std::io::Cursor;

use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder, Response};

use crate::config::Deletion;
use crate::error::ApiError;
use crate::shape::Shape;
use crate::task::Task;

/// 200 with a task.
pub(super) struct TaskResponse(pub(super) Task);

impl<'r> Responder<'r, 'static> for TaskResponse {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        respond(request, |shape| shape.task_json((&self.0).into())).map(|(_, response)| response)
    }
}

/// 201 with a task and its location.
pub(super) struct CreatedResponse(pub(super) Task);

impl<'r> Responder<'r, 'static> for CreatedResponse {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let (shape, mut response) = respond(request, |shape| shape.task_json((&self.0).into()))?;
        response.set_status(Status::Created);
        // The path without the user, also if the request had one.
        response.set_header(Header::new("Location", format!("{}/{}", shape.location, self.0.id)));
        Ok(response)
    }
}

/// The response to a deletion.
pub(super) struct DeletedResponse(pub(super) Task);

impl<'r> Responder<'r, 'static> for DeletedResponse {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let Some(shape) = Shape::of(request) else { return Err(Status::InternalServerError) };
        match &shape.config.deletion {
            Deletion::None => Response::build().status(Status::NoContent).ok(),
            Deletion::Task => TaskResponse(self.0).respond_to(request),
            Deletion::Message(message) => {
                let json = serde_json::json!({ "message": message }).to_string();
                respond(request, |shape| Ok(wrapped(shape, json.as_bytes()))).map(|(_, response)| response)
            }
        }
    }
}

fn respond<'r>(
    request: &'r Request<'_>,
    json: impl FnOnce(&Shape) -> serde_json::Result<Vec<u8>>,
) -> Result<(&'r Shape, Response<'static>), Status> {
    let Some(shape) = Shape::of(request) else { return Err(Status::InternalServerError) };
    match json(shape) {
        Ok(json) => {
            let mut response = Response::new();
            response.set_header(ContentType::JSON);
            response.set_sized_body(json.len(), Cursor::new(json));
            Ok((shape, response))
        }
        Err(error) => {
            Err(ApiError::Internal(format!("a task cannot be serialized: {error}")).record(request))
        }
    }
}

fn wrapped(shape: &Shape, json: &[u8]) -> Vec<u8> {
    let wrapper = shape.config.wrapper;
    [wrapper.opening().as_bytes(), json, wrapper.closing().as_bytes()].concat()
}
