//! Not HTTP: a server that sends back what it gets.

use std::io::{self, Read, Write};
use std::net::TcpListener;

/// Serves connections, a thread each; `banner` is said first.
pub fn serve(listener: &TcpListener, banner: &'static [u8]) -> io::Result<()> {
    loop {
        let (mut stream, _) = listener.accept()?;
        std::thread::spawn(move || -> io::Result<()> {
            stream.set_nodelay(true)?;
            stream.write_all(banner)?;
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match stream.read(&mut buffer)? {
                    0 => return Ok(()),
                    read => stream.write_all(&buffer[..read])?,
                }
            }
        });
    }
}
