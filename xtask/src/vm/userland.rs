//! What runs in the guest beside Picket: the services of the scenarios and the tools they are set up with.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::tree::Tree;
use crate::paths;

/// A program of this host that the guest needs.
struct Program {
    name: &'static str,
    package: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program { name: "nginx", package: "nginx-light" },
    Program { name: "apache2", package: "apache2-bin" },
    Program { name: "node", package: "nodejs" },
    Program { name: "ip", package: "iproute2" },
    Program { name: "tc", package: "iproute2" },
    Program { name: "ss", package: "iproute2" },
    Program { name: "bpftool", package: "bpftool" },
    Program { name: "openssl", package: "openssl" },
    Program { name: "env", package: "coreutils" },
];

/// Data that those programs read, taken when the host has it.
const DATA: &[&str] = &[
    "/etc/nginx/mime.types",
    "/etc/mime.types",
    "/etc/ssl/openssl.cnf",
    "/usr/lib/ssl/openssl.cnf",
    "/usr/share/nodejs",
];

/// Apache modules that bring large libraries (ICU, LDAP, Lua, curl) and that no scenario loads.
const APACHE_SKIPPED: &[&str] =
    &["authnz_ldap", "dav_svn", "ldap", "lua", "md", "passenger", "perl", "proxy_html", "xml2enc"];

/// Parts of Python's library that no service needs.
const PYTHON_SKIPPED: &[&str] = &[
    "__phello__",
    "config-",
    "dist-packages",
    "distutils",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
    "_tkinter",
    "_dbm",
    "_gdbm",
    "pip",
    "setuptools",
];

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
                      www-data:x:33:33:www-data:/var/www:/bin/sh\n\
                      nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n";
const GROUP: &str = "root:x:0:\nadm:x:4:\nwww-data:x:33:\nnogroup:x:65534:\n";

/// The guest's files that are the same for every kernel and every run.
pub(super) fn userland() -> Result<Tree> {
    let mut tree = Tree::default();
    skeleton(&mut tree)?;
    for program in PROGRAMS {
        let path = paths::find_program(program.name).with_context(|| {
            format!(
                "the guest needs {} (package {}); `cargo xtask setup` installs it",
                program.name, program.package
            )
        })?;
        tree.program(&path)?;
    }
    for path in DATA.iter().map(Path::new).filter(|path| path.exists()) {
        match path.is_dir() {
            true => tree.directory_of_host(path, &|_| false)?,
            false => drop(tree.host(path)?),
        }
    }
    apache_modules(&mut tree)?;
    python(&mut tree)?;
    tree.add_libraries()?;
    Ok(tree)
}

/// Directories, accounts and names every program expects, and busybox for everything small.
fn skeleton(tree: &mut Tree) -> Result<()> {
    for link in ["/bin", "/sbin", "/lib", "/lib64"].map(Path::new) {
        if link.is_symlink() {
            tree.host(link)?;
        }
    }
    let directories = [
        "/dev",
        "/proc",
        "/sys",
        "/root",
        "/run",
        "/etc",
        "/var/www",
        "/var/lib/nginx",
        "/var/log/nginx",
        "/var/log/apache2",
    ];
    for path in directories {
        tree.directory(path, 0o755);
    }
    tree.directory("/tmp", 0o1777);
    tree.device("/dev/console", 5, 1);
    tree.text("/etc/passwd", 0o644, PASSWD);
    tree.text("/etc/group", 0o644, GROUP);
    tree.text("/etc/hosts", 0o644, "127.0.0.1 localhost\n::1 localhost\n");
    tree.text("/etc/nsswitch.conf", 0o644, "passwd: files\ngroup: files\nhosts: files\n");
    tree.symlink("/var/run", "../run");

    let busybox =
        paths::find_program("busybox").context("the guest needs busybox (package busybox-static)")?;
    let linked = Command::new("ldd").arg(&busybox).output()?.status.success();
    ensure!(!linked, "{} needs shared libraries: install busybox-static instead", busybox.display());
    tree.copy(&busybox, "/busybox/busybox");
    tree.symlink("/busybox/sh", "busybox");
    tree.symlink("/usr/bin/sh", "/busybox/sh");
    if !Path::new("/bin").is_symlink() {
        tree.symlink("/bin/sh", "/busybox/sh");
    }
    Ok(())
}

fn apache_modules(tree: &mut Tree) -> Result<()> {
    let modules = Path::new("/usr/lib/apache2/modules");
    tree.directory_of_host(modules, &|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        APACHE_SKIPPED.iter().any(|skipped| name.strip_prefix("mod_") == Some(*skipped))
    })
}

/// Debian's Python when the host has it (it starts faster and is smaller than a build of one's own), with
/// its library less what services never load.
fn python(tree: &mut Tree) -> Result<()> {
    let system = PathBuf::from("/usr/bin/python3");
    let python = if system.exists() {
        system
    } else {
        paths::find_program("python3").context("the guest needs python3")?
    };
    let script = "import sys, sysconfig\n\
                  print(getattr(sys, '_base_executable', sys.executable))\n\
                  print(sysconfig.get_path('stdlib'))\n\
                  print(sysconfig.get_path('platstdlib'))";
    let out = Command::new(&python).args(["-I", "-c", script]).output()?;
    ensure!(out.status.success(), "{}: {}", python.display(), String::from_utf8_lossy(&out.stderr));
    let out = String::from_utf8(out.stdout)?;
    let mut lines = out.lines().map(Path::new);
    let executable = lines.next().context("python3 named no executable")?;
    tree.program(executable)?;
    if executable != Path::new("/usr/bin/python3") {
        tree.symlink("/usr/bin/python3", &executable.to_string_lossy());
    }
    for library in lines {
        tree.directory_of_host(library, &|path| {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let stem = name.split('.').next().unwrap_or_default();
            name.ends_with(".a") || name.starts_with("config-") || PYTHON_SKIPPED.contains(&stem)
        })?;
    }
    Ok(())
}
