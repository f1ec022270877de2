//! The tasks as tools for agents: a server of the [Model Context Protocol](https://modelcontextprotocol.io) at `/mcp`.
//!
//! Each request is a JSON-RPC message and is answered on its own, so that any replica can answer it. The guard, the store and the limits are
//! those of the other routes. No tool takes a user id: a tool works on the tasks of the caller's token, whatever a model was talked into.
//! `rmcp` implements the protocol (docs/adr/0017-mcp.md).

mod arguments;
mod endpoint;
mod errors;
mod handler;
mod message;
mod metadata;
mod results;
mod schema;
mod tools;

use std::sync::Arc;

use rocket::fairing::AdHoc;

use crate::config::Config;
use crate::request::with_method_fallbacks;

/// Mounts `/mcp` and its metadata if `mcp` is set.
#[must_use]
pub fn stage(config: &Config) -> AdHoc {
    let resource = config.server.mcp.then(|| metadata::ProtectedResource::new(config));
    AdHoc::on_ignite("MCP", |rocket| async {
        let Some(resource) = resource else { return rocket };
        rocket
            .manage(resource)
            .manage(Arc::new(tools::Catalog::new()))
            .mount("/", with_method_fallbacks([endpoint::routes(), metadata::routes()].concat()))
            .register("/mcp", errors::catchers())
    })
}
