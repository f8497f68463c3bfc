//! rustls.

use super::{
    found::Found,
    image::{Image, Named},
};

pub(super) const PARTS: &[&str] = &[];

pub(super) fn look(_image: &Image<'_>, _names: &Named<'_>, _runtimes: &mut Vec<Found>) {}
