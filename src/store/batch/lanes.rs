//! Lanes: the rights to run a statement of a kind, and the queue of the requests that wait for one.
//!
//! A request calls [`wait_for_turn`]. When an occupied lane is dropped, [`Inner::start_next`] starts the next statement: by [`OccupiedLane::run`]
//! for several requests, and otherwise by giving the lane to the only one.

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

/// The maximum of waiting requests of a kind. A further request is refused, so that a slow database does not fill the memory. The requests of
/// rejected batches are queued again even if it is exceeded.
const MAX_WAITING: usize = 1_000;

/// A kind has one lane more for each millisecond that its statements take on average: with 5 ms it has five more. Longer statements mostly wait for
/// the network, and PostgreSQL can run others meanwhile. If the database is on the same machine, statements are shorter, and more lanes would only
/// make batches smaller.
const TIME_PER_LANE: Duration = Duration::from_millis(1);

/// A statement that takes this much longer than the average hangs. Ordinary differences are smaller.
const HANG_MARGIN: Duration = Duration::from_millis(1);

/// The longest time that a statement adds to the average. A hanging statement does not show how long the others take.
const MAX_SAMPLE: Duration = Duration::from_millis(100);

/// The interval of [`Inner::watch_queue`].
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
    /// The number of lanes while statements take less than [`TIME_PER_LANE`] on average.
    const MIN_LANES: u32 = 1;

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
    /// PostgreSQL rejected the statement and changed nothing. One of the requests may be the reason, so each waits for a lane of its own.
    Rejected,
    /// The database is unavailable, or the outcome is unknown.
    Failed(ApiError),
}

/// How a request gets its response.
pub(in crate::store) enum Turn<S: SharedStatement> {
    /// The caller runs its own statement, and keeps the lane, if it has one, until the statement has ended. It has none if batching is off.
    Alone(Option<OccupiedLane<S>>),
    /// A shared statement has served the request.
    Served(S::Response),
}

/// Ends the wait of a request. An error means that the request is in no statement and never will be, or that its shared statement failed.
type TurnSender<S> = Sender<Result<Turn<S>, ApiError>>;

/// The lanes of a kind of statement.
pub(in crate::store) struct Lanes<S: SharedStatement>(Arc<Inner<S>>);

struct Inner<S: SharedStatement> {
    statement: S,
    pool: Pool,
    /// The limit of lanes, however long statements take.
    max_lanes: usize,
    connect_timeout: Duration,
    runtime: Handle,
    metrics: KindMetrics,
    state: Mutex<State<S>>,
}

struct State<S: SharedStatement> {
    waiting: VecDeque<Waiting<S>>,
    /// The number of occupied lanes.
    busy: usize,
    /// When a lane was occupied last.
    last_start: Instant,
    average_time: Duration,
    /// Whether [`Inner::watch_queue`] runs.
    is_watched: bool,
}

/// Whether a request may share a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Allowed,
    /// PostgreSQL has rejected its batch. The request waits for a lane of its own.
    Never,
}

/// A request in the queue.
struct Waiting<S: SharedStatement> {
    request: S::Request,
    since: Instant,
    sender: TurnSender<S>,
    sharing: Sharing,
}

/// An occupied lane: the right to run a statement. Dropping it frees the lane and starts the next statement.
pub(in crate::store) struct OccupiedLane<S: SharedStatement> {
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
            // A lane more than there are connections: its statement waits for a connection, and `PoolStatus::waits` counts that.
            max_lanes: usize::try_from(settings.max_connections).unwrap_or(usize::MAX).saturating_add(1),
            connect_timeout: settings.connect_timeout(),
            runtime: Handle::current(),
            metrics: metrics.kind(S::KIND),
            state: Mutex::new(state),
        }))
    }

    /// Occupies a lane, or waits in the queue.
    ///
    /// # Errors
    ///
    /// - Too many requests wait. The request is in no statement.
    /// - The request has waited for `connect_timeout` ([`Inner::watch_queue`]). It is in no statement and never will be.
    /// - Its shared statement failed, or ended without a response. The statement may have run.
    async fn wait_for_turn(&self, request: impl FnOnce() -> S::Request) -> Result<Turn<S>, ApiError> {
        let receiver = {
            let mut state = self.0.lock();
            if state.waiting.is_empty() && state.occupy(self.0.max_lanes, Sharing::Allowed) {
                drop(state);
                return Ok(Turn::Alone(Some(self.0.occupied_lane(1))));
            }
            if state.waiting.len() >= MAX_WAITING {
                return Err(ApiError::Unavailable("too many requests wait for the database".to_owned()));
            }
            let (sender, receiver) = oneshot::channel();
            self.0.enqueue(&mut state, request(), sender, Sharing::Allowed);
            receiver
        };
        // Without a response, the task of the batch has panicked, or the process ends.
        let no_response = |_| ApiError::Unavailable("the batch ended without a response".to_owned());
        receiver.await.map_err(no_response).flatten()
    }
}

/// Waits until a request may run its own statement, or until a shared statement has served it. Without lanes, it runs its own statement at
/// once. `request` copies what the shared statement needs, and is called only if the request has to wait.
pub(in crate::store) async fn wait_for_turn<S: SharedStatement>(
    lanes: Option<&Lanes<S>>,
    request: impl FnOnce() -> S::Request,
) -> Result<Turn<S>, ApiError> {
    match lanes {
        Some(lanes) => lanes.wait_for_turn(request).await,
        None => Ok(Turn::Alone(None)),
    }
}

impl<S: SharedStatement> Inner<S> {
    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lane that [`State::occupy`] has occupied, for a statement that serves `size` requests. Call it without the lock, because a
    /// lane takes the lock when it is dropped.
    fn occupied_lane(self: &Arc<Self>, size: usize) -> OccupiedLane<S> {
        self.metrics.record_size(size);
        OccupiedLane { lanes: self.clone(), since: Instant::now() }
    }

    /// Adds a request to the end of the queue, which is in the order of [`Waiting::since`].
    fn enqueue(
        self: &Arc<Self>,
        state: &mut State<S>,
        request: S::Request,
        sender: TurnSender<S>,
        sharing: Sharing,
    ) {
        state.waiting.push_back(Waiting { request, since: Instant::now(), sender, sharing });
        if !mem::replace(&mut state.is_watched, true) {
            self.runtime.spawn(self.clone().watch_queue());
        }
    }

    /// Adds the requests of a rejected batch to the queue.
    fn enqueue_rejected(self: &Arc<Self>, batch: impl Iterator<Item = (S::Request, TurnSender<S>)>) {
        let mut state = self.lock();
        for (request, sender) in batch {
            self.enqueue(&mut state, request, sender, Sharing::Never);
        }
    }

    /// Watches the queue until it is empty: opens further lanes while statements hang, because these do not free theirs, and refuses
    /// requests that have waited for too long.
    async fn watch_queue(self: Arc<Self>) {
        loop {
            sleep(WATCH_INTERVAL).await;
            self.start_next();
            let mut state = self.lock();
            while let Some(waiting) =
                state.waiting.pop_front_if(|it| it.since.elapsed() > self.connect_timeout)
            {
                let error = self.pool.record_no_connection(sqlx::Error::PoolTimedOut);
                let _ = waiting.sender.send(Err(error.into()));
            }
            if state.waiting.is_empty() {
                state.is_watched = false;
                return;
            }
        }
    }

    /// Starts statements for the requests that wait, while lanes are free.
    fn start_next(self: &Arc<Self>) {
        while let Some((lane, batch)) = self.next_batch() {
            self.start(lane, batch);
        }
    }

    /// Occupies a lane and takes the requests that it serves from the queue.
    fn next_batch(self: &Arc<Self>) -> Option<(OccupiedLane<S>, Vec<Waiting<S>>)> {
        let batch: Vec<_> = {
            let mut state = self.lock();
            state.waiting.retain(|waiting| !waiting.sender.is_closed());
            let sharing = state.waiting.front()?.sharing;
            if !state.occupy(self.max_lanes, sharing) {
                return None;
            }
            let size = match sharing {
                Sharing::Never => 1,
                Sharing::Allowed => {
                    let can_share = |it: &&Waiting<S>| it.sharing == Sharing::Allowed;
                    state.waiting.iter().take(S::MAX_SIZE).take_while(can_share).count()
                }
            };
            state.waiting.drain(..size).collect()
        };
        Some((self.occupied_lane(batch.len()), batch))
    }

    fn start(&self, lane: OccupiedLane<S>, mut batch: Vec<Waiting<S>>) {
        for waiting in &batch {
            self.metrics.record_wait(waiting.since.elapsed());
        }
        if batch.len() > 1 {
            self.runtime.spawn(lane.run(batch));
        } else if let Some(waiting) = batch.pop() {
            // A caller that has gone drops its turn, and so gives the lane back.
            let _ = waiting.sender.send(Ok(Turn::Alone(Some(lane))));
        }
    }
}

impl<S: SharedStatement> State<S> {
    /// Occupies a lane if one is free. Returns whether it has.
    ///
    /// - There are never more than `max_lanes`: one for each connection, and one that waits for a connection.
    /// - Below that, the average time of the statements gives the number of lanes. Fewer lanes make larger batches.
    /// - If all statements hang, or for a request that shares none, only `max_lanes` applies.
    fn occupy(&mut self, max_lanes: usize, sharing: Sharing) -> bool {
        let lanes = u128::from(S::MIN_LANES) + self.average_time.as_micros() / TIME_PER_LANE.as_micros();
        let lanes = usize::try_from(lanes).unwrap_or(usize::MAX);
        // No statement has started for longer than a statement takes: those that run hang, and the next must not wait for them.
        let all_hang = || self.last_start.elapsed() > self.average_time + HANG_MARGIN;
        let is_free = self.busy < max_lanes && (sharing == Sharing::Never || self.busy < lanes || all_hang());
        if is_free {
            self.busy += 1;
            self.last_start = Instant::now();
        }
        is_free
    }

    /// Frees a lane whose statement has taken this time.
    fn release(&mut self, time: Duration) {
        self.busy -= 1;
        let average = self.average_time.mul_f64(1.0 - SAMPLE_WEIGHT);
        self.average_time = average + time.min(MAX_SAMPLE).mul_f64(SAMPLE_WEIGHT);
    }
}

impl<S: SharedStatement> OccupiedLane<S> {
    /// Runs the shared statement and sends each request its response.
    async fn run(self, batch: Vec<Waiting<S>>) {
        let (requests, senders): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.request, waiting.sender)).unzip();
        let Inner { statement, pool, .. } = &*self.lanes;
        let responses = match statement.run(pool, &requests).await {
            Ok(served) => {
                self.lanes.metrics.record_unclaimed(served.unclaimed_rows);
                served.responses
            }
            Err(BatchError::Failed(error)) => senders.iter().map(|_| Err(error.clone())).collect(),
            Err(BatchError::Rejected) => {
                // The dropped lane starts the first of them.
                return self.lanes.enqueue_rejected(requests.into_iter().zip(senders));
            }
        };
        // The next statement starts before the callers of this one are woken.
        drop(self);
        for (sender, response) in senders.into_iter().zip(responses) {
            let _ = sender.send(response.map(Turn::Served));
        }
    }
}

impl<S: SharedStatement> Drop for OccupiedLane<S> {
    fn drop(&mut self) {
        self.lanes.lock().release(self.since.elapsed());
        self.lanes.start_next();
    }
}
