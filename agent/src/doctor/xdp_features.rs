//! Which interfaces have XDP in their driver, as the kernel says (netdev family of generic netlink,
//! Linux 6.3; Documentation/netlink/specs/netdev.yaml).
#![forbid(unsafe_code)]

use std::{io, os::fd::OwnedFd, time::Duration};

use netlink_packet_core::NlasIterator;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with, sockopt,
};

/// What one interface's driver can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct XdpFeatures {
    pub(super) index: u32,
    /// Pass, drop, abort and transmit: `NETDEV_XDP_ACT_BASIC`.
    pub(super) basic: bool,
}

/// `GENL_ID_CTRL`.
const CONTROL: u16 = 0x10;
/// `CTRL_CMD_GETFAMILY`, `CTRL_ATTR_FAMILY_ID`, `CTRL_ATTR_FAMILY_NAME`.
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;
/// `NETDEV_CMD_DEV_GET`, `NETDEV_A_DEV_IFINDEX`, `NETDEV_A_DEV_XDP_FEATURES`.
const DEV_GET: u8 = 1;
const IFINDEX: u16 = 1;
const XDP_FEATURES: u16 = 3;
/// `NLM_F_REQUEST`, and with `NLM_F_ROOT | NLM_F_MATCH` a dump.
const REQUEST: u16 = 1;
const DUMP: u16 = 0x300 | REQUEST;
/// Lengths of `struct nlmsghdr` and `struct genlmsghdr`.
const HEADER: usize = 16;
const GENERIC: usize = 4;

/// Asks for all interfaces of this network namespace.
///
/// # Errors
///
/// `ENOENT` before Linux 6.3.
pub(super) fn all() -> io::Result<Vec<XdpFeatures>> {
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::DGRAM, SocketFlags::CLOEXEC, Some(netlink::GENERIC))?;
    sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(Duration::from_secs(2)))?;
    let mut name = vec![0, 0];
    name.extend_from_slice(&FAMILY_NAME.to_ne_bytes());
    name.extend_from_slice(b"netdev\0\0");
    // Length of the attribute: four bytes of head, the name and its end.
    name.splice(..2, 11u16.to_ne_bytes());
    let mut family = None;
    ask(&socket, CONTROL, REQUEST, GET_FAMILY, &name, |attributes| {
        family = number(attributes, FAMILY_ID).or(family);
    })?;
    let family = family.and_then(|id| u16::try_from(id).ok()).ok_or(io::ErrorKind::InvalidData)?;
    let mut found = Vec::new();
    ask(&socket, family, DUMP, DEV_GET, &[], |attributes| {
        if let Some(index) = number(attributes, IFINDEX).and_then(|index| u32::try_from(index).ok()) {
            let features = number(attributes, XDP_FEATURES).unwrap_or(0);
            found.push(XdpFeatures { index, basic: features & 1 != 0 });
        }
    })?;
    Ok(found)
}

/// Sends one generic netlink request; `each` gets the attributes of every answer.
fn ask(
    socket: &OwnedFd,
    family: u16,
    flags: u16,
    command: u8,
    attributes: &[u8],
    mut each: impl FnMut(&[u8]),
) -> io::Result<()> {
    let len = u32::try_from(HEADER + GENERIC + attributes.len()).map_err(io::Error::other)?;
    let mut message = Vec::with_capacity(len as usize);
    message.extend_from_slice(&len.to_ne_bytes());
    message.extend_from_slice(&family.to_ne_bytes());
    message.extend_from_slice(&flags.to_ne_bytes());
    // Sequence number and port: the kernel gives them back, and there is one question at a time.
    message.extend_from_slice(&[0; 8]);
    message.extend_from_slice(&[command, 1, 0, 0]);
    message.extend_from_slice(attributes);
    send(socket, &message, SendFlags::empty())?;

    let mut datagram = vec![0; 64 * 1024];
    loop {
        let (held, _) = recv(socket, &mut datagram[..], RecvFlags::empty())?;
        let mut rest = datagram.get(..held).unwrap_or_default();
        while let Some((head, _)) = rest.split_at_checked(HEADER) {
            let len = u32::from_ne_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let kind = u16::from_ne_bytes([head[4], head[5]]);
            let payload = rest.get(HEADER..len).ok_or(io::ErrorKind::InvalidData)?;
            match kind {
                // NLMSG_ERROR and NLMSG_DONE begin with a negative errno, or 0.
                2 | 3 => {
                    let errno = payload.first_chunk().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
                    return if errno == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(-errno)) };
                }
                _ => each(payload.get(GENERIC..).unwrap_or_default()),
            }
            if flags & DUMP != DUMP {
                return Ok(());
            }
            rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

/// A 16, 32 or 64 bit attribute.
fn number(attributes: &[u8], wanted: u16) -> Option<u64> {
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.ok()?;
        if attribute.kind() != wanted {
            continue;
        }
        return match *attribute.value() {
            [a, b] => Some(u64::from(u16::from_ne_bytes([a, b]))),
            [a, b, c, d] => Some(u64::from(u32::from_ne_bytes([a, b, c, d]))),
            [a, b, c, d, e, f, g, h] => Some(u64::from_ne_bytes([a, b, c, d, e, f, g, h])),
            _ => None,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_about_every_interface_it_lists() {
        match all() {
            Ok(told) => {
                let index = std::fs::read_to_string("/sys/class/net/lo/ifindex").expect("loopback");
                let index: u32 = index.trim().parse().expect("a number");
                assert!(
                    told.iter().any(|told| told.index == index && !told.basic),
                    "lo is generic: {told:?}"
                );
            }
            // Before Linux 6.3.
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}"),
        }
    }
}
