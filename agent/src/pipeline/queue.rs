//! The way of transactions from the workers to the thread that makes them events.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
    mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
};
use std::time::Duration;

use super::transaction::Transaction;
use crate::limits;

/// Transactions that are no event and were looked at, on their way back to a worker. Who allocated them frees them: two
/// threads at the blocks of one wait for each other, more than both work.
type Spent = Arc<Mutex<Vec<Vec<Transaction>>>>;

/// So many lots may be on their way back; what is beyond is freed where it is.
const SPENT: usize = 2;

/// What is put in.
enum Item {
    Transaction(Box<Transaction>),
    Plain(Vec<Transaction>),
    Stop,
}

/// Where workers put transactions.
pub struct Sender {
    sender: SyncSender<Item>,
    waiting: Arc<AtomicUsize>,
    spent: Spent,
}

/// Where they come out.
pub struct Queue {
    receiver: Receiver<Item>,
    waiting: Arc<AtomicUsize>,
    spent: Spent,
}

/// What came out.
pub enum Next {
    /// A transaction.
    Transaction(Box<Transaction>),
    /// Several that are no event.
    Plain(Vec<Transaction>),
    /// Nothing, for as long as was waited.
    Nothing,
    /// It is time to stop.
    Stop,
}

/// A queue of [`limits::EVENT_QUEUE`].
pub fn queue() -> (Sender, Queue) {
    let (sender, receiver) = mpsc::sync_channel(limits::EVENT_QUEUE);
    let waiting = Arc::new(AtomicUsize::new(0));
    let spent = Spent::default();
    let ours = Sender { sender, waiting: Arc::clone(&waiting), spent: Arc::clone(&spent) };
    (ours, Queue { receiver, waiting, spent })
}

impl Sender {
    /// Puts a transaction in; false: it is full, and the transaction is gone.
    pub fn send(&self, transaction: Transaction) -> bool {
        self.put(Item::Transaction(Box::new(transaction)), 1)
    }

    /// Puts transactions in that are no event: one wake-up for all of them. False: it is full, and they are gone.
    pub fn send_plain(&self, transactions: Vec<Transaction>) -> bool {
        let count = transactions.len();
        count == 0 || self.put(Item::Plain(transactions), count)
    }

    /// Frees what came back; gives room for the next ones.
    pub fn room(&self) -> Vec<Transaction> {
        let spent = std::mem::take(&mut *self.spent.lock().unwrap_or_else(PoisonError::into_inner));
        let mut room = spent.into_iter().fold(Vec::new(), |_, mut lot| {
            lot.clear();
            lot
        });
        room.reserve_exact(limits::PLAIN_TOGETHER);
        room
    }

    fn put(&self, item: Item, count: usize) -> bool {
        self.waiting.fetch_add(count, Ordering::Relaxed);
        let sent = self.sender.try_send(item).is_ok();
        if !sent {
            self.waiting.fetch_sub(count, Ordering::Relaxed);
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
        let _ = self.sender.send(Item::Stop);
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

    /// Gives back what was looked at.
    pub fn give_back(&self, transactions: Vec<Transaction>) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() < SPENT {
            spent.push(transactions);
            return;
        }
        drop(spent);
        drop(transactions);
    }

    fn took(&self, item: Item) -> Next {
        let (count, next) = match item {
            Item::Transaction(transaction) => (1, Next::Transaction(transaction)),
            Item::Plain(transactions) => (transactions.len(), Next::Plain(transactions)),
            Item::Stop => (0, Next::Stop),
        };
        self.waiting.fetch_sub(count, Ordering::Relaxed);
        next
    }
}
