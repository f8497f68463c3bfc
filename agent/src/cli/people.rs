//! Those with the most events, as a table: client addresses and users.

use anstyle::AnsiColor;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    CliError, Exit,
    args::Asking,
    asked::listed,
    events::{more, nothing},
    screen::Screen,
    table::Table,
};
use crate::{
    api::{Client, types::List},
    limits::STORE_ACTORS,
};

/// A list of people, and how it looks.
pub(super) struct People<T, const COLUMNS: usize> {
    /// The API's path.
    pub route: &'static str,
    /// `actors`, `users`.
    pub what: &'static str,
    /// What to do when there are none.
    pub none: &'static str,
    pub headings: [&'static str; COLUMNS],
    /// Columns that get narrower, and those that go, where there is too little room.
    pub shrinking: &'static [(&'static str, usize)],
    pub dropping: &'static [&'static str],
    /// How the column STATE is painted.
    pub colour: fn(&str) -> Option<AnsiColor>,
    pub row: fn(&T, &Screen<'_>) -> [String; COLUMNS],
}

impl<T: Serialize + DeserializeOwned, const COLUMNS: usize> People<T, COLUMNS> {
    /// Asks for as many as are wanted, page by page, and prints them.
    pub fn list(&self, client: &Client, asking: &Asking, screen: &mut Screen<'_>) -> Result<Exit, CliError> {
        let (query, from, to) = asking.words();
        let parameters = [("query", &*query), ("from", &*from), ("to", &*to)];
        let list: List<T> = listed(client, self.route, &parameters, (asking.limit, STORE_ACTORS))?;
        if screen.json {
            screen.json(&list)?;
            return Ok(Exit::Done);
        }
        if list.items.is_empty() {
            nothing(self.what, asking, screen)?;
            screen.line(self.none)?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&self.headings)
            .shrinking(self.shrinking)
            .dropping(self.dropping)
            .painted("STATE", self.colour);
        for one in &list.items {
            table.row((self.row)(one, screen));
        }
        table.print(screen)?;
        more(&list.next, list.items.len(), screen)
    }
}
