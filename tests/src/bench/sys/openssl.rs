//! OpenSSL's libssl, loaded at run time: two ends of TLS in one process, whose handshake goes over a socket and whose
//! data then go through memory, so that nothing but the library's calls is measured.

use std::{
    ffi::{CStr, CString, c_char, c_int, c_long, c_void},
    net::TcpStream,
    os::{fd::AsRawFd, unix::ffi::OsStrExt},
    path::Path,
    ptr,
};

use anyhow::{Context, Result, bail, ensure};
use libloading::Library;

const SSL: &CStr = c"libssl.so.3";
const CRYPTO: &CStr = c"libcrypto.so.3";
const SSL_FILETYPE_PEM: c_int = 1;
const SSL_CTRL_MODE: c_int = 33;
const SSL_MODE_AUTO_RETRY: c_long = 4;

type Object = *mut c_void;

/// Functions of libssl and libcrypto.
pub struct OpenSsl {
    context: unsafe extern "C" fn(*const c_void) -> Object,
    server: unsafe extern "C" fn() -> *const c_void,
    client: unsafe extern "C" fn() -> *const c_void,
    certificate: unsafe extern "C" fn(Object, *const c_char, c_int) -> c_int,
    key: unsafe extern "C" fn(Object, *const c_char, c_int) -> c_int,
    tickets: unsafe extern "C" fn(Object, usize) -> c_int,
    control: unsafe extern "C" fn(Object, c_int, c_long, *mut c_void) -> c_long,
    new: unsafe extern "C" fn(Object) -> Object,
    free: unsafe extern "C" fn(Object),
    socket: unsafe extern "C" fn(Object, c_int) -> c_int,
    accept: unsafe extern "C" fn(Object) -> c_int,
    connect: unsafe extern "C" fn(Object) -> c_int,
    read: unsafe extern "C" fn(Object, *mut c_void, c_int) -> c_int,
    write: unsafe extern "C" fn(Object, *const c_void, c_int) -> c_int,
    bios: unsafe extern "C" fn(Object, Object, Object),
    pair: unsafe extern "C" fn(*mut Object, usize, *mut Object, usize) -> c_int,
    _libraries: [Library; 2],
}

/// A function, by the type of the place it is for.
///
/// # Safety
///
/// The function has that type.
unsafe fn function<F: Copy>(library: &Library, name: &CStr) -> Result<F> {
    // SAFETY: the caller's promise.
    let found = unsafe { library.get::<F>(name.to_bytes_with_nul()) };
    Ok(*found.with_context(|| format!("no {name:?}"))?)
}

impl OpenSsl {
    /// Loads it.
    ///
    /// # Errors
    ///
    /// When OpenSSL 3 is not installed.
    pub fn load() -> Result<Self> {
        let open = |name: &CStr| {
            // SAFETY: OpenSSL's initialisers may run at any time.
            let library = unsafe { Library::new(name.to_str()?) };
            library.with_context(|| format!("{name:?}: OpenSSL 3 is not installed"))
        };
        let (crypto, ssl) = (open(CRYPTO)?, open(SSL)?);
        // SAFETY: types as in OpenSSL 3's ssl.h and bio.h; the libraries stay loaded as long as the functions are held.
        unsafe {
            Ok(Self {
                context: function(&ssl, c"SSL_CTX_new")?,
                server: function(&ssl, c"TLS_server_method")?,
                client: function(&ssl, c"TLS_client_method")?,
                certificate: function(&ssl, c"SSL_CTX_use_certificate_file")?,
                key: function(&ssl, c"SSL_CTX_use_PrivateKey_file")?,
                tickets: function(&ssl, c"SSL_CTX_set_num_tickets")?,
                control: function(&ssl, c"SSL_CTX_ctrl")?,
                new: function(&ssl, c"SSL_new")?,
                free: function(&ssl, c"SSL_free")?,
                socket: function(&ssl, c"SSL_set_fd")?,
                accept: function(&ssl, c"SSL_accept")?,
                connect: function(&ssl, c"SSL_connect")?,
                read: function(&ssl, c"SSL_read")?,
                write: function(&ssl, c"SSL_write")?,
                bios: function(&ssl, c"SSL_set_bio")?,
                pair: function(&crypto, c"BIO_new_bio_pair")?,
                _libraries: [crypto, ssl],
            })
        }
    }

    /// The address of a function of libssl or libcrypto.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn address(&self, name: &CStr) -> Result<usize> {
        let mut libraries = self._libraries.iter();
        // SAFETY: an address, never called.
        let found = libraries.find_map(|library| unsafe { function::<*const c_void>(library, name) }.ok());
        Ok(found.with_context(|| format!("no {name:?}"))?.addr())
    }

    /// Shakes hands over two ends of a connection, then lets both ends speak through memory.
    ///
    /// # Errors
    ///
    /// When the handshake fails.
    pub fn pair(
        &self,
        certificate: &Path,
        key: &Path,
        server: &TcpStream,
        client: &TcpStream,
    ) -> Result<Pair<'_>> {
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes());
        let (certificate, key) = (text(certificate)?, text(key)?);
        // SAFETY: objects that were just made, each checked; texts outlive the calls; the two threads use an object each.
        unsafe {
            let made =
                |object: Object| if object.is_null() { bail!("OpenSSL has no memory") } else { Ok(object) };
            let server_context = made((self.context)((self.server)()))?;
            let client_context = made((self.context)((self.client)()))?;
            let used = (self.certificate)(server_context, certificate.as_ptr(), SSL_FILETYPE_PEM) == 1
                && (self.key)(server_context, key.as_ptr(), SSL_FILETYPE_PEM) == 1;
            ensure!(used, "OpenSSL does not take the certificate");
            // Tickets would still be on the socket when both ends speak through memory.
            (self.tickets)(server_context, 0);
            for context in [server_context, client_context] {
                (self.control)(context, SSL_CTRL_MODE, SSL_MODE_AUTO_RETRY, ptr::null_mut());
            }
            let ends = Pair {
                library: self,
                server: made((self.new)(server_context))?,
                client: made((self.new)(client_context))?,
            };
            ensure!((self.socket)(ends.server, server.as_raw_fd()) == 1, "SSL_set_fd failed");
            ensure!((self.socket)(ends.client, client.as_raw_fd()) == 1, "SSL_set_fd failed");
            let (accept, accepting) = (self.accept, ends.server.expose_provenance());
            let accepted = std::thread::scope(|scope| {
                let thread = scope.spawn(move || accept(ptr::with_exposed_provenance_mut(accepting)));
                let connected = (self.connect)(ends.client);
                thread.join().map(|accepted| (accepted, connected))
            });
            ensure!(matches!(accepted, Ok((1, 1))), "the handshake failed: {accepted:?}");
            let (mut one, mut other) = (ptr::null_mut(), ptr::null_mut());
            ensure!((self.pair)(&raw mut one, 0, &raw mut other, 0) == 1, "BIO_new_bio_pair failed");
            (self.bios)(ends.server, one, one);
            (self.bios)(ends.client, other, other);
            Ok(ends)
        }
    }
}

/// Two ends of TLS.
pub struct Pair<'l> {
    library: &'l OpenSsl,
    server: Object,
    client: Object,
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The service's.
    Server,
    /// Its client's.
    Client,
}

impl Pair<'_> {
    fn object(&self, end: End) -> Object {
        match end {
            End::Server => self.server,
            End::Client => self.client,
        }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// When they don't go out at once.
    pub fn write(&mut self, end: End, bytes: &[u8]) -> Result<()> {
        let len = c_int::try_from(bytes.len())?;
        // SAFETY: a live object; the bytes outlive the call.
        let written = unsafe { (self.library.write)(self.object(end), bytes.as_ptr().cast(), len) };
        ensure!(written == len, "SSL_write gave {written} of {len}");
        Ok(())
    }

    /// Reads what has come; how many bytes.
    ///
    /// # Errors
    ///
    /// When nothing has.
    pub fn read(&mut self, end: End, bytes: &mut [u8]) -> Result<usize> {
        let len = c_int::try_from(bytes.len())?;
        // SAFETY: a live object; there is room for as many bytes as said.
        let read = unsafe { (self.library.read)(self.object(end), bytes.as_mut_ptr().cast(), len) };
        ensure!(read > 0, "SSL_read gave {read}");
        Ok(usize::try_from(read)?)
    }
}

impl Drop for Pair<'_> {
    fn drop(&mut self) {
        for object in [self.server, self.client] {
            // SAFETY: a live object, not used again; it frees its BIOs.
            unsafe { (self.library.free)(object) };
        }
    }
}
