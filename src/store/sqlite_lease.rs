//! A leased SQLite connection: transactions, shared commits and time limits.
//!
//! A statement that runs out of time is interrupted and then awaited: SQLite works in this process, so its outcome can always be known.

use std::future::Future;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deadpool::managed::Object;
use sqlx::SqliteConnection;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::batch::KindMetrics;
use super::group_commit::{self, Membership, overwrite_log};
use super::pool::{Retry, Work};
use super::sqlite_executor::{ToEnd, execute};
use super::sqlite_pool::SqliteManager;

/// Virtual machine instructions of SQLite between two checks for an interrupt: well below a millisecond.
const INTERRUPT_INTERVAL: i32 = 1000;

/// A leased connection. Dropping it returns it to the pool.
#[derive(Debug)]
pub(crate) struct SqliteLease {
    object: Object<SqliteManager>,
    /// For writes that share their commits.
    commits: Option<Arc<KindMetrics>>,
    scope: Scope,
}

/// The transaction of the statements on a lease.
#[derive(Debug)]
enum Scope {
    /// Each statement is a transaction.
    Statement,
    Transaction,
    /// They are part of the transaction of a group.
    Group(Membership),
}

impl SqliteLease {
    pub(super) fn new(object: Object<SqliteManager>, commits: Option<Arc<KindMetrics>>) -> Self {
        Self { object, commits, scope: Scope::Statement }
    }

    /// Prepared statements are always kept.
    #[expect(clippy::unused_self, reason = "PgLease has the same methods")]
    pub(crate) fn is_persistent(&self) -> bool {
        true
    }

    pub(crate) fn executor(&mut self) -> ToEnd<'_> {
        ToEnd(&mut self.object.connection)
    }

    /// The time limit of the statements on this connection.
    pub(crate) fn time_limit(&self, duration: Duration) -> SqliteTimeLimit {
        SqliteTimeLimit { duration, interrupt: self.object.interrupt.clone() }
    }

    /// Begins a transaction if the work needs one. Writes that wait at the same time share a transaction, unless they commit alone.
    pub(crate) async fn begin_if_needed(&mut self, work: Work, retry: Retry) -> sqlx::Result<()> {
        let is_transaction = work == Work::Transaction;
        if retry == Retry::Never {
            group_commit::commit(&mut self.object).await;
        } else if let Some(commits) = self.commits.as_ref().filter(|_| work != Work::Read)
            && let Some(membership) = group_commit::join(&mut self.object, commits, is_transaction).await?
        {
            self.scope = Scope::Group(membership);
            return Ok(());
        }
        if is_transaction {
            execute(&mut self.object.connection, "BEGIN IMMEDIATE").await?;
            self.scope = Scope::Transaction;
        }
        Ok(())
    }

    /// Ends the transaction, if any: with a commit after a success, and with a rollback after a failure.
    pub(crate) async fn end_transaction<T>(&mut self, result: sqlx::Result<T>) -> sqlx::Result<T> {
        let result = match result {
            Ok(value) => self.keep().await.map(|()| value),
            failed => failed,
        };
        if let Err(error) = &result {
            // Fails if SQLite has rolled back by itself, as it does after most failures.
            let _ = self.rollback().await;
            overwrite_log(&mut self.object, error).await;
        }
        result
    }

    async fn keep(&mut self) -> sqlx::Result<()> {
        match &self.scope {
            Scope::Statement => Ok(()),
            Scope::Transaction => execute(&mut self.object.connection, "COMMIT").await,
            Scope::Group(membership) => membership.keep(&mut self.object).await,
        }
    }

    /// Rolls the transaction back, if any.
    pub(crate) async fn rollback(&mut self) -> sqlx::Result<()> {
        match mem::replace(&mut self.scope, Scope::Statement) {
            Scope::Statement => Ok(()),
            Scope::Transaction => execute(&mut self.object.connection, "ROLLBACK").await,
            Scope::Group(membership) => {
                membership.undo(&mut self.object).await;
                Ok(())
            }
        }
    }

    /// Returns the connection after the statement has ended, and waits for the commit of its group, if any. Returns false if nothing is stored
    /// because of another write of the group. A lease dropped without this call is not used again.
    pub(super) async fn commit_group(mut self) -> bool {
        self.object.is_finished = true;
        let scope = mem::replace(&mut self.scope, Scope::Statement);
        drop(self);
        match scope {
            Scope::Group(membership) => membership.committed().await,
            Scope::Statement | Scope::Transaction => true,
        }
    }
}

/// Stops the statement that runs on a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub(super) async fn install(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let interrupt = Self::default();
        let raised = interrupt.clone();
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(INTERRUPT_INTERVAL, move || !raised.0.load(Ordering::Relaxed));
        Ok(interrupt)
    }
}

/// The time after which a statement is interrupted.
#[derive(Debug)]
pub(crate) struct SqliteTimeLimit {
    duration: Duration,
    interrupt: Interrupt,
}

impl SqliteTimeLimit {
    /// Runs a statement, interrupts it when its time is over, and returns its outcome: a commit may have been faster.
    pub(crate) async fn enforce<T>(
        self,
        statement: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<sqlx::Result<T>, Elapsed> {
        let mut statement = pin!(statement);
        if let Ok(result) = timeout(self.duration, &mut statement).await {
            return Ok(result);
        }
        self.interrupt.0.store(true, Ordering::Relaxed);
        let result = statement.await;
        self.interrupt.0.store(false, Ordering::Relaxed);
        Ok(result)
    }
}
