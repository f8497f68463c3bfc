//! The benchmark about TLS is linked without symbols: its client speaks TLS with rustls, and Picket would set probes in
//! it, as it does not in clients on other machines.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-link-arg-bin=bench-tls=-s");
}
