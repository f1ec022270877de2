//! Deletion of expired sessions and verifications.

use std::time::Duration;

use tokio::time::sleep;

use super::store::AuthStore;
use crate::clock;
use crate::error::ApiError;
use crate::store::Store;

const CLEANUP_INTERVAL: Duration = Duration::from_hours(1);

/// Time until the next attempt after an error.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);

/// Deletes expired rows in the background, as long as the process runs.
pub(super) async fn cleanup_loop(store: Store) {
    loop {
        let deleted = delete_expired(AuthStore::new(&store)).await;
        if let Err(error) = &deleted {
            tracing::warn!(error = %error, "cannot delete expired sessions and verifications; retrying");
        }
        sleep(clock::jittered(if deleted.is_ok() { CLEANUP_INTERVAL } else { RETRY_INTERVAL })).await;
    }
}

async fn delete_expired(store: AuthStore<'_>) -> Result<(), ApiError> {
    store.delete_expired_sessions().await?;
    store.delete_expired_verifications().await
}
