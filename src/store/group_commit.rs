//! Group commit for SQLite: writes that wait at the same time share a transaction, and so a single sync of the disk.
//!
//! The first write that finds others waiting opens a group. Each write of the group runs its statements and leaves the connection to the next. A
//! task in the same queue commits behind the writes that were waiting. Only then do they have their responses.
//!
//! A write that fails leaves no trace in the transaction of the others: SQLite undoes a failed statement by itself, and several statements have a
//! savepoint. Each step costs a hand-over to SQLite's thread, which takes longer than the step.

use std::sync::Arc;

use deadpool::managed::{Object, Pool};
use tokio::sync::watch;

use super::batch::KindMetrics;
use super::error::is_sqlite_io;
use super::sqlite_executor::execute;
use super::sqlite_pool::{PooledConnection, SqliteManager};

/// Writes the first page to the log, with a number that nothing here uses. An `UPDATE` to the same value would write nothing.
const OVERWRITE_LOG: &str = "PRAGMA user_version = 0";

/// The open transaction of several writes.
#[derive(Debug)]
pub(super) struct Group {
    /// True when it is committed, false when nothing of it is stored.
    outcome: watch::Sender<Option<bool>>,
    members: usize,
    metrics: Arc<KindMetrics>,
}

/// A write's part in a group.
#[derive(Debug)]
pub(super) struct Membership {
    outcome: watch::Receiver<Option<bool>>,
    has_savepoint: bool,
}

impl Membership {
    /// Keeps the changes of the write, until the commit.
    pub(super) async fn keep(&self, pooled: &mut PooledConnection) -> sqlx::Result<()> {
        if self.has_savepoint { execute(&mut pooled.connection, "RELEASE member").await } else { Ok(()) }
    }

    /// Undoes the changes of a write that has failed. If SQLite has rolled the whole transaction back, as it does after most failures of the
    /// disk, the other writes have failed as well.
    pub(super) async fn undo(self, pooled: &mut PooledConnection) {
        let connection = &mut pooled.connection;
        let is_open = if self.has_savepoint {
            execute(connection, "ROLLBACK TO member; RELEASE member").await.is_ok()
        } else {
            // Within a transaction, none can begin.
            execute(connection, "BEGIN").await.is_err()
        };
        if !is_open {
            // Fails if there is no transaction.
            let _ = execute(connection, "ROLLBACK").await;
            end(pooled, false);
        }
    }

    /// Waits for the commit. Returns false if nothing of the group is stored: it has failed, or its connection has been closed.
    pub(super) async fn committed(mut self) -> bool {
        self.outcome.wait_for(Option::is_some).await.is_ok_and(|outcome| *outcome == Some(true))
    }
}

/// Joins the open group, or opens one if other writes wait for the connection. A write of several statements needs a savepoint.
pub(super) async fn join(
    object: &mut Object<SqliteManager>,
    metrics: &Arc<KindMetrics>,
    needs_savepoint: bool,
) -> sqlx::Result<Option<Membership>> {
    if object.group.is_none() {
        let Some(pool) = Object::pool(object).filter(|pool| pool.status().waiting > 0) else {
            metrics.record_size(1);
            return Ok(None);
        };
        execute(&mut object.connection, "BEGIN IMMEDIATE").await?;
        object.group =
            Some(Group { outcome: watch::Sender::new(None), members: 0, metrics: metrics.clone() });
        tokio::spawn(commit_in_turn(pool));
    }
    let Some(group) = &mut object.group else { return Ok(None) };
    group.members += 1;
    let membership = Membership { outcome: group.outcome.subscribe(), has_savepoint: needs_savepoint };
    if needs_savepoint {
        execute(&mut object.connection, "SAVEPOINT member").await?;
    }
    Ok(Some(membership))
}

/// Commits the group when the writes that are waiting now have had the connection. Needs no limit of time: each of them has its own.
async fn commit_in_turn(pool: Pool<SqliteManager>) {
    // If there is no connection, the group has ended with the last one.
    if let Ok(mut object) = pool.get().await {
        object.is_finished = false;
        commit(&mut object).await;
        object.is_finished = true;
    }
}

/// Commits the open group, if any.
pub(super) async fn commit(pooled: &mut PooledConnection) {
    if pooled.group.is_none() {
        return;
    }
    let committed = execute(&mut pooled.connection, "COMMIT").await;
    if let Err(error) = &committed {
        let _ = execute(&mut pooled.connection, "ROLLBACK").await;
        overwrite_log(pooled, error).await;
    }
    end(pooled, committed.is_ok());
}

fn end(pooled: &mut PooledConnection, is_committed: bool) {
    if let Some(group) = pooled.group.take() {
        group.metrics.record_size(group.members);
        group.outcome.send_replace(Some(is_committed));
    }
}

/// Overwrites what a commit has left in the write-ahead log if its sync has failed.
///
/// SQLite ignores these pages as long as it is open, and takes them for a commit when it reads the log after a crash.
pub(super) async fn overwrite_log(pooled: &mut PooledConnection, error: &sqlx::Error) {
    if is_sqlite_io(error) {
        let _ = execute(&mut pooled.connection, OVERWRITE_LOG).await;
    }
}
