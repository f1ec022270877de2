//! Sessions and links that have expired do not stay.

use std::time::Duration;

use tokio::time::sleep;

use super::store::AuthStore;
use crate::store::Store;

/// Between two times.
const INTERVAL: Duration = Duration::from_hours(1);

/// After a time when the database was away.
const RETRY: Duration = Duration::from_mins(1);

/// Deletes them, for ever.
pub(super) async fn cleanup_loop(store: Store) {
    loop {
        let swept = AuthStore::of(&store).delete_expired().await;
        if let Err(problem) = &swept {
            tracing::warn!(error = %problem, "what has expired cannot be deleted; trying again");
        }
        sleep(if swept.is_ok() { INTERVAL } else { RETRY }).await;
    }
}
