//! `rules_data` and `exclusion_data`.

use super::operator::network;
use crate::rules::{
    inapp::{
        ast::{Data, DataValues, Expiring},
        node::Node,
        position::ReadError,
    },
    seclang::names,
};

/// The kinds of data.
const TYPES: [&str; 2] = ["ip_with_expiration", "data_with_expiration"];

pub(super) fn read(node: Node<'_, '_>) -> Result<Data, ReadError> {
    let entry = node.object(&["id", "type", "data"])?;
    let id = entry.need("id")?.name()?;
    let (kind, data) = (entry.need("type")?, entry.need("data")?);
    let values = match kind.string()?.as_str() {
        "ip_with_expiration" => DataValues::Ip(values(data, network)?),
        "data_with_expiration" => DataValues::Text(values(data, |value| value.text())?),
        other => {
            let near = names::meant(other, TYPES);
            let near = if near.is_empty() { format!("; known are {}", TYPES.join(" and ")) } else { near };
            return Err(kind.error(format!("type {} is not known{near}", names::shown(other))));
        }
    };
    Ok(Data { id: id.into(), values, place: node.place() })
}

/// A value that is wrong is left out, not the list it stands in: a list of addresses to be blocked must not be
/// gone for one of them.
fn values<T>(
    node: Node<'_, '_>,
    read: impl Fn(Node<'_, '_>) -> Result<T, ReadError>,
) -> Result<Vec<Expiring<T>>, ReadError> {
    let mut values = Vec::new();
    for node in node.list()?.iter() {
        match value(node, &read) {
            Ok(value) => values.push(value),
            Err(error) => node.cx.leave_out(error)?,
        }
    }
    Ok(values)
}

fn value<T>(
    node: Node<'_, '_>,
    read: impl Fn(Node<'_, '_>) -> Result<T, ReadError>,
) -> Result<Expiring<T>, ReadError> {
    let entry = node.object(&["value", "expiration"])?;
    Ok(Expiring {
        value: read(entry.need("value")?)?,
        until: entry.get("expiration").map_or(Ok(0), |until| until.unsigned())?,
    })
}
