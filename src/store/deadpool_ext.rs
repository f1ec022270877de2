//! The parts of a deadpool pool that both engines share.

use deadpool::managed::{Manager, Pool, PoolError};

/// Whether the next request has to wait for a connection to be returned.
pub(super) fn is_exhausted<M: Manager>(pool: &Pool<M>) -> bool {
    let status = pool.status();
    status.available == 0 && status.size >= status.max_size
}

/// Open connections, idle connections and the maximum of connections.
pub(super) fn status<M: Manager>(pool: &Pool<M>) -> (usize, usize, usize) {
    let status = pool.status();
    (status.size, status.available.min(status.size), status.max_size)
}

/// The error of sqlx's own pool for an error of deadpool.
pub(super) fn to_sqlx(error: PoolError<sqlx::Error>) -> sqlx::Error {
    match error {
        PoolError::Backend(error) => error,
        PoolError::Closed => sqlx::Error::PoolClosed,
        _ => sqlx::Error::PoolTimedOut,
    }
}
