//! Header fields; Cookie goes to its own address.

use super::{Address, Inputs, NodeId, cookies};
use crate::http::Header;

pub(super) fn read(headers: &[Header], inputs: &mut Inputs) {
    let (fields, cookies) = (inputs.wants(Address::Headers), inputs.wants(Address::Cookies));
    for header in headers {
        if header.name.eq_ignore_ascii_case(b"cookie") {
            if cookies {
                cookies::read(&header.value, inputs);
            }
        } else if fields {
            let node = inputs.named_lowercase(Address::Headers, NodeId::ROOT, &header.name);
            inputs.value(Address::Headers, node, &header.value);
        }
    }
}
