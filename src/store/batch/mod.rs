//! Batching: requests of the same kind that wait at the same time share a statement.
//!
//! A statement costs a round trip and a wake-up of PostgreSQL, however few rows it has. So the requests that arrive while statements run
//! wait, and the next statement serves all of them (the idea of GraphQL data loaders and of group commit).
//!
//! A lane is the right to run one statement of a kind. Each kind has a few lanes, and a queue for the requests that find none free. A
//! request that finds a free lane runs its own statement at once. Nothing waits for a batch to fill (`docs/adr/0015-batching.md`).
//!
//! SQLite has no round trips. Its writes share a commit instead (`store::group_commit`).

mod create;
mod get;
mod lanes;
mod list;
mod metrics;
mod rows;

use create::CreateMany;
use get::GetMany;
use lanes::Lanes;

pub(super) use create::CreateRequest;
pub(super) use get::GetRequest;
pub(super) use lanes::{Turn, wait_for_turn};
pub(super) use list::{ListMany, ListRequest, ListRows};
pub use metrics::BatchMetrics;
pub(super) use metrics::KindMetrics;

use super::pool::Pool;
use crate::config::DatabaseConfig;
use crate::task::Order;

/// The lanes of each kind of statement that requests can share.
#[derive(Debug)]
pub(super) struct Batching {
    pub(super) get: Lanes<GetMany>,
    pub(super) create: Lanes<CreateMany>,
    list_descending: Lanes<ListMany>,
    list_ascending: Lanes<ListMany>,
}

impl Batching {
    /// Needs a runtime, on which shared statements run.
    pub(super) fn new(pool: &Pool, settings: &DatabaseConfig, metrics: &BatchMetrics) -> Self {
        let list = |order| Lanes::new(ListMany(order), pool, settings, metrics);
        Self {
            get: Lanes::new(GetMany, pool, settings, metrics),
            create: Lanes::new(CreateMany, pool, settings, metrics),
            list_descending: list(Order::Descending),
            list_ascending: list(Order::Ascending),
        }
    }

    pub(super) fn list(&self, order: Order) -> &Lanes<ListMany> {
        match order {
            Order::Descending => &self.list_descending,
            Order::Ascending => &self.list_ascending,
        }
    }
}
