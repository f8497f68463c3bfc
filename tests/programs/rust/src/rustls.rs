//! A server with rustls under axum and hyper.

mod site;

use std::io::{Cursor, Read as _};
use std::sync::Arc;

use site::{Arguments, Failure, serve};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::read()?;
    let chain = CertificateDer::pem_file_iter(&arguments.certificate)?.collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&arguments.key)?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.max_early_data_size = 16 * 1024;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    serve(&arguments, move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.ok()?;
            // Comes before all else, and is not given by the stream.
            let mut early = Vec::new();
            if let Some(mut data) = stream.get_mut().1.early_data() {
                data.read_to_end(&mut early).ok()?;
            }
            let (read, write) = tokio::io::split(stream);
            Some(tokio::io::join(AsyncReadExt::chain(Cursor::new(early), read), write))
        }
    })
    .await
}
