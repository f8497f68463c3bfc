//! Network interfaces and XDP: looked at, never attached to.
#![forbid(unsafe_code)]

use std::{fs, path::Path};

use super::{
    Check, Job,
    xdp_features::{self, XdpFeatures},
};

/// Interfaces that are listed; a container host has hundreds of veths.
const LISTED: usize = 16;

/// Drivers with native XDP, for kernels before 6.3, which do not say so themselves.
const NATIVE: [&str; 24] = [
    "virtio_net",
    "veth",
    "e1000e",
    "igb",
    "igc",
    "ixgbe",
    "ixgbevf",
    "i40e",
    "ice",
    "mlx4_en",
    "mlx5_core",
    "ena",
    "gve",
    "bnxt_en",
    "nfp",
    "qede",
    "sfc",
    "thunder-nicvf",
    "tun",
    "hv_netvsc",
    "mana",
    "atlantic",
    "stmmac",
    "xen_netfront",
];

pub(super) fn bpffs() -> Check {
    let mounts = procfs::process::Process::myself().and_then(|me| me.mountinfo()).map(|mounts| mounts.0);
    let mounted = mounts.unwrap_or_default().into_iter().find(|mount| mount.fs_type == "bpf");
    match mounted {
        Some(mount) => Check::ok("bpffs", Job::Block, mount.mount_point.display().to_string()),
        None => Check::degraded(
            "bpffs",
            Job::Block,
            "not mounted",
            "nothing keeps blocks in force while the agent is down, until it is",
            "sudo mount -t bpf bpf /sys/fs/bpf (systemd does it at boot)",
        ),
    }
}

/// One check an interface.
pub(super) fn all() -> Vec<Check> {
    let told = xdp_features::all().unwrap_or_default();
    let mut names: Vec<String> = fs::read_dir("/sys/class/net")
        .map(|entries| entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
        .unwrap_or_default();
    // Physical ones first: these face attackers.
    names.sort_by_key(|name| (!Path::new("/sys/class/net").join(name).join("device").exists(), name.clone()));
    let more = names.len().saturating_sub(LISTED);
    let mut checks: Vec<Check> = names.iter().take(LISTED).map(|name| interface(name, &told)).collect();
    if more > 0 {
        checks.push(Check::ok("interface", Job::Block, format!("{more} more, virtual")));
    }
    checks
}

fn interface(name: &str, told: &[XdpFeatures]) -> Check {
    const ID: &str = "interface";
    let at = Path::new("/sys/class/net").join(name);
    let driver = fs::read_link(at.join("device/driver"))
        .ok()
        .and_then(|driver| Some(driver.file_name()?.to_string_lossy().into_owned()));
    let shown =
        driver.as_deref().map_or_else(|| format!("{name} (virtual)"), |driver| format!("{name} ({driver})"));
    let index: Option<u32> =
        fs::read_to_string(at.join("ifindex")).ok().and_then(|text| text.trim().parse().ok());
    let native = told.iter().find(|told| Some(told.index) == index).map(|told| told.basic);
    match (native, driver.as_deref()) {
        (Some(true), _) => Check::ok(ID, Job::Block, format!("{shown}: XDP in the driver (native)")),
        (None, Some(driver)) if NATIVE.contains(&driver) => Check::ok(
            ID,
            Job::Block,
            format!(
                "{shown}: this driver has native XDP; the kernel is too old to say whether as it is set now"
            ),
        ),
        // Virtual interfaces carry what came in elsewhere: generic is what there is.
        (_, None) => Check::ok(ID, Job::Block, format!("{shown}: XDP in the network stack (generic)")),
        _ => Check::degraded(
            ID,
            Job::Block,
            format!("{shown}: XDP in the network stack only (generic)"),
            "a dropped packet costs several times more than in the driver; floods use more CPU",
            "a network card (or virtual card) whose driver has native XDP; large MTUs can rule it out too",
        ),
    }
}
