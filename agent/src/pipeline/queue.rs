//! The way of transactions from the workers to the thread that makes them events.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
};
use std::time::Duration;

use super::transaction::Transaction;
use crate::limits;

/// Where workers put transactions.
pub struct Sender {
    sender: SyncSender<Option<Box<Transaction>>>,
    waiting: Arc<AtomicUsize>,
}

/// Where they come out.
pub struct Queue {
    receiver: Receiver<Option<Box<Transaction>>>,
    waiting: Arc<AtomicUsize>,
}

/// What came out.
pub enum Next {
    /// A transaction.
    Transaction(Box<Transaction>),
    /// Nothing, for as long as was waited.
    Nothing,
    /// It is time to stop.
    Stop,
}

/// A queue of [`limits::EVENT_QUEUE`].
pub fn queue() -> (Sender, Queue) {
    let (sender, receiver) = mpsc::sync_channel(limits::EVENT_QUEUE);
    let waiting = Arc::new(AtomicUsize::new(0));
    (Sender { sender, waiting: Arc::clone(&waiting) }, Queue { receiver, waiting })
}

impl Sender {
    /// Puts a transaction in; false: it is full, and the transaction is gone.
    pub fn send(&self, transaction: Transaction) -> bool {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.sender.try_send(Some(Box::new(transaction))).is_ok();
        if !sent {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        sent
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Behind all that was put in: stop.
    pub fn stop(&self) {
        // Nobody takes anything out any more: then it has stopped.
        let _ = self.sender.send(None);
    }
}

impl Queue {
    /// What is there already.
    pub fn try_next(&self) -> Next {
        match self.receiver.try_recv() {
            Ok(next) => self.took(next),
            Err(mpsc::TryRecvError::Empty) => Next::Nothing,
            Err(mpsc::TryRecvError::Disconnected) => Next::Stop,
        }
    }

    /// Waits for what comes.
    pub fn next(&self, longest: Duration) -> Next {
        match self.receiver.recv_timeout(longest) {
            Ok(next) => self.took(next),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::Stop,
        }
    }

    fn took(&self, next: Option<Box<Transaction>>) -> Next {
        match next {
            Some(transaction) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                Next::Transaction(transaction)
            }
            None => Next::Stop,
        }
    }
}
