//! A server with BoringSSL, linked statically, under axum and hyper.

mod site;

use boring::ssl::{AlpnError, SslAcceptor, SslFiletype, SslMethod, select_next_proto};
use site::{Arguments, Failure, serve};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::read()?;
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls())?;
    acceptor.set_certificate_chain_file(&arguments.certificate)?;
    acceptor.set_private_key_file(&arguments.key, SslFiletype::PEM)?;
    acceptor.set_alpn_select_callback(|_, offered| {
        select_next_proto(b"\x02h2\x08http/1.1", offered).ok_or(AlpnError::NOACK)
    });
    let acceptor = acceptor.build();
    serve(&arguments, move |stream| {
        let acceptor = acceptor.clone();
        async move { tokio_boring::accept(&acceptor, stream).await.ok() }
    })
    .await
}
