//! Which kernel modules the guest loads, with what they depend on, in order.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::kernel::Kernel;

/// Modules the scenarios use. Nothing in the guest loads a module on demand, so each is named here.
const WANTED: &[&str] = &[
    "veth",
    "bridge",
    "dummy", // network namespaces with hosts of their own
    "inet_diag",
    "tcp_diag", // listing sockets that are older than the agent
    "sch_ingress",
    "cls_bpf",   // tc programs
    "sch_netem", // loss and reordering
    "nf_tables", // the flood that a set of nftables drops, for comparison
];

/// A module, uncompressed.
pub(super) struct Module {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// What the guest loads, and what this kernel does not have.
#[derive(Default)]
pub(super) struct Modules {
    /// In the order of loading.
    pub load: Vec<Module>,
    /// Wanted, but neither built in nor shipped.
    pub lacking: Vec<&'static str>,
}

impl Modules {
    /// Finds [`WANTED`] in the kernel's module tree.
    pub(super) fn of(kernel: &Kernel) -> Result<Self> {
        let mut files = BTreeMap::new();
        index(&kernel.modules, &mut files)?;
        let builtin = fs::read_to_string(kernel.modules.join("modules.builtin"))?;
        let builtin: Vec<String> = builtin.lines().filter_map(|line| module_name(Path::new(line))).collect();
        let mut modules = Self::default();
        for name in WANTED {
            if !builtin.iter().any(|have| have == name) && !modules.add(name, &files)? {
                modules.lacking.push(name);
            }
        }
        Ok(modules)
    }

    /// Adds `name` after what it depends on. False: the kernel has no such module.
    fn add(&mut self, name: &str, files: &BTreeMap<String, PathBuf>) -> Result<bool> {
        if self.load.iter().any(|module| module.name == name) {
            return Ok(true);
        }
        let Some(path) = files.get(name) else { return Ok(false) };
        let bytes = read_module(path)?;
        for dependency in dependencies(&bytes) {
            let found = self.add(&dependency, files)?;
            ensure!(found, "{}: depends on {dependency}, which is not shipped", path.display());
        }
        self.load.push(Module { name: name.to_owned(), bytes });
        Ok(true)
    }
}

/// Every module file below `dir`, by name.
fn index(dir: &Path, files: &mut BTreeMap<String, PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            index(&path, files)?;
        } else if let Some(name) = module_name(&path) {
            files.insert(name, path);
        }
    }
    Ok(())
}

/// `x/act-bpf.ko.xz` is the module `act_bpf`.
fn module_name(path: &Path) -> Option<String> {
    let (name, rest) = path.file_name()?.to_str()?.split_once(".ko")?;
    matches!(rest, "" | ".xz" | ".zst" | ".gz").then(|| name.replace('-', "_"))
}

fn read_module(path: &Path) -> Result<Vec<u8>> {
    let tool = match path.extension().and_then(|end| end.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return fs::read(path).with_context(|| path.display().to_string()),
    };
    let out = Command::new(tool)
        .args(["--decompress", "--stdout"])
        .arg(path)
        .output()
        .with_context(|| format!("cannot run {tool}"))?;
    ensure!(out.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&out.stderr));
    Ok(out.stdout)
}

/// The `depends=` entry of a module's `.modinfo` section, a list of `key=value` strings ended by NUL.
fn dependencies(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(start) = module.windows(KEY.len()).position(|window| window == KEY) else { return Vec::new() };
    let value = module.get(start + KEY.len()..).unwrap_or_default();
    let value = value.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(value)
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_names_are_the_kernels() {
        assert_eq!(module_name(Path::new("kernel/net/sched/act-bpf.ko.xz")).as_deref(), Some("act_bpf"));
        assert_eq!(module_name(Path::new("veth.ko")).as_deref(), Some("veth"));
        assert_eq!(module_name(Path::new("modules.order")), None);
    }

    #[test]
    fn dependencies_are_read_from_modinfo() {
        assert_eq!(dependencies(b"x\0license=GPL\0depends=stp,ip-tunnel\0intree=Y\0"), ["stp", "ip_tunnel"]);
        assert!(dependencies(b"x\0depends=\0intree=Y\0").is_empty());
        assert!(dependencies(b"nothing").is_empty());
    }
}
