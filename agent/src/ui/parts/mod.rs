//! Pieces that pages are made of: from typed data to HTML, nothing else.

pub(super) mod badge;
pub(super) mod chart;
pub(super) mod columns;
pub(super) mod empty;
pub(super) mod facets;
pub(super) mod facts;
pub(super) mod form;
pub(super) mod fresh;
pub(super) mod icon;
pub(super) mod link;
pub(super) mod marked;
pub(super) mod pager;
pub(super) mod query;
pub(super) mod range;
pub(super) mod table;
pub(super) mod tabs;
pub(super) mod tiles;
pub(super) mod time;
