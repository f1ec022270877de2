//! How much of an answer is sent at once.

use rocket::async_trait;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::Request;
use rocket::response::Response;

/// Bytes of an answer that are handed over at once, at most.
pub(crate) const MAX_CHUNK_SIZE: usize = 64 * 1024;

/// Sends an answer in one piece, if it is not too large. Rocket's own pieces have four kilobytes, and each is a turn of two
/// tasks and a system call.
#[derive(Debug)]
pub struct ResponseChunkSize;

#[async_trait]
impl Fairing for ResponseChunkSize {
    fn info(&self) -> Info {
        Info { name: "Answers in one piece", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, _: &'r Request<'_>, response: &mut Response<'r>) {
        if let Some(size) = response.body().preset_size() {
            // One byte more, so that the end is found without another buffer.
            response.set_max_chunk_size((size + 1).min(MAX_CHUNK_SIZE));
        }
    }
}
