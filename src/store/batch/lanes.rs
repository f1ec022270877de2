//! Lanes: how many statements of a kind run at the same time, and the queue of requests that wait for one.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot::{self, Sender};
use tokio::time::sleep;

use super::metrics::{BatchMetrics, KindMetrics};
use crate::config::DatabaseConfig;
use crate::error::ApiError;
use crate::store::pool::Pool;

/// The maximum of waiting requests of a kind. A further request is refused, so that a slow database does not fill the memory.
const MAX_WAITING: usize = 1_000;

/// The time after which a statement is not short. Each such time allows a further lane: on a network, statements mostly wait. On the same
/// machine they take less, and further lanes would only make batches smaller.
const LANE_TIME: Duration = Duration::from_millis(1);

/// The longest time of a statement that counts for the average. A hanging statement does not say how long the others take.
const MAX_SAMPLE: Duration = Duration::from_millis(100);

/// The interval at which a queue that is not empty is watched.
const WATCH_INTERVAL: Duration = Duration::from_millis(2);

/// The weight of the last statement in the average time of statements.
const SAMPLE_WEIGHT: f64 = 0.125;

/// A statement that serves several requests.
pub(in crate::store) trait SharedStatement: fmt::Debug + Send + Sync + 'static {
    type Request: Send + Sync + 'static;
    type Response: Send + 'static;

    /// The label of the kind in metrics.
    const KIND: &'static str;
    /// The maximum of requests in a statement.
    const MAX_SIZE: usize;
    /// The number of lanes for short statements.
    const LANES: u32 = 1;

    /// Runs the statement.
    fn run(
        &self,
        pool: &Pool,
        requests: &[Self::Request],
    ) -> impl Future<Output = Result<Served<Self::Response>, BatchError>> + Send;
}

/// The outcome of a shared statement.
#[derive(Debug)]
pub(in crate::store) struct Served<T> {
    /// A response for each request, in their order.
    pub(super) responses: Vec<Result<T, ApiError>>,
    /// The number of rows that belong to no request.
    pub(super) unclaimed_rows: usize,
}

/// The reason why a shared statement failed.
#[derive(Debug)]
pub(in crate::store) enum BatchError {
    /// PostgreSQL rejected the statement and changed nothing. One of the requests may be the reason, so each runs its own statement.
    Rejected,
    /// The database is unavailable, or the outcome is unknown.
    Unavailable(ApiError),
}

/// How a request gets its response.
pub(in crate::store) enum Turn<S: SharedStatement> {
    /// The caller runs its own statement and keeps the lane until it has ended.
    Alone(Option<Lane<S>>),
    /// A shared statement has served the request.
    Shared(Result<S::Response, ApiError>),
}

/// The lanes of a kind of statement.
pub(in crate::store) struct Lanes<S: SharedStatement>(Arc<Inner<S>>);

struct Inner<S: SharedStatement> {
    statement: S,
    pool: Pool,
    max_lanes: usize,
    max_wait: Duration,
    runtime: Handle,
    metrics: KindMetrics,
    state: Mutex<State<S>>,
}

struct State<S: SharedStatement> {
    waiting: VecDeque<Waiting<S>>,
    busy: usize,
    last_start: Instant,
    average_time: Duration,
    /// Whether a task watches the queue.
    is_watched: bool,
}

/// A request in the queue.
struct Waiting<S: SharedStatement> {
    request: S::Request,
    since: Instant,
    turn: Sender<Turn<S>>,
}

/// A statement's place. Dropping it gives the place to the requests that wait.
pub(in crate::store) struct Lane<S: SharedStatement> {
    lanes: Arc<Inner<S>>,
    since: Instant,
}

/// Without the waiting requests: they have titles.
impl<S: SharedStatement> fmt::Debug for Lanes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lanes").field(&self.0.statement).finish()
    }
}

impl<S: SharedStatement> Lanes<S> {
    /// Lanes without requests. Needs a runtime.
    pub(super) fn new(statement: S, pool: &Pool, settings: &DatabaseConfig, metrics: &BatchMetrics) -> Self {
        let state = State {
            waiting: VecDeque::new(),
            busy: 0,
            last_start: Instant::now(),
            average_time: Duration::ZERO,
            is_watched: false,
        };
        Self(Arc::new(Inner {
            statement,
            pool: pool.clone(),
            // With a lane more than there are connections, the pool sees that it is exhausted, and counts it.
            max_lanes: usize::try_from(settings.max_connections).unwrap_or(usize::MAX).saturating_add(1),
            max_wait: settings.connect_timeout(),
            runtime: Handle::current(),
            metrics: metrics.kind(S::KIND),
            state: Mutex::new(state),
        }))
    }

    /// Waits for the request's turn, at most `connect_timeout`.
    ///
    /// # Errors
    ///
    /// Too many requests wait, or the time is over. Then the request is in no statement and never will be.
    async fn turn(&self, request: impl FnOnce() -> S::Request) -> Result<Turn<S>, ApiError> {
        let turn = {
            let mut state = self.0.lock();
            if state.waiting.is_empty() && state.occupy(self.0.max_lanes) {
                drop(state);
                return Ok(Turn::Alone(Some(self.0.lane(1))));
            }
            if state.waiting.len() >= MAX_WAITING {
                return Err(ApiError::Unavailable("too many requests wait for the database".to_owned()));
            }
            let (sender, turn) = oneshot::channel();
            state.waiting.push_back(Waiting { request: request(), since: Instant::now(), turn: sender });
            if !mem::replace(&mut state.is_watched, true) {
                self.0.runtime.spawn(self.0.clone().watch());
            }
            turn
        };
        // Without a response, the task of the batch has panicked, or the process ends.
        turn.await.map_err(|_| ApiError::Unavailable("the batch ended without a response".to_owned()))
    }
}

/// The turn of a request. Without lanes, each request runs its own statement.
pub(in crate::store) async fn turn<S: SharedStatement>(
    lanes: Option<&Lanes<S>>,
    request: impl FnOnce() -> S::Request,
) -> Result<Turn<S>, ApiError> {
    match lanes {
        Some(lanes) => lanes.turn(request).await,
        None => Ok(Turn::Alone(None)),
    }
}

impl<S: SharedStatement> Inner<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lane(self: &Arc<Self>, size: usize) -> Lane<S> {
        self.metrics.record_size(size);
        Lane { lanes: self.clone(), since: Instant::now() }
    }

    /// Watches the queue until it is empty. A statement that hangs gives its lane to nobody, so further lanes are opened here.
    async fn watch(self: Arc<Self>) {
        loop {
            sleep(WATCH_INTERVAL).await;
            self.start_next();
            let mut state = self.lock();
            while let Some(waiting) = state.waiting.pop_front_if(|it| it.since.elapsed() > self.max_wait) {
                let error = self.pool.record_failure(sqlx::Error::PoolTimedOut);
                let _ = waiting.turn.send(Turn::Shared(Err(error.into())));
            }
            if state.waiting.is_empty() {
                state.is_watched = false;
                return;
            }
        }
    }

    /// Starts a statement for the requests that wait, if a lane is free.
    fn start_next(self: &Arc<Self>) {
        let mut batch = {
            let mut state = self.lock();
            state.waiting.retain(|waiting| !waiting.turn.is_closed());
            if state.waiting.is_empty() || !state.occupy(self.max_lanes) {
                return;
            }
            let size = state.waiting.len().min(S::MAX_SIZE);
            state.waiting.drain(..size).collect::<Vec<_>>()
        };
        let lane = self.lane(batch.len());
        for waiting in &batch {
            self.metrics.record_wait(waiting.since.elapsed());
        }
        if batch.len() > 1 {
            self.runtime.spawn(lane.run(batch));
        } else if let Some(waiting) = batch.pop() {
            // A caller that has gone drops its turn, and so gives the lane back.
            let _ = waiting.turn.send(Turn::Alone(Some(lane)));
        }
    }
}

impl<S: SharedStatement> State<S> {
    /// Occupies a lane if one is free.
    fn occupy(&mut self, max_lanes: usize) -> bool {
        let lanes = u128::from(S::LANES) + self.average_time.as_micros() / LANE_TIME.as_micros();
        let lanes = usize::try_from(lanes).unwrap_or(usize::MAX);
        let is_slow = || self.last_start.elapsed() > self.average_time + LANE_TIME;
        let is_free = self.busy < max_lanes && (self.busy < lanes || is_slow());
        if is_free {
            self.busy += 1;
            self.last_start = Instant::now();
        }
        is_free
    }

    fn release(&mut self, time: Duration) {
        self.busy -= 1;
        let average = self.average_time.mul_f64(1.0 - SAMPLE_WEIGHT);
        self.average_time = average + time.min(MAX_SAMPLE).mul_f64(SAMPLE_WEIGHT);
    }
}

impl<S: SharedStatement> Lane<S> {
    /// Runs the shared statement and sends each request its response.
    async fn run(self, batch: Vec<Waiting<S>>) {
        let (requests, turns): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.request, waiting.turn)).unzip();
        let Inner { statement, pool, .. } = &*self.lanes;
        let responses = match statement.run(pool, &requests).await {
            Ok(served) => {
                self.lanes.metrics.record_unclaimed(served.unclaimed_rows);
                served.responses
            }
            Err(BatchError::Unavailable(error)) => turns.iter().map(|_| Err(error.clone())).collect(),
            Err(BatchError::Rejected) => {
                for turn in turns {
                    let _ = turn.send(Turn::Alone(None));
                }
                return;
            }
        };
        // The next statement starts before the callers of this one are woken.
        drop(self);
        for (turn, response) in turns.into_iter().zip(responses) {
            let _ = turn.send(Turn::Shared(response));
        }
    }
}

impl<S: SharedStatement> Drop for Lane<S> {
    fn drop(&mut self) {
        self.lanes.lock().release(self.since.elapsed());
        self.lanes.start_next();
    }
}
