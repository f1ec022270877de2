//! Response chunk size.

use rocket::async_trait;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::request::Request;
use rocket::response::Response;

/// Largest chunk of a response body, in bytes.
pub(crate) const MAX_CHUNK_SIZE: usize = 64 * 1024;

/// Writes bodies of up to 64 KiB as one chunk. Rocket's default chunk is 4 KiB, and each chunk costs a hand-off between two tasks and a system
/// call.
#[derive(Debug)]
pub struct ResponseChunkSize;

#[async_trait]
impl Fairing for ResponseChunkSize {
    fn info(&self) -> Info {
        Info { name: "Response chunk size", kind: Kind::Response }
    }

    async fn on_response<'r>(&self, _: &'r Request<'_>, response: &mut Response<'r>) {
        if let Some(size) = response.body().preset_size() {
            // One extra byte, so that Rocket sees the end of the body without another read.
            response.set_max_chunk_size((size + 1).min(MAX_CHUNK_SIZE));
        }
    }
}
