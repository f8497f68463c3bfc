//! Packet sockets (packet(7)): frames as they are, many a system call.

use std::{
    ffi::CString,
    io, mem,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

use anyhow::{Context, Result, bail};

/// A socket that puts frames onto an interface, past its queue.
pub struct PacketSocket(OwnedFd);

/// Index of an interface of this thread's network namespace.
///
/// # Errors
///
/// When there is none of that name.
pub fn index_of(interface: &str) -> Result<u32> {
    let name = CString::new(interface)?;
    // SAFETY: a string that ends with a zero.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()).with_context(|| format!("interface {interface}")),
        index => Ok(index),
    }
}

/// Switches generic receive offload of an interface of this thread's network namespace on: every network
/// card has it on, and a veth with it hands its packets on as a card does (by NAPI).
///
/// # Errors
///
/// When there is no such interface, or it has none.
pub fn receive_offload(interface: &str) -> Result<()> {
    /// include/uapi/linux/ethtool.h
    const ETHTOOL_SGRO: u32 = 0x2c;
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error()).context("make a socket");
    }
    // SAFETY: the kernel just gave it to us.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let mut value = [ETHTOOL_SGRO, 1];
    // SAFETY: all zeros is a valid request.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(interface.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: the request and what it points to outlive the call.
    if unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL, &raw mut request) } < 0 {
        return Err(io::Error::last_os_error()).with_context(|| format!("switch on GRO of {interface}"));
    }
    Ok(())
}

impl PacketSocket {
    /// On an interface of this thread's network namespace.
    ///
    /// # Errors
    ///
    /// When there is none, or without the right to.
    pub fn on(interface: &str) -> Result<Self> {
        // Protocol 0: it receives nothing.
        // SAFETY: no pointers.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if fd < 0 {
            return Err(io::Error::last_os_error()).context("make a packet socket");
        }
        // SAFETY: the kernel just gave it to us.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: all zeros is a valid address.
        let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_ifindex = index_of(interface)?.cast_signed();
        let length = mem::size_of_val(&address) as libc::socklen_t;
        // SAFETY: the address outlives the call and is as long as said.
        if unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) } < 0 {
            return Err(io::Error::last_os_error()).context("bind a packet socket");
        }
        let on: libc::c_int = 1;
        // SAFETY: an int that outlives the call.
        let set = unsafe {
            libc::setsockopt(
                socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_QDISC_BYPASS,
                (&raw const on).cast(),
                mem::size_of_val(&on) as libc::socklen_t,
            )
        };
        if set < 0 {
            return Err(io::Error::last_os_error()).context("PACKET_QDISC_BYPASS");
        }
        Ok(Self(socket))
    }

    /// Sends `count` frames: `frames` again and again, in order.
    ///
    /// # Errors
    ///
    /// When the kernel refuses one for another reason than a full queue.
    pub fn flood(&self, frames: &[Vec<u8>], count: usize) -> Result<()> {
        if frames.is_empty() {
            bail!("nothing to send");
        }
        let mut vectors: Vec<libc::iovec> = frames
            .iter()
            .map(|frame| libc::iovec { iov_base: frame.as_ptr().cast_mut().cast(), iov_len: frame.len() })
            .collect();
        let mut messages: Vec<libc::mmsghdr> = vectors
            .iter_mut()
            .map(|vector| {
                // SAFETY: all zeros is a valid message.
                let mut message: libc::mmsghdr = unsafe { mem::zeroed() };
                message.msg_hdr.msg_iov = &raw mut *vector;
                message.msg_hdr.msg_iovlen = 1;
                message
            })
            .collect();
        let (mut sent, mut at) = (0, 0);
        while sent < count {
            let rest = &mut messages[at..];
            let most = rest.len().min(count - sent);
            // SAFETY: messages, vectors and frames outlive the call; there are `most` of them.
            let answer =
                unsafe { libc::sendmmsg(self.0.as_raw_fd(), rest.as_mut_ptr(), most as libc::c_uint, 0) };
            if answer < 0 {
                let error = io::Error::last_os_error();
                match error.raw_os_error() {
                    Some(libc::ENOBUFS | libc::EAGAIN | libc::EINTR) => continue,
                    _ => return Err(error).context("send frames"),
                }
            }
            sent += answer as usize;
            at = (at + answer as usize) % messages.len();
        }
        Ok(())
    }
}
