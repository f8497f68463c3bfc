//! The functions of SQL that conditions call.

use std::sync::Arc;

use ipnet::IpNet;
use rusqlite::{
    Connection, Error, Result,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};

use super::{glob::Glob, matcher::contains, pattern::Pattern};
use crate::config::parse_network;

/// Gives a connection what conditions of [`Sql`](super::Sql) call: `picket_like(value, pattern)` and
/// `picket_in_network(address, network)`, and for lists, JSON arrays of texts, `picket_has(list, text)` and
/// `picket_has_like(list, pattern)`: whether one of the texts is it, or fits. All are 0 or 1, and 0 for what is no text.
/// The two for lists do what `json_each` would, in a tenth of the time: they are asked of a million rows.
///
/// # Errors
/// SQLite refuses, for want of memory.
pub fn register(connection: &Connection) -> Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("picket_like", 2, flags, |context| {
        let glob: Arc<Glob> = context.get_or_create_aux(1, |pattern| -> Result<_, Refused> {
            Ok(Glob::new(&Pattern::read(pattern.as_str().map_err(|error| error.to_string())?)))
        })?;
        Ok(text(context)?.is_some_and(|value| glob.matches(value)))
    })?;
    connection.create_scalar_function("picket_has_like", 2, flags, |context| {
        let glob: Arc<Glob> = context.get_or_create_aux(1, |pattern| -> Result<_, Refused> {
            Ok(Glob::new(&Pattern::read(pattern.as_str().map_err(|error| error.to_string())?)))
        })?;
        Ok(text(context)?.is_some_and(|list| any(list, |value| glob.matches(value))))
    })?;
    connection.create_scalar_function("picket_has", 2, flags, |context| {
        let sought = match context.get_raw(1) {
            value @ ValueRef::Text(_) => {
                value.as_str().map_err(|error| Error::UserFunctionError(error.into()))?
            }
            _ => return Ok(false),
        };
        Ok(text(context)?.is_some_and(|list| any(list, |value| value.eq_ignore_ascii_case(sought))))
    })?;
    connection.create_scalar_function("picket_in_network", 2, flags, |context| {
        let network: Arc<IpNet> = context.get_or_create_aux(1, |network| -> Result<_, Refused> {
            Ok(parse_network(network.as_str().map_err(|error| error.to_string())?)?)
        })?;
        Ok(text(context)?.is_some_and(|address| contains(&network, address)))
    })
}

/// Whether one of the texts in a JSON array holds; an array without escapes is read where it stands.
fn any(list: &str, mut holds: impl FnMut(&str) -> bool) -> bool {
    if !list.contains('\\') {
        // Between an odd quote and an even one is a text.
        return list.split('"').skip(1).step_by(2).any(holds);
    }
    let values: Vec<serde_json::Value> = serde_json::from_str(list).unwrap_or_default();
    values.iter().filter_map(serde_json::Value::as_str).any(&mut holds)
}

type Refused = Box<dyn std::error::Error + Send + Sync>;

fn text<'c>(context: &'c Context<'_>) -> Result<Option<&'c str>> {
    match context.get_raw(0) {
        value @ ValueRef::Text(_) => {
            value.as_str().map(Some).map_err(|error| Error::UserFunctionError(error.into()))
        }
        _ => Ok(None),
    }
}
