//! Parameters of a request, each known by its name.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr, time::Duration};

use axum::http::Uri;
use jiff::Timestamp;
use uuid::Uuid;

use super::{answer::stored, cursor::Cursor, short};
use crate::{
    api::{
        ApiError, Code,
        types::{List, Whom},
    },
    limits,
    query::{Facets, Matcher, Moment, Query},
    store::{Reader, read::Between},
};

/// Parameters that were given, each once, of those that are known.
pub(super) struct Params {
    path: String,
    given: Vec<(&'static str, String)>,
}

impl Params {
    /// Reads them. A name that is not known is an error: it would change nothing, and nobody would notice.
    pub fn read(uri: &Uri, known: &[&'static str]) -> Result<Self, ApiError> {
        let mut given: Vec<(&'static str, String)> = Vec::new();
        for pair in uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name)?;
            let Some(name) = known.iter().find(|known| **known == name) else {
                let error = bad(format!("unknown parameter {:?}", short(&name)));
                let most = if known.is_empty() { "there are none here".to_owned() } else { known.join(", ") };
                return Err(error.hint(format!("expected: {most}")));
            };
            if given.iter().any(|(other, _)| other == name) {
                return Err(bad(format!("{name} is there twice: expected it once")));
            }
            given.push((name, decoded(value)?));
        }
        Ok(Self { path: uri.path().to_owned(), given })
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.iter().find(|(given, _)| *given == name).map(|(_, value)| value.as_str())
    }

    /// A text that has to be there.
    pub fn needed(&self, name: &str, example: &str) -> Result<&str, ApiError> {
        self.text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| bad(format!("{name} is missing")).hint(format!("expected {example}")))
    }

    pub fn number(&self, name: &str, range: RangeInclusive<usize>) -> Result<Option<usize>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number) && !text.starts_with('+'));
        number.map(Some).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            bad(format!("{name}: expected a number from {least} to {most}, found {:?}", short(text)))
        })
    }

    pub fn flag(&self, name: &str) -> Result<bool, ApiError> {
        match self.text(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(bad(format!("{name}: expected true or false, found {:?}", short(other)))),
        }
    }

    pub fn limit(&self, default: usize) -> Result<usize, ApiError> {
        Ok(self.number("limit", 1..=limits::STORE_PAGE)?.unwrap_or(default))
    }

    /// `query=`, with its facets.
    pub fn query(&self, facets: &'static Facets) -> Result<Matcher, ApiError> {
        Ok(Query::parse(self.text("query").unwrap_or(""))?.matcher(facets)?)
    }

    /// Names between commas, at most so many.
    pub fn names(&self, name: &str, most: usize) -> Result<Option<Vec<&str>>, ApiError> {
        let names: Option<Vec<&str>> = self.text(name).map(|names| names.split(',').collect());
        match names {
            Some(names) if names.len() > most => Err(bad(format!("{name}: at most {most}"))),
            names => Ok(names),
        }
    }

    /// `within=`, milliseconds: how long is counted at most, before what was counted has to do.
    pub fn within(&self, reader: &Reader) -> Result<Reader, ApiError> {
        Ok(self.moment()?.map_or_else(|| reader.clone(), |moment| reader.with_patience(moment)))
    }

    /// The same by itself.
    pub fn moment(&self) -> Result<Option<Duration>, ApiError> {
        let millis = self.number("within", limits::API_WITHIN)?;
        Ok(millis.map(|millis| Duration::from_millis(millis as u64)))
    }

    /// `from=` and `to=`; of a page behind the first, those of the first.
    pub fn between(&self, cursor: Option<&Cursor>) -> Result<Between, ApiError> {
        if let Some(cursor) = cursor {
            return Ok(Between { from: cursor.from, to: cursor.to });
        }
        let now = Timestamp::now();
        let moment = |name: &str| -> Result<Option<Timestamp>, ApiError> {
            let Some(text) = self.text(name) else { return Ok(None) };
            let moment: Moment = text.parse().map_err(|error| bad(format!("{name}: {error}")))?;
            Ok(Some(moment.at(now)))
        };
        let (from, to) = (moment("from")?, moment("to")?);
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            return Err(bad(format!("from ({from}) is not before to ({to})")));
        }
        Ok(Between { from: from.map(stored), to: to.map(stored) })
    }

    /// `cursor=`, if it is one of this very list.
    pub fn cursor(&self) -> Result<Option<Cursor>, ApiError> {
        self.text("cursor").map(|text| Cursor::read(text, self.question())).transpose()
    }

    /// Where the next page of this list begins.
    pub fn next(&self, between: Between, at: impl Display) -> String {
        Cursor { from: between.from, to: between.to, at: at.to_string() }.write(self.question())
    }

    /// A page of a list that is made as a whole; `name` tells its entries apart. Without `limit=` it is all of them.
    pub fn page<T>(
        &self,
        mut all: Vec<T>,
        cursor: Option<&Cursor>,
        name: impl Fn(&T) -> String,
    ) -> Result<List<T>, ApiError> {
        let limit = self.number("limit", 1..=limits::STORE_PAGE)?.unwrap_or(usize::MAX);
        let from = match cursor {
            None => 0,
            Some(cursor) => {
                let (place, last) =
                    cursor.at.split_once(' ').ok_or_else(|| bad("cursor: not one of this list"))?;
                let place: usize = place.parse().map_err(|_| bad("cursor: not one of this list"))?;
                // Behind the last one of the page before; if that one is gone, where it was.
                let same = all.iter().enumerate().filter(|(_, entry)| name(entry) == last).map(|(at, _)| at);
                same.min_by_key(|at| at.abs_diff(place)).map_or(place, |at| at + 1)
            }
        };
        let mut items = all.split_off(from.min(all.len()));
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let none = Between { from: None, to: None };
        let at = |last: &T| format!("{} {}", from.saturating_add(items.len()).saturating_sub(1), name(last));
        let next = last.map(|last| self.next(none, at(last)));
        Ok(List { items, next })
    }

    /// What is asked, whatever page of it.
    fn question(&self) -> impl Iterator<Item = (&str, &str)> {
        let path = std::iter::once(("path", self.path.as_str()));
        let given = |name: &'static str| self.text(name).map(|text| (name, text));
        path.chain(["query", "from", "to", "sort", "who", "find"].into_iter().filter_map(given))
    }

    /// Exactly one of `net=` and `user=`.
    pub fn whom(&self) -> Result<Whom, ApiError> {
        whom(self.text("net"), self.text("user"))
    }
}

/// Exactly one of an address or network and a user.
pub(super) fn whom(net: Option<&str>, user: Option<&str>) -> Result<Whom, ApiError> {
    match (net, user) {
        (Some(net), None) => {
            crate::api::net::parse(net).map(Whom::Net).map_err(|error| bad(short(&error.to_string())))
        }
        (None, Some(user)) if user.trim().is_empty() => {
            Err(bad("user is empty: expected the id that events have"))
        }
        (None, Some(user)) if user.chars().count() > limits::USER_TEXT + 1 => {
            Err(bad(format!("user is longer than {} characters, which no event has", limits::USER_TEXT)))
        }
        (None, Some(user)) => Ok(Whom::User(user.to_owned())),
        _ => Err(bad("expected exactly one of net and user")
            .hint("net is 203.0.113.7 or 203.0.113.0/24, user is an id")),
    }
}

/// A piece of a path.
pub(super) fn segment<T: FromStr>(name: &str, text: &str, expected: &str) -> Result<T, ApiError> {
    text.parse().map_err(|_| bad(format!("{name}: expected {expected}, found {:?}", short(text))))
}

/// An id of an event or a signal.
pub(super) fn id(text: &str) -> Result<Uuid, ApiError> {
    segment("id", text, "an id such as 0193a5c2-7d00-7000-8000-000000000001")
}

pub(super) fn bad(message: impl Into<String>) -> ApiError {
    ApiError::new(Code::BadRequest, message)
}

/// Undoes percent-encoding; what is none, or no UTF-8, is an error.
fn decoded(text: &str) -> Result<String, ApiError> {
    let wrong = || bad(format!("{:?} is not percent-encoded UTF-8", short(text)));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit().ok_or_else(wrong)?, digit().ok_or_else(wrong)?);
                u8::try_from(high * 16 + low).map_err(|_| wrong())?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or_else(wrong)
}
