//! Where things run: network namespaces, control groups and processes of our own, all gone afterwards.

mod cgroup;
mod directory;
mod netns;
mod process;

pub use cgroup::Cgroup;
pub use directory::Directory;
pub use netns::{Cable, Netns};
pub use process::{Process, find};
