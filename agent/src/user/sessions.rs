//! Which session belongs to which user: what logins have shown.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use lru::LruCache;
use serde::{Deserialize, Serialize};

use super::key::{Digest, Key};
use crate::limits;

/// Version of what [`Sessions::save`] writes.
const SAVED: u32 = 1;
/// Tables, each with a lock of its own.
const SHARDS: usize = 16;
/// A session that the service has replaced by another is kept this long, seconds: requests with the old token may be
/// under way.
const REPLACED: i64 = 300;
/// A second factor is waited for this long, seconds.
const PENDING: i64 = 900;

/// Names of cookies, shared by workers.
pub(super) type CookieNames = Arc<BTreeSet<Box<[u8]>>>;

/// The sessions of all users, for all workers. Tokens are kept as keyed hashes only.
#[derive(Debug)]
pub struct Sessions {
    key: Key,
    shards: [Mutex<LruCache<Digest, Session>>; SHARDS],
    /// Sessions of one table.
    room: usize,
    learned: RwLock<CookieNames>,
    /// Counts up when a name was learned.
    generation: AtomicU64,
    counts: Counts,
}

/// What is known of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Who logged in. With [`Self::pending`], who is about to.
    pub user: Arc<str>,
    /// What events call it by: the same from the login on, also when the service replaces the token.
    pub id: Arc<str>,
    /// The password was right, the second factor is missing.
    pub pending: bool,
    /// Its end stays where it is however often it is used.
    pub fixed: bool,
    /// Seconds since 1970.
    pub expires: i64,
}

#[derive(Debug, Default)]
struct Counts {
    tied: AtomicU64,
    ended: AtomicU64,
    expired: AtomicU64,
    evicted: AtomicU64,
}

/// What was counted of sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionStats {
    /// Sessions that are known.
    pub known: usize,
    /// Tokens tied to a user.
    pub tied: u64,
    /// Ended by a logout.
    pub ended: u64,
    /// Not used for too long.
    pub expired: u64,
    /// Gone because there are more than [`limits::SESSIONS`].
    pub evicted: u64,
}

impl Sessions {
    /// With the installation's key.
    #[must_use]
    pub fn new(key: Key) -> Self {
        Self::with_room(key, limits::SESSIONS)
    }

    pub(super) fn with_room(key: Key, room: usize) -> Self {
        Self {
            key,
            shards: std::array::from_fn(|_| Mutex::new(LruCache::unbounded())),
            room: room.div_ceil(SHARDS),
            learned: RwLock::default(),
            generation: AtomicU64::new(0),
            counts: Counts::default(),
        }
    }

    /// The installation's key.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        let Counts { tied, ended, expired, evicted } = &self.counts;
        SessionStats {
            known: self.shards.iter().map(|shard| lock(shard).len()).sum(),
            tied: tied.load(Relaxed),
            ended: ended.load(Relaxed),
            expired: expired.load(Relaxed),
            evicted: evicted.load(Relaxed),
        }
    }

    /// All sessions, to go on with after a restart; see [`Self::restore`]. Of tokens they hold the keyed hashes only.
    #[must_use]
    pub fn save(&self, now: i64) -> Vec<u8> {
        let mut sessions = Vec::new();
        for shard in &self.shards {
            // The one silent longest first, so that restoring keeps the order.
            let shard = lock(shard);
            let lasting = shard.iter().rev().filter(|(_, session)| session.expires > now);
            sessions.extend(lasting.map(|(token, session)| (*token, session.clone())));
        }
        let learned = Arc::clone(&self.learned.read().unwrap_or_else(PoisonError::into_inner));
        // Writing to a vector can't fail, and nothing in it has a form of its own.
        postcard::to_allocvec(&(SAVED, sessions, learned)).unwrap_or_default()
    }

    /// Goes on with saved sessions; false: these bytes are none of this version.
    #[must_use]
    pub fn restore(&self, bytes: &[u8], now: i64) -> bool {
        let Ok((SAVED, rest)) = postcard::take_from_bytes::<u32>(bytes) else { return false };
        let Ok((sessions, learned)) = postcard::from_bytes::<(Vec<(Digest, Session)>, CookieNames)>(rest)
        else {
            return false;
        };
        for (token, session) in sessions.into_iter().filter(|(_, session)| session.expires > now) {
            if let Some(mut shard) = self.shard(token) {
                shard.put(token, session);
                if shard.len() > self.room {
                    shard.pop_lru();
                }
            }
        }
        learned.iter().for_each(|cookie| self.learn(cookie));
        true
    }

    /// A session, which is in use: it will be known `idle` seconds from now on.
    pub(super) fn find(&self, token: Digest, now: i64, idle: i64) -> Option<Session> {
        let mut shard = self.shard(token)?;
        let session = shard.get_mut(&token)?;
        if session.expires <= now {
            shard.pop(&token);
            self.counts.expired.fetch_add(1, Relaxed);
            return None;
        }
        if !session.fixed {
            session.expires = session.expires.max(now.saturating_add(idle));
        }
        Some(session.clone())
    }

    /// A login was seen: this token is this user's.
    pub(super) fn tie(&self, token: Digest, user: Arc<str>, pending: bool, now: i64, idle: i64) -> Arc<str> {
        let id: Arc<str> = token.id().into();
        let expires = now.saturating_add(if pending { PENDING } else { idle });
        self.put(token, Session { user, id: Arc::clone(&id), pending, fixed: pending, expires });
        id
    }

    /// The service has replaced a session's token by another.
    pub(super) fn replace(&self, old: Digest, new: Digest, session: Session, now: i64) {
        self.put(new, session);
        if let Some(mut shard) = self.shard(old)
            && let Some(before) = shard.peek_mut(&old)
        {
            before.fixed = true;
            before.expires = before.expires.min(now.saturating_add(REPLACED));
        }
    }

    /// The user has logged out.
    pub(super) fn end(&self, token: Digest) {
        let ended = self.shard(token).and_then(|mut shard| shard.pop(&token));
        self.counts.ended.fetch_add(u64::from(ended.is_some()), Relaxed);
    }

    fn put(&self, token: Digest, session: Session) {
        let Some(mut shard) = self.shard(token) else { return };
        self.counts.tied.fetch_add(1, Relaxed);
        shard.put(token, session);
        if shard.len() > self.room {
            shard.pop_lru();
            self.counts.evicted.fetch_add(1, Relaxed);
        }
    }

    fn shard(&self, token: Digest) -> Option<MutexGuard<'_, LruCache<Digest, Session>>> {
        self.shards.get(token.place(SHARDS)).map(lock)
    }

    /// A login has set a cookie that is a session by its looks: later requests are looked up by it.
    pub(super) fn learn(&self, cookie: &[u8]) {
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        if learned.len() >= limits::LEARNED_COOKIES || learned.contains(cookie) {
            return;
        }
        Arc::make_mut(&mut learned).insert(cookie.into());
        self.generation.fetch_add(1, Relaxed);
    }

    /// The names that were learned, if there are newer ones than of this generation.
    pub(super) fn learned(&self, since: u64) -> Option<(u64, CookieNames)> {
        let generation = self.generation.load(Relaxed);
        (generation != since)
            .then(|| (generation, Arc::clone(&self.learned.read().unwrap_or_else(PoisonError::into_inner))))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(name: &str) -> Arc<str> {
        name.into()
    }

    #[test]
    fn a_session_lives_as_long_as_it_is_used() {
        let sessions = Sessions::new(Key::new(&[7; 32]));
        let [a, b] = [&b"a"[..], b"b"].map(|token| sessions.key().session(token));
        let id = sessions.tie(a, user("alice"), false, 1000, 100);
        assert_eq!(*id, a.id());
        assert_eq!(sessions.find(a, 1099, 100).map(|s| s.user), Some(user("alice")));
        assert_eq!(sessions.find(a, 1198, 100).map(|s| s.expires), Some(1298), "it was used at 1099");
        let session = sessions.find(a, 1198, 100).unwrap();
        sessions.replace(a, b, session, 1198);
        assert_eq!(sessions.find(b, 1200, 1000).map(|s| (s.user, s.id)), Some((user("alice"), id)));
        assert!(sessions.find(a, 1200, 1000).is_some(), "a request with the old token may be under way");
        assert!(sessions.find(a, 1298, 1000).is_none());
        sessions.end(b);
        assert!(sessions.find(b, 1300, 1000).is_none());
        let SessionStats { known, tied, ended, expired, evicted } = sessions.stats();
        assert_eq!((known, tied, ended, expired, evicted), (0, 2, 1, 1, 0));
    }

    #[test]
    fn sessions_go_on_after_a_restart() {
        let sessions = Sessions::new(Key::new(&[7; 32]));
        let tokens: Vec<_> = (0..100_u8).map(|n| sessions.key().session(&[n])).collect();
        for (n, token) in (0..).zip(&tokens) {
            sessions.tie(*token, user(&n.to_string()), false, 1000, n);
        }
        sessions.learn(b"sid");
        let saved = sessions.save(1050);
        let next = Sessions::new(Key::new(&[7; 32]));
        assert!(next.restore(&saved, 1060));
        for (n, token) in (0..100).zip(&tokens) {
            let found = next.find(*token, 1060, 10).map(|session| session.user);
            assert_eq!(found, (n > 60).then(|| user(&n.to_string())), "{n}");
        }
        assert!(next.learned(0).is_some_and(|(_, names)| names.contains(&b"sid"[..])));
        for end in 0..saved.len() {
            let cut = Sessions::new(Key::new(&[7; 32]));
            assert!(!cut.restore(&saved[..end], 1060), "{end} bytes of {}", saved.len());
            assert_eq!(cut.stats().known, 0);
        }
    }

    #[test]
    fn a_second_factor_is_not_waited_for_forever() {
        let sessions = Sessions::new(Key::new(&[7; 32]));
        let a = sessions.key().session(b"a");
        sessions.tie(a, user("alice"), true, 0, 1_000_000);
        assert!(sessions.find(a, PENDING - 1, 1_000_000).is_some_and(|s| s.pending));
        assert!(sessions.find(a, PENDING, 1_000_000).is_none());
    }

    #[test]
    fn names_are_learned_up_to_a_cap() {
        let sessions = Sessions::new(Key::new(&[7; 32]));
        assert!(sessions.learned(0).is_none());
        for number in 0..2 * limits::LEARNED_COOKIES {
            sessions.learn(number.to_string().as_bytes());
        }
        let (generation, names) = sessions.learned(0).unwrap();
        assert_eq!(names.len(), limits::LEARNED_COOKIES);
        assert!(sessions.learned(generation).is_none());
    }

    proptest! {
        #[test]
        fn never_more_than_there_is_room_for(tokens in prop::collection::vec(any::<u16>(), 0..400)) {
            let sessions = Sessions::with_room(Key::new(&[7; 32]), 64);
            for (now, token) in (0..).zip(&tokens) {
                let token = sessions.key().session(&token.to_le_bytes());
                sessions.tie(token, user("x"), false, now, 1000);
                prop_assert!(sessions.find(token, now, 1000).is_some(), "what was used last stays");
            }
            let stats = sessions.stats();
            prop_assert!(stats.known <= 64);
            prop_assert_eq!(stats.tied, tokens.len() as u64);
            let mut distinct = tokens;
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert!(stats.evicted as usize + stats.known >= distinct.len());
        }
    }
}
