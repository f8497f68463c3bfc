//! Header fields; Cookie goes to its own address.

use super::{Address, Inputs, NodeId, cookies};
use crate::{
    http::{Header, Request},
    rules::{model::Source, values::lanes::Lanes},
};

/// Where fields go.
#[derive(Clone, Copy)]
pub(super) struct Place {
    all: Address,
    /// Where those go that have not this name.
    others: Address,
    but: &'static [u8],
    cookies: bool,
}

/// Fields of a request.
pub(super) const REQUEST: Place =
    Place { all: Address::Headers, others: Address::HeadersNoCookies, but: b"cookie", cookies: true };
/// Fields of a response.
pub(super) const RESPONSE: Place = Place {
    all: Address::ResponseHeaders,
    others: Address::ResponseHeadersNoCookies,
    but: b"set-cookie",
    cookies: false,
};

pub(super) fn read(headers: &[Header], place: Place, inputs: &mut Inputs<'_>) {
    let cookies = place.cookies && inputs.wants(Address::Cookies);
    let (all, others) = (inputs.wants(place.all), inputs.wants(place.others));
    for header in headers {
        let is_other = !header.name.eq_ignore_ascii_case(place.but);
        if all || (others && is_other) {
            let lanes = |source| {
                let others = if is_other { Inputs::lane(place.others, source) } else { Lanes::NONE };
                Inputs::lane(place.all, source).and(others)
            };
            let address = if is_other { place.others } else { place.all };
            field(header, address, lanes(Source::Values), lanes(Source::Keys), inputs);
        }
        if !is_other && cookies {
            cookies::read(&header.value, inputs);
        }
    }
}

/// Trailer fields (RFC 9110 section 6.5).
pub(super) fn trailers(request: &Request, inputs: &mut Inputs<'_>) {
    if inputs.wants(Address::Trailers) {
        let lane = |source| Inputs::lane(Address::Trailers, source);
        for header in request.headers.get(request.head_fields().len()..).unwrap_or_default() {
            field(header, Address::Trailers, lane(Source::Values), lane(Source::Keys), inputs);
        }
    }
}

/// A field: its name in small letters, its value.
fn field(header: &Header, address: Address, values: Lanes, names: Lanes, inputs: &mut Inputs<'_>) {
    let Some(name) = inputs.lowercase(&header.name) else { return };
    let node = inputs.key_in(address, names, NodeId::ROOT, name);
    inputs.value_in(values, node, &header.value);
}
