//! Rules and signals together: scenarios, a benign day, restarts.

mod benign;
mod load;
mod plain;
mod scenario;
mod whole;

pub(super) use super::scenario::{SECOND, START, event};
use super::{Detection, rules};

/// Detection with the rules that come with Picket.
pub(super) fn builtin() -> Detection {
    let rules: Vec<_> = rules::builtin().unwrap().into_iter().map(std::sync::Arc::new).collect();
    Detection::new(&rules, [7; 16]).unwrap()
}
