//! Whose call runs next, of callers who wait for an answer.
//!
//! No workspace keeps the others from running: one may run another call while it runs less than
//! twice as many as are free. Alone it has two thirds of all turns; whoever comes then finds one.
//! Those who wait are bounded in number and bytes, for what they sent is held in memory.
//!
//! Within a workspace turns go round in the order in which they were asked for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use indexmap::IndexMap;
use tokio::sync::oneshot;
use tokio::time::timeout;
use turnbuckle_core::id::WorkspaceId;

/// Most calls of one workspace that wait.
const WAITING_MAX: usize = 256;
/// Most bytes of requests that wait, of all workspaces together.
const WAITING_BYTES_MAX: usize = 64 << 20;
/// Who waited so long is sent away.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Too many wait already, or those before took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many calls wait for their turn; come again later")]
pub struct Busy;

/// The turns of one process.
pub struct Turns {
    state: Arc<Mutex<State>>,
    wait_max: Duration,
}

struct State {
    free: usize,
    waiting_bytes: usize,
    /// In the order in which they are looked at next.
    workspaces: IndexMap<WorkspaceId, Share>,
}

#[derive(Default)]
struct Share {
    running: usize,
    waiting: VecDeque<Waiting>,
}

impl Share {
    fn is_of_use(&self) -> bool {
        0 < self.running || !self.waiting.is_empty()
    }
}

struct Waiting {
    bytes: usize,
    turn: oneshot::Sender<Turn>,
}

/// One call may run until this is dropped.
pub struct Turn {
    state: Arc<Mutex<State>>,
    workspace: WorkspaceId,
}

impl Turns {
    pub fn new(running_max: usize) -> Self {
        let state = State { free: running_max, waiting_bytes: 0, workspaces: IndexMap::new() };
        Self { state: Arc::new(Mutex::new(state)), wait_max: WAIT_MAX }
    }

    /// Waits for the turn of a call whose request has so many bytes. Whoever stops waiting has
    /// none.
    ///
    /// # Errors
    /// [`Busy`]
    pub async fn take(&self, workspace: WorkspaceId, bytes: usize) -> Result<Turn, Busy> {
        let (sender, turn) = oneshot::channel();
        {
            let mut state = lock(&self.state);
            if state.is_full(workspace, bytes) {
                state.forget_gone();
            }
            if state.is_full(workspace, bytes) {
                return Err(Busy);
            }
            state.waiting_bytes += bytes;
            let share = state.workspaces.entry(workspace).or_default();
            share.waiting.push_back(Waiting { bytes, turn: sender });
        }
        State::hand_out(&self.state);
        timeout(self.wait_max, turn).await.ok().and_then(Result::ok).ok_or(Busy)
    }
}

impl State {
    /// Gives turns to those who wait, as long as there are any that they may have.
    fn hand_out(state: &Arc<Mutex<Self>>) {
        loop {
            let next = lock(state).next();
            let Some((workspace, waiting)) = next else { return };
            let turn = Turn { state: state.clone(), workspace };
            // Whoever went away meanwhile gives it back, and the next is looked for.
            drop(waiting.turn.send(turn));
        }
    }

    /// Whether nobody else may wait for this workspace; one of each may, however large.
    fn is_full(&self, workspace: WorkspaceId, bytes: usize) -> bool {
        let waiting = self.workspaces.get(&workspace).map_or(0, |share| share.waiting.len());
        WAITING_MAX <= waiting || (0 < waiting && WAITING_BYTES_MAX < self.waiting_bytes + bytes)
    }

    /// Lets go of those who wait no more: they hold up nobody, and nothing is counted of them.
    fn forget_gone(&mut self) {
        let Self { waiting_bytes, workspaces, .. } = self;
        for share in workspaces.values_mut() {
            share.waiting.retain(|waiting| {
                let is_gone = waiting.turn.is_closed();
                *waiting_bytes -= if is_gone { waiting.bytes } else { 0 };
                !is_gone
            });
        }
        workspaces.retain(|_, share| share.is_of_use());
    }

    /// The same of those who are next, which is all that handing out takes.
    fn forget_gone_at_the_front(&mut self) {
        let Self { waiting_bytes, workspaces, .. } = self;
        for share in workspaces.values_mut() {
            while let Some(gone) = share.waiting.pop_front_if(|it| it.turn.is_closed()) {
                *waiting_bytes -= gone.bytes;
            }
        }
        workspaces.retain(|_, share| share.is_of_use());
    }

    /// Whose turn it is; it counts as running from here on.
    fn next(&mut self) -> Option<(WorkspaceId, Waiting)> {
        self.forget_gone_at_the_front();
        let free = self.free;
        let may = |it: &Share| 0 < free && it.running < 2 * free && !it.waiting.is_empty();
        let index = self.workspaces.values().position(may)?;
        let (&workspace, share) = self.workspaces.get_index_mut(index)?;
        let waiting = share.waiting.pop_front()?;
        share.running += 1;
        self.free -= 1;
        self.waiting_bytes -= waiting.bytes;
        // The others are looked at first from now on.
        let last = self.workspaces.len() - 1;
        self.workspaces.move_index(index, last);
        Some((workspace, waiting))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut state = lock(&self.state);
            state.free += 1;
            if let Some(share) = state.workspaces.get_mut(&self.workspace) {
                share.running -= 1;
                if !share.is_of_use() {
                    state.workspaces.swap_remove(&self.workspace);
                }
            }
        }
        State::hand_out(&self.state);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("no code panics holding it")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;

    use super::*;

    const ONE: WorkspaceId = WorkspaceId(1);
    const OTHER: WorkspaceId = WorkspaceId(2);
    const THIRD: WorkspaceId = WorkspaceId(3);

    fn now(turns: &Turns, workspace: WorkspaceId) -> Option<Turn> {
        turns.take(workspace, 1).now_or_never().map(Result::unwrap)
    }

    #[tokio::test]
    async fn a_workspace_alone_leaves_turns_to_others() {
        let turns = Turns::new(32);
        let held: Vec<Turn> = std::iter::from_fn(|| now(&turns, ONE)).collect();
        assert_eq!(held.len(), 22);
        let others: Vec<Turn> = std::iter::from_fn(|| now(&turns, OTHER)).collect();
        assert_eq!(others.len(), 7);
        assert!(now(&turns, THIRD).is_some());
        drop(held);
        assert!(now(&turns, ONE).is_some());
    }

    #[tokio::test]
    async fn turns_go_round_in_their_order() {
        let turns = Turns::new(1);
        let first = turns.take(ONE, 1).await.unwrap();
        let mut second = pin!(turns.take(ONE, 1));
        let mut third = pin!(turns.take(ONE, 1));
        let mut others = pin!(turns.take(OTHER, 1));
        for waiting in [&mut second, &mut third, &mut others] {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        drop(first);
        drop(second.await.unwrap());
        assert!(third.as_mut().now_or_never().is_none());
        drop(others.await.unwrap());
        third.await.unwrap();
    }

    #[tokio::test]
    async fn whoever_goes_away_holds_up_nobody() {
        let turns = Turns::new(1);
        let first = turns.take(ONE, 1).await.unwrap();
        {
            let mut gone = pin!(turns.take(ONE, 1));
            assert!(gone.as_mut().now_or_never().is_none());
        }
        drop(first);
        assert!(now(&turns, ONE).is_some());
        let state = lock(&turns.state);
        assert_eq!((state.free, state.waiting_bytes, state.workspaces.len()), (1, 0, 0));
    }

    #[tokio::test]
    async fn who_waited_too_long_is_sent_away() {
        let turns = Turns { wait_max: Duration::ZERO, ..Turns::new(1) };
        let running = turns.take(ONE, 1).await.unwrap();
        assert!(matches!(turns.take(ONE, 1).await, Err(Busy)));
        drop(running);
        assert!(now(&turns, ONE).is_some());
    }

    #[tokio::test]
    async fn those_who_went_away_count_for_nothing() {
        let turns = Turns { wait_max: Duration::ZERO, ..Turns::new(1) };
        let running = turns.take(ONE, 1).await.unwrap();
        for workspace in 0..10_000 {
            let workspace = WorkspaceId(workspace % 40);
            assert!(matches!(turns.take(workspace, WAITING_BYTES_MAX).await, Err(Busy)));
        }
        let turns = Turns { wait_max: WAIT_MAX, ..turns };
        let mut waiting = Box::pin(turns.take(OTHER, 1));
        assert!(waiting.as_mut().now_or_never().is_none());
        let mut second = Box::pin(turns.take(OTHER, 1));
        assert!(second.as_mut().now_or_never().is_none(), "there is room for those who wait");
        drop(running);
        drop(waiting.await.unwrap());
        second.await.unwrap();
        assert_eq!(lock(&turns.state).waiting_bytes, 0);
    }

    #[tokio::test]
    async fn those_who_wait_are_bounded() {
        let turns = Turns::new(1);
        let _running = turns.take(ONE, 1).await.unwrap();
        let mut waiting = Vec::new();
        for _ in 0..WAITING_MAX {
            let mut next = Box::pin(turns.take(ONE, 1));
            assert!(next.as_mut().now_or_never().is_none());
            waiting.push(next);
        }
        assert!(matches!(turns.take(ONE, 1).await, Err(Busy)));
        // One of each workspace may wait, however large.
        let mut large = Box::pin(turns.take(OTHER, WAITING_BYTES_MAX));
        assert!(large.as_mut().now_or_never().is_none());
        assert!(matches!(turns.take(OTHER, 1).await, Err(Busy)));
    }
}
