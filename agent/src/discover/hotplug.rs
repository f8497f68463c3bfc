//! CPUs that come and go: their list, and the kernel's word when it changes.
#![forbid(unsafe_code)]

use std::{
    fs, io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, bind,
    netlink::{KOBJECT_UEVENT, SocketAddrNetlink},
    recv, socket_with,
};

const ONLINE: &str = "/sys/devices/system/cpu/online";
/// The group of the kernel's own messages; udev's are in another.
const KERNEL: u32 = 1;
/// Bytes of a message that are looked at: it begins with `online@/devices/system/cpu/cpu3`.
const MESSAGE: usize = 2048;

/// CPUs that are online.
pub(super) fn online() -> io::Result<Vec<u32>> {
    let text = fs::read_to_string(ONLINE)?;
    list(&text).ok_or_else(|| io::Error::other(format!("{ONLINE} says {text:?}, which is no list of CPUs")))
}

/// `0-3,8,10-11`.
fn list(text: &str) -> Option<Vec<u32>> {
    /// More than any kernel is built for (`CONFIG_NR_CPUS`).
    const MOST: u32 = 65_536;
    let mut cpus = Vec::new();
    for range in text.trim().split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
        if first > last || last >= MOST {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

/// Hears when a CPU comes or goes.
pub(super) struct Hotplug(OwnedFd);

impl Hotplug {
    pub(super) fn listen() -> io::Result<Self> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(KOBJECT_UEVENT),
        )?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL))?;
        Ok(Self(socket))
    }

    /// CPUs that came (true) or went since it was asked the last time, in order.
    pub(super) fn changes(&self) -> Vec<(u32, bool)> {
        let (mut changes, mut message) = (Vec::new(), [0; MESSAGE]);
        // Full or broken is as good as empty: who asks looks at the list of CPUs too.
        while let Ok((length, _)) = recv(&self.0, message.as_mut_slice(), RecvFlags::DONTWAIT) {
            changes.extend(message.get(..length).and_then(change));
        }
        changes
    }
}

impl AsFd for Hotplug {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn change(message: &[u8]) -> Option<(u32, bool)> {
    let first = message.split(|&b| b == 0).next()?;
    let (action, device) = std::str::from_utf8(first).ok()?.split_once('@')?;
    let cpu = device.strip_prefix("/devices/system/cpu/cpu")?.parse().ok()?;
    match action {
        "online" => Some((cpu, true)),
        "offline" | "remove" => Some((cpu, false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_cpus_are_read() {
        let table: [(&str, Option<&[u32]>); 7] = [
            ("0\n", Some(&[0])),
            ("0-3\n", Some(&[0, 1, 2, 3])),
            ("0-1,4,6-7\n", Some(&[0, 1, 4, 6, 7])),
            ("", Some(&[])),
            ("3-1", None),
            ("0-4294967295", None),
            ("x", None),
        ];
        for (text, expected) in table {
            assert_eq!(list(text).as_deref(), expected, "{text:?}");
        }
        assert!(!online().expect("this machine's").is_empty());
    }

    #[test]
    fn messages_about_cpus_are_told_from_others() {
        type Case<'a> = (&'a [u8], Option<(u32, bool)>);
        let table: [Case<'_>; 6] = [
            (b"online@/devices/system/cpu/cpu3\0ACTION=online\0", Some((3, true))),
            (b"offline@/devices/system/cpu/cpu12\0", Some((12, false))),
            (b"add@/devices/system/cpu/cpu3\0", None),
            (b"online@/devices/system/memory/memory3\0", None),
            (b"libudev\0", None),
            (b"", None),
        ];
        for (message, expected) in table {
            assert_eq!(change(message), expected, "{}", String::from_utf8_lossy(message));
        }
        Hotplug::listen().expect("the kernel's messages can be heard").changes();
    }
}
