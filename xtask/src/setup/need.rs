//! The list of needs: what, why, for which group, how it is found and where it comes from.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use super::{
    Group::{self, Bench, Build, Demo, Fuzz, Rules, Test, Vm},
    cargo_tool::{self, CargoTool},
    npm,
    program::{self, Program},
    release::{self, Release},
    wheel::{self, Wheel},
};
use crate::{
    ebpf::toolchain,
    paths,
    process::{CommandExt as _, cargo},
};

/// One thing a group of commands cannot do without.
pub struct Need {
    /// The program, or what to call it.
    pub name: &'static str,
    /// What it is for.
    pub why: &'static str,
    /// Who needs it.
    pub groups: &'static [Group],
    /// Where it comes from.
    pub source: Source,
}

/// Where a need is met from.
pub enum Source {
    /// Debian packages; there when the program `Need::name` is.
    Packages(&'static [&'static str]),
    /// Debian packages, for something that is no program; there when one of these files is.
    Files(&'static [&'static str], &'static [&'static str]),
    /// Packages of npm, by the lock file of `tests/ui`.
    Npm,
    /// Files out of a Python wheel.
    Wheel(&'static Wheel),
    /// Packages of another Debian release, unpacked.
    Release(&'static Release),
    /// A program of ours.
    Program(&'static Program),
    /// A crate built by cargo into our own tools directory.
    Cargo(&'static CargoTool),
    /// A component of the rustup toolchain in use.
    Rustup(&'static str),
    /// The compiler and linker for eBPF.
    Toolchain,
    /// clippy made for that compiler.
    ToolchainClippy,
}

/// Everything, in the order it is looked for.
pub const NEEDS: &[Need] = &[
    need("cc", "links Rust programs", &[Build], Source::Packages(&["gcc", "libc6-dev"])),
    need("eBPF toolchain", "compiles the kernel programs", &[Build], Source::Toolchain),
    need("rustfmt", "checks formatting", &[Test], Source::Rustup("rustfmt")),
    need("clippy-driver", "checks the Rust code", &[Test], Source::Rustup("clippy")),
    need("eBPF clippy", "checks the kernel programs", &[Test], Source::ToolchainClippy),
    need("cargo-deny", "checks licences of dependencies", &[Test], Source::Cargo(&cargo_tool::CARGO_DENY)),
    need("c++", "compiles libFuzzer", &[Test, Fuzz], Source::Packages(&["g++"])),
    need("ip", "network namespaces", &[Test, Bench, Demo, Vm], Source::Packages(&["iproute2"])),
    need("nginx", "a service to watch", &[Test, Bench, Demo, Vm], Source::Packages(&["nginx"])),
    need("apache2", "a service to watch", &[Test, Vm], Source::Packages(&["apache2-bin"])),
    need("node", "a service to watch", &[Test, Bench, Vm], Source::Packages(&["nodejs"])),
    need("python3", "a service to watch", &[Test, Bench, Demo, Rules, Vm], Source::Packages(&["python3"])),
    need("curl", "a client", &[Test, Demo], Source::Packages(&["curl"])),
    need("openssl", "certificates for TLS services", &[Test, Bench, Vm], Source::Packages(&["openssl"])),
    need("go", "builds a service to watch", &[Test, Bench], Source::Packages(&["golang-go"])),
    need("GnuTLS", "a TLS library to find functions in", &[Test], GNUTLS),
    need("wrk", "drives load", &[Test, Bench], Source::Packages(&["wrk"])),
    need("bpftool", "counts what is in the kernel", &[Test, Bench, Vm], Source::Packages(&["bpftool"])),
    need("nft", "another firewall, to compare with", &[Test, Bench], Source::Packages(&["nftables"])),
    need("qemu-system-x86_64", "virtual machines", &[Vm], Source::Packages(&["qemu-system-x86"])),
    need("busybox", "small tools in the machines", &[Vm], Source::Packages(&["busybox-static"])),
    need("xz", "unpacks kernel modules", &[Vm], Source::Packages(&["xz-utils"])),
    need("strip", "makes what the machines load smaller", &[Vm], Source::Packages(&["binutils"])),
    need("cpio", "reads back the archives that we write", &[Test], Source::Packages(&["cpio"])),
    need("libmodsecurity", "another rule engine, to compare with", &[Test, Rules], LIBMODSECURITY),
    need("CRS", "the OWASP Core Rule Set", &[Test, Rules, Bench], CRS),
    need("nginx with ModSecurity", "another way to judge requests, to compare with", &[Bench], MODSECURITY),
    need("pip3", "fetches wheels", &[Test, Rules], Source::Packages(&["python3-pip"])),
    need("libddwaf", "another rule engine, to compare with", &[Test, Rules], Source::Wheel(&wheel::DDWAF)),
    need("prometheus-client", "reads our metrics", &[Test], Source::Wheel(&wheel::PROMETHEUS)),
    need("syslog-rfc5424-parser", "reads our syslog lines", &[Test], Source::Wheel(&wheel::SYSLOG)),
    need("lark", "reads the grammar of syslog lines", &[Test], Source::Wheel(&wheel::LARK)),
    need("pycef", "reads our CEF", &[Test], Source::Wheel(&wheel::CEF)),
    need("chromium", "a browser for the web UI", &[Test], Source::Packages(&["chromium"])),
    need("npm", "fetches what drives the browser", &[Test], Source::Packages(&["npm"])),
    need("playwright-core", "drives the browser", &[Test], Source::Npm),
    need("haproxy", "a TLS service to watch", &[Test], Source::Packages(&["haproxy"])),
    need("javac", "a TLS service to watch", &[Test], Source::Packages(&["openjdk-17-jdk-headless"])),
    need("uvicorn", "a TLS service to watch", &[Test], UVICORN),
    need("tornado", "a TLS service to watch", &[Test], TORNADO),
    need("libssl", "builds TLS services to watch", &[Test], LIBSSL),
    need("libgnutls", "builds a TLS service to watch", &[Test], LIBGNUTLS),
    need("go", "builds TLS services to watch", &[Test, Vm], Source::Packages(&["golang-go"])),
    need("cmake", "builds BoringSSL", &[Test], Source::Packages(&["cmake"])),
    need("libclang", "reads BoringSSL's headers for Rust", &[Test], LIBCLANG),
    need("Debian 11", "OpenSSL 1.1 and an old Go", &[Test, Vm], Source::Release(&release::BULLSEYE)),
    need("Debian 13", "a newer Go", &[Test], Source::Release(&release::TRIXIE)),
    built(&program::OPENSSL_3, &[Test]),
    built(&program::OPENSSL_1_1, &[Test]),
    built(&program::GNUTLS, &[Test]),
    built(&program::GO, &[Test, Vm]),
    built(&program::GO_STRIPPED, &[Test, Vm]),
    built(&program::GO_1_15, &[Test, Vm]),
    built(&program::GO_1_24, &[Test]),
    built(&program::RUSTLS, &[Test]),
    built(&program::RUSTLS_STRIPPED, &[Test]),
    built(&program::BORING, &[Test]),
];

const UVICORN: Source =
    Source::Files(&["python3-uvicorn"], &["/usr/lib/python3/dist-packages/uvicorn/__init__.py"]);
const TORNADO: Source =
    Source::Files(&["python3-tornado"], &["/usr/lib/python3/dist-packages/tornado/__init__.py"]);
const LIBSSL: Source = Source::Files(&["libssl-dev"], &["/usr/include/openssl/ssl.h"]);
const LIBGNUTLS: Source = Source::Files(&["libgnutls28-dev"], &["/usr/include/gnutls/gnutls.h"]);
const LIBCLANG: Source = Source::Files(
    &["libclang-14-dev"],
    &[
        "/usr/lib/llvm-14/lib/libclang.so",
        "/usr/lib/llvm-16/lib/libclang.so",
        "/usr/lib/llvm-19/lib/libclang.so",
        "/usr/lib/llvm-22/lib/libclang.so",
        "/usr/lib64/libclang.so",
    ],
);

const LIBMODSECURITY: Source = Source::Files(
    &["libmodsecurity3"],
    &[
        "/usr/lib/x86_64-linux-gnu/libmodsecurity.so.3",
        "/usr/lib/aarch64-linux-gnu/libmodsecurity.so.3",
        "/usr/lib64/libmodsecurity.so.3",
        "/usr/lib/libmodsecurity.so.3",
        "/usr/local/lib/libmodsecurity.so.3",
    ],
);
const GNUTLS: Source = Source::Files(
    &["libgnutls30"],
    &[
        "/usr/lib/x86_64-linux-gnu/libgnutls.so.30",
        "/usr/lib/aarch64-linux-gnu/libgnutls.so.30",
        "/usr/lib64/libgnutls.so.30",
    ],
);
const MODSECURITY: Source = Source::Files(
    &["libnginx-mod-http-modsecurity"],
    &["/usr/lib/nginx/modules/ngx_http_modsecurity_module.so"],
);
const CRS: Source = Source::Files(&["modsecurity-crs"], &["/usr/share/modsecurity-crs/rules"]);

const fn need(name: &'static str, why: &'static str, groups: &'static [Group], source: Source) -> Need {
    Need { name, why, groups, source }
}

const fn built(program: &'static Program, groups: &'static [Group]) -> Need {
    need(program.name, "a TLS service to watch", groups, Source::Program(program))
}

/// Packages of the eBPF compiler and of its linker's LLVM (Debian 12 with its security archive).
const COMPILER: &[&str] = &["rustc-web", "rust-web-src"];
const LINKER: &[&str] = &[
    "rustc-web",
    "rust-web-src",
    "llvm-22-dev",
    "libpolly-22-dev",
    "libzstd-dev",
    "zlib1g-dev",
    "g++",
    "pkg-config",
];

impl Need {
    /// Where it stands on this machine, or what is lacking.
    ///
    /// # Errors
    /// What is lacking, in words.
    pub fn find(&self) -> Result<String, String> {
        match &self.source {
            Source::Toolchain => toolchain::find()
                .map(|found| format!("{}, {}", found.name, found.linker.display()))
                .map_err(|lacks| lacks.to_string()),
            Source::ToolchainClippy => toolchain::find()
                .map_err(|lacks| lacks.to_string())
                .and_then(|found| found.clippy.ok_or_else(|| format!("{} brings none", found.name)))
                .map(|driver| driver.display().to_string()),
            Source::Rustup(_) => component_path(self.name).ok_or_else(|| "not in this toolchain".to_owned()),
            Source::Cargo(tool) => tool.find(),
            Source::Packages(_) => paths::find_program(self.name)
                .map(|path| path.display().to_string())
                .ok_or_else(|| "not found".to_owned()),
            Source::Files(_, places) => places
                .iter()
                .find(|place| Path::new(place).exists())
                .map(|place| (*place).to_owned())
                .ok_or_else(|| "not found".to_owned()),
            Source::Wheel(wheel) => wheel.find(),
            Source::Npm => npm::find(),
            Source::Release(release) => release.find(),
            Source::Program(program) => program.find(),
        }
    }

    /// Packages that have to be installed for it.
    pub fn packages(&self) -> &'static [&'static str] {
        match &self.source {
            Source::Packages(packages) | Source::Files(packages, _) => packages,
            Source::Toolchain => match toolchain::find() {
                Ok(_) => &[],
                Err(lacks) if lacks.linker => COMPILER,
                Err(_) => LINKER,
            },
            Source::ToolchainClippy => match toolchain::find() {
                Ok(found) if found.rustup.is_some() => &[],
                // When there is none yet, setup brings the system's.
                _ => &["rust-web-clippy"],
            },
            Source::Release(_) | Source::Program(_) => &[],
            Source::Cargo(_) | Source::Rustup(_) | Source::Wheel(_) | Source::Npm => &[],
        }
    }

    /// How a person gets it without setup.
    pub fn by_hand(&self) -> String {
        match &self.source {
            Source::Packages(packages) | Source::Files(packages, _) => {
                format!("package {} (Debian's name)", packages.join(" "))
            }
            Source::Cargo(tool) => tool.by_hand(),
            Source::Wheel(wheel) => wheel.by_hand(),
            Source::Npm => npm::by_hand(),
            Source::Release(release) => release.by_hand(),
            Source::Program(program) => program.by_hand(),
            Source::ToolchainClippy => "rustup component add clippy --toolchain nightly".to_owned(),
            Source::Rustup(component) => format!("rustup component add {component}"),
            Source::Toolchain => {
                "rustup toolchain install nightly --component rust-src; cargo install bpf-linker".to_owned()
            }
        }
    }
}

/// Adds a component to rustup's toolchain of that name, or the one in use.
pub fn add_component(component: &str, toolchain: Option<&str>) -> Result<()> {
    let Some(rustup) = paths::find_program("rustup") else {
        bail!("this Rust is not rustup's: get {component} from where it came from");
    };
    let toolchain = toolchain.into_iter().flat_map(|name| ["--toolchain", name]);
    Command::new(rustup).args(["component", "add", component]).args(toolchain).run()
}

/// Beside the cargo in use; rustup's stand-ins are always there and say nothing.
fn component_path(program: &str) -> Option<String> {
    let cargo = cargo();
    let beside = std::path::Path::new(cargo.get_program()).parent()?.join(program);
    let found = if beside.is_file() { beside } else { paths::find_program(program)? };
    Command::new(&found).arg("--version").succeeds().then(|| found.display().to_string())
}
