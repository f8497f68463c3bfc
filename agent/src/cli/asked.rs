//! Lists of the API, asked for page by page.

use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{CliError, args::Asking, ask};
use crate::{
    api::{Client, ClientError, types::List},
    event::printable,
    limits::STORE_PAGE,
};

/// Signals that a beginning of an id is told apart in.
const CANDIDATES: &str = "5";
/// Characters of a query that is shown with its error.
const SHOWN: usize = 100;

/// Parameters that say something.
pub(super) fn given<'p>(parameters: &[(&'p str, &'p str)]) -> Vec<(&'p str, &'p str)> {
    parameters.iter().copied().filter(|(_, value)| !value.is_empty()).collect()
}

/// An error of a query, with the query and a mark below what is wrong with it.
pub(super) fn placed(mut error: CliError, query: &str) -> CliError {
    if let CliError::Client(ClientError::Api(error)) = &mut error
        && let Some(place) = &error.place
        // A longer one would break, and the mark would stand somewhere else.
        && query.chars().count() <= SHOWN
        && printable(query) == query
    {
        let before = " ".repeat(place.column.saturating_sub(1).min(SHOWN));
        let mark = "^".repeat(place.length.clamp(1, SHOWN));
        error.message = format!("column {}: {}\n  {query}\n  {before}{mark}", place.column, error.message);
        if !place.expected.is_empty() {
            error.message.push_str(&format!("\n  expected: {}", place.expected.join(", ")));
        }
    }
    error
}

/// As much of a list as was asked for, over as many pages as it has. `parameters`: which; `page`: the longest page
/// that the route gives.
pub(super) fn listed<T: DeserializeOwned>(
    client: &Client,
    route: &str,
    parameters: &[(&str, &str)],
    (wanted, page): (u32, usize),
) -> Result<List<T>, CliError> {
    let wanted = wanted as usize;
    let mut list = List { items: Vec::new(), next: None };
    loop {
        let limit = wanted.saturating_sub(list.items.len()).min(page).to_string();
        let cursor = list.next.take().unwrap_or_default();
        let mut parameters = given(parameters);
        parameters.push(("limit", &limit));
        if !cursor.is_empty() {
            parameters.push(("cursor", &cursor));
        }
        let query = parameters.iter().find(|(name, _)| *name == "query").map_or("", |(_, query)| *query);
        let mut page: List<T> = ask(client.get(route, &parameters)).map_err(|error| placed(error, query))?;
        let came = page.items.len();
        list.items.append(&mut page.items);
        list.next = page.next;
        // A page that is empty, but not the last, would be asked for without end.
        if list.next.is_none() || came == 0 || list.items.len() >= wanted {
            return Ok(list);
        }
    }
}

/// Events, or signals.
pub(super) fn asked_for<T: DeserializeOwned>(
    client: &Client,
    route: &str,
    asking: &Asking,
) -> Result<List<T>, CliError> {
    let (query, from, to) = asking.words();
    listed(client, route, &[("query", &query), ("from", &from), ("to", &to)], (asking.limit, STORE_PAGE))
}

/// The signal that an id, or the beginning of one, stands for.
pub(super) fn signal_id(client: &Client, id: &str) -> Result<Uuid, CliError> {
    whole_id(client, id, "signal", ("/v1/signals", ("", "")))
}

/// The event that an id, or the beginning of one, stands for. Ids begin with their time, so the store has to look at
/// little.
pub(super) fn event_id(client: &Client, id: &str) -> Result<Uuid, CliError> {
    let (from, to) = moments(id).unwrap_or_default();
    whole_id(client, id, "event", ("/v1/events", (&from, &to)))
}

fn whole_id(
    client: &Client,
    id: &str,
    what: &'static str,
    (route, (from, to)): (&str, (&str, &str)),
) -> Result<Uuid, CliError> {
    if let Ok(id) = id.parse() {
        return Ok(id);
    }
    #[derive(serde::Deserialize)]
    struct Known {
        id: Uuid,
    }
    let query = format!("id:{id}*");
    // All of them are looked through: the oldest is as good as the newest.
    let from = if from.is_empty() { "1970-01-01T00:00:00Z" } else { from };
    let parameters = [("query", &*query), ("from", from), ("to", to), ("limit", CANDIDATES)];
    let found: List<Known> = ask(client.get(route, &given(&parameters)))?;
    match found.items.as_slice() {
        [one] => Ok(one.id),
        [] => Err(CliError::NoSuchId { what, id: id.to_owned() }),
        several => Err(CliError::ManyIds {
            what,
            id: id.to_owned(),
            ids: several.iter().map(|known| known.id.to_string()).collect(),
        }),
    }
}

/// Between which times the ids with a beginning were made: the first 48 bits of a UUID of version 7 are milliseconds
/// (RFC 9562 section 5.7).
fn moments(id: &str) -> Option<(String, String)> {
    const DIGITS: usize = 12;
    let digits: String = id.chars().filter(|c| *c != '-').take(DIGITS).collect();
    let unknown = 4 * u32::try_from(DIGITS - digits.len()).ok()?;
    let first = i64::from_str_radix(&digits, 16).ok()? << unknown;
    let end = first + (1 << unknown);
    let text = |at: i64| jiff::Timestamp::from_millisecond(at).ok().map(|at| at.to_string());
    // The store moves an event by less than a second where another has its time.
    Some((text(first - 1000)?, text(end + 1000)?))
}

/// Ids as lists show them: cut behind as many groups of digits as tell them apart from each other.
pub(super) fn short_ids(ids: &[Uuid]) -> Vec<String> {
    const CUTS: [usize; 4] = [13, 18, 23, 36];
    let whole: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    let cut =
        |length: usize| -> Vec<String> { whole.iter().map(|id| id.chars().take(length).collect()).collect() };
    let apart = |short: &[String]| {
        let mut known: Vec<(&String, &String)> = short.iter().zip(&whole).collect();
        known.sort();
        known.windows(2).all(|pair| match pair {
            [(one, whole), (other, another)] => one != other || whole == another,
            _ => true,
        })
    };
    CUTS.into_iter().map(cut).find(|short| apart(short)).unwrap_or(whole.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_cut_where_they_still_differ() {
        let id = |text: &str| -> Uuid { text.parse().expect("an id") };
        let one = id("019aa9a8-d300-7003-8000-40abcdef0123");
        let later = id("019aa9a8-d301-7003-8000-40abcdef0123");
        let twin = id("019aa9a8-d300-7003-8000-40abcdef0124");
        assert_eq!(short_ids(&[one, later]), ["019aa9a8-d300", "019aa9a8-d301"]);
        assert_eq!(short_ids(&[one, one]), ["019aa9a8-d300", "019aa9a8-d300"]);
        assert_eq!(short_ids(&[one, twin]), [one.to_string(), twin.to_string()]);
        assert!(short_ids(&[]).is_empty());
    }

    #[test]
    fn the_beginning_of_an_id_says_when() {
        let (from, to) = moments("019aa9a8-d300").expect("times");
        assert_eq!((from.as_str(), to.as_str()), ("2025-11-22T03:43:23.928Z", "2025-11-22T03:43:25.929Z"));
        let (from, to) = moments("019aa9").expect("times");
        assert!(from.starts_with("2025-11-22T") && to.starts_with("2025-11-22T"), "{from} {to}");
        assert_eq!((moments("------"), moments("")), (None, None));
    }
}
