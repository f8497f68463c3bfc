//! Which entries of the denylist and of the passlist are asked for, and which page of them.

use std::{cmp::Reverse, fmt, str::FromStr};

use ipnet::IpNet;
use jiff::Timestamp;

use super::{net, types::Whom};

/// Which entries. An address or network takes those that hold it or lie in it; any other text those that have it in
/// whom they name or in what is said of them, in small or capital letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Find {
    /// All of them.
    #[default]
    All,
    /// What has to do with an address or network.
    Net(IpNet),
    /// Small letters.
    Text(String),
}

impl Find {
    /// As a person types it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        match text.trim() {
            "" => Self::All,
            text => net::parse(text).map_or_else(|_| Self::Text(text.to_lowercase()), Self::Net),
        }
    }

    /// Whether it takes an entry, of which `words` are said.
    #[must_use]
    pub fn takes(&self, whom: &Whom, words: &[&str]) -> bool {
        match (self, whom) {
            (Self::All, _) => true,
            (Self::Net(net), Whom::Net(entry)) => entry.contains(net) || net.contains(entry),
            (Self::Net(_), Whom::User(_)) => false,
            (Self::Text(text), whom) => {
                let has = |said: &str| said.to_lowercase().contains(text);
                has(&whom.to_string()) || words.iter().copied().any(has)
            }
        }
    }
}

/// A page of the denylist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage {
    /// Of which entries.
    pub find: Find,
    /// Behind which one; none: from the newest on.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: usize,
}

impl ListPage {
    /// Every entry.
    pub const ALL: Self = Self { find: Find::All, after: None, limit: usize::MAX };
    /// None, only how many there are.
    pub const NONE: Self = Self { find: Find::All, after: None, limit: 0 };

    /// The page, of all entries that [`find`](Self::find) takes, in their order. Of a million entries no more than a few
    /// pages are held.
    #[must_use]
    pub fn page<T>(&self, found: impl IntoIterator<Item = T>, place: impl Fn(&T) -> Place) -> Vec<T> {
        let full = self.limit.saturating_mul(4).max(256);
        let mut page = Vec::new();
        let first = |page: &mut Vec<T>| {
            page.sort_by_cached_key(&place);
            page.truncate(self.limit);
        };
        for entry in found {
            if self.after.as_ref().is_none_or(|after| place(&entry) > *after) {
                page.push(entry);
            }
            if page.len() >= full {
                first(&mut page);
            }
        }
        first(&mut page);
        page
    }
}

/// Where an entry stands: the newest come first, those whose time is not known last. Its text is that of a cursor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    since: Reverse<Option<Timestamp>>,
    whom: Whom,
}

impl Place {
    /// The network that the entry names.
    #[must_use]
    pub fn net(&self) -> Option<IpNet> {
        match &self.whom {
            Whom::Net(net) => Some(*net),
            Whom::User(_) => None,
        }
    }

    /// Of an entry.
    #[must_use]
    pub fn new(since: Option<Timestamp>, whom: Whom) -> Self {
        Self { since: Reverse(since), whom }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.since.0 {
            Some(since) => write!(f, "{since}")?,
            None => write!(f, "-")?,
        }
        match &self.whom {
            Whom::Net(net) => write!(f, " net {net}"),
            Whom::User(id) => write!(f, " user {id}"),
        }
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (since, whom) = text.split_once(' ').ok_or(())?;
        let since = if since == "-" { None } else { Some(since.parse().map_err(|_| ())?) };
        let whom = match whom.split_once(' ').ok_or(())? {
            ("net", net) => Whom::Net(net.parse().map_err(|_| ())?),
            ("user", id) => Whom::User(id.to_owned()),
            _ => return Err(()),
        };
        Ok(Self::new(since, whom))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whom() -> impl Strategy<Value = Whom> {
        let of = |address: std::net::IpAddr, most: u8| {
            (0..=most)
                .prop_map(move |length| Whom::Net(IpNet::new(address, length).expect("a length").trunc()))
        };
        prop_oneof![
            any::<std::net::Ipv4Addr>().prop_flat_map(move |address| of(address.into(), 32)),
            any::<std::net::Ipv6Addr>().prop_flat_map(move |address| of(address.into(), 128)),
            any::<String>().prop_map(Whom::User),
        ]
    }

    fn place() -> impl Strategy<Value = Place> {
        let since =
            prop::option::of((0..4_000_000_000_000_000_000_i64).prop_map(|nanoseconds| {
                Timestamp::from_nanosecond(i128::from(nanoseconds)).expect("a time")
            }));
        (since, whom()).prop_map(|(since, whom)| Place::new(since, whom))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn a_place_is_read_as_it_was_written(place in place()) {
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn pages_together_are_everything_once_and_in_order(places in prop::collection::vec(place(), 0..700), limit in 20_usize..90) {
            let mut all = places;
            all.sort();
            all.dedup();
            let mut read: Vec<Place> = Vec::new();
            loop {
                let wanted = ListPage { find: Find::All, after: read.last().cloned(), limit };
                let page = wanted.page(all.iter().rev().cloned(), Place::clone);
                if page.is_empty() {
                    break;
                }
                read.extend(page);
            }
            prop_assert_eq!(read, all);
        }
    }

    #[test]
    fn an_address_finds_the_networks_that_hold_it_and_a_network_what_lies_in_it() {
        let net = |text: &str| Whom::Net(net::parse(text).expect("a network"));
        let user = Whom::User("Mallory".to_owned());
        let takes = |find: &str, whom: &Whom, words: &[&str]| Find::new(find).takes(whom, words);
        assert!(takes("203.0.113.7", &net("203.0.113.0/24"), &[]));
        assert!(takes("203.0.113.0/24", &net("203.0.113.7"), &[]));
        assert!(takes(" ::ffff:203.0.113.7 ", &net("203.0.113.7"), &[]));
        assert!(!takes("203.0.113.7", &net("203.0.113.70"), &[]), "an address is no text");
        assert!(!takes("203.0.113.7", &user, &["203.0.113.7"]));
        assert!(takes("203.0.113.", &net("203.0.113.70"), &[]), "half an address is one");
        assert!(takes("mallory", &user, &[]));
        assert!(takes("SCANS", &net("203.0.113.70"), &["it scans", ""]));
        assert!(!takes("scans", &net("203.0.113.70"), &["by hand"]));
        assert!(takes("  ", &user, &[]));
    }
}
