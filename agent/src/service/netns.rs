//! Network namespaces of this host, and entering them.
//!
//! Nothing is kept open between two scans: a socket or a namespace fd held by the agent would keep
//! the namespace of a stopped container alive, with its interfaces.

use std::{collections::BTreeMap, fs::File, io, ops::ControlFlow, os::fd::AsFd};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace and the processes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netns {
    /// Inode of the namespace file; unique while the namespace lives.
    pub inode: u64,
    /// Processes in it, ascending; never empty.
    pub pids: Vec<u32>,
}

/// The network namespaces that hold processes, as far as `/proc` may be read.
#[must_use]
pub fn all(pids: &[u32]) -> Vec<Netns> {
    let mut found: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for &pid in pids {
        if let Some(inode) = of(pid) {
            found.entry(inode).or_default().push(pid);
        }
    }
    found.into_iter().map(|(inode, pids)| Netns { inode, pids }).collect()
}

/// The network namespace of a process: the number in `net:[4026531840]`.
#[must_use]
pub fn of(pid: u32) -> Option<u64> {
    let link = std::fs::read_link(format!("/proc/{pid}/ns/net")).ok()?;
    link.to_str()?.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok()
}

/// Runs `visit` inside each namespace in turn until it breaks, on a thread of its own, so that the
/// caller's namespace never changes. A namespace that is gone is passed over; one that may not be
/// entered is visited with the error.
pub fn visit<'n>(
    namespaces: impl IntoIterator<Item = &'n Netns> + Send,
    mut visit: impl FnMut(&Netns, io::Result<()>) -> ControlFlow<()> + Send,
) {
    let run = || {
        let mut current = of(std::process::id());
        for namespace in namespaces {
            let entered = if current == Some(namespace.inode) { Ok(true) } else { enter(namespace) };
            let flow = match entered {
                Ok(false) => ControlFlow::Continue(()),
                Ok(true) => {
                    current = Some(namespace.inode);
                    visit(namespace, Ok(()))
                }
                Err(error) => visit(namespace, Err(error)),
            };
            if flow.is_break() {
                return;
            }
        }
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("picket-netns".into()).spawn_scoped(scope, run);
        match thread.map(|thread| thread.join()) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => tracing::error!("looking into network namespaces failed"),
            Err(error) => tracing::warn!(%error, "no thread to look into network namespaces with"),
        }
    });
}

/// Moves the calling thread into the namespace; `false` when it is gone.
///
/// # Errors
///
/// `EPERM` without `CAP_SYS_ADMIN` over the namespace.
fn enter(namespace: &Netns) -> io::Result<bool> {
    for &pid in &namespace.pids {
        let Ok(file) = File::open(format!("/proc/{pid}/ns/net")) else { continue };
        // The process may have moved, or the pid may be another process by now.
        use std::os::unix::fs::MetadataExt as _;
        if file.metadata()?.ino() != namespace.inode {
            continue;
        }
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
        return Ok(true);
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_namespace_is_found_and_visited_without_moving_the_caller() {
        let before = of(std::process::id()).expect("own namespace");
        let namespaces = all(&super::super::process::all());
        let own: Vec<_> = namespaces.iter().filter(|namespace| namespace.inode == before).cloned().collect();
        assert_eq!(own.len(), 1);
        assert!(own[0].pids.contains(&std::process::id()));
        let mut visited = Vec::new();
        visit(&own, |namespace, entered| {
            visited.push((namespace.inode, entered.is_ok()));
            ControlFlow::Continue(())
        });
        assert_eq!(visited, [(before, true)]);
        assert_eq!(of(std::process::id()), Some(before));
    }

    #[test]
    fn a_namespace_that_is_gone_is_passed_over() {
        let gone = [Netns { inode: 1, pids: vec![u32::MAX, std::process::id()] }];
        visit(&gone, |namespace, _| panic!("visited {namespace:?}"));
    }
}
