//! Wrong tokens: an address that sends many waits.

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use lru::LruCache;

use crate::{
    api::{ApiError, Code},
    limits,
};

const MINUTE: Duration = Duration::from_secs(60);

/// Wrong tokens by address, in a table that does not grow.
pub(super) struct Attempts(Mutex<LruCache<IpAddr, Failed>>);

/// Since when, and how many.
struct Failed {
    since: Instant,
    count: u32,
}

impl Default for Attempts {
    fn default() -> Self {
        let size = NonZeroUsize::new(limits::API_ATTEMPTS_OF).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(LruCache::new(size)))
    }
}

impl Attempts {
    /// Whether an address may try another token. While it may not, also the right one is not looked at: who guesses
    /// learns nothing.
    pub fn may(&self, address: IpAddr, now: Instant) -> Result<(), ApiError> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = table.peek(&key(address)).is_some_and(|failed| now.duration_since(failed.since) >= MINUTE);
        if over {
            table.pop(&key(address));
        }
        match table.peek(&key(address)) {
            Some(failed) if failed.count >= limits::API_ATTEMPTS => {
                Err(ApiError::new(Code::TooMany, "too many wrong tokens came from this address")
                    .hint("it may try again after a minute"))
            }
            _ => Ok(()),
        }
    }

    /// It was wrong.
    pub fn failed(&self, address: IpAddr, now: Instant) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = table.get_or_insert_mut(key(address), || Failed { since: now, count: 0 });
        failed.count = failed.count.saturating_add(1);
    }
}

/// Who has an IPv6 address has a /64 of them.
fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_minute_and_others_are_not_concerned() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let (one, other): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        for _ in 0..limits::API_ATTEMPTS {
            attempts.may(one, now).unwrap();
            attempts.failed(one, now);
        }
        assert_eq!(attempts.may(one, now).unwrap_err().code, Code::TooMany);
        assert_eq!(attempts.may("2001:db8::2".parse().unwrap(), now).unwrap_err().code, Code::TooMany);
        attempts.may("2001:db8:0:1::1".parse().unwrap(), now).unwrap();
        attempts.may(other, now).unwrap();
        attempts.may(one, now + MINUTE).unwrap();
    }

    #[test]
    fn the_table_does_not_grow() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for number in 0..3 * u32::try_from(limits::API_ATTEMPTS_OF).unwrap() {
            attempts.failed(std::net::Ipv4Addr::from(number).into(), now);
        }
        assert_eq!(attempts.0.lock().unwrap().len(), limits::API_ATTEMPTS_OF);
    }
}
