//! What a kernel was built with, of the things Picket stands on. What it does in practice the guest tries
//! (`guest/checks.py`).

use super::kernel::Kernel;

/// A build option and what Picket needs it for.
const OPTIONS: &[(&str, &str)] = &[
    ("BPF_SYSCALL", "any eBPF"),
    ("BPF_JIT", "eBPF at the speed of native code"),
    ("CGROUP_BPF", "the tap (cgroup_skb) and sock_ops"),
    ("BPF_EVENTS", "uprobes and tracepoints"),
    ("UPROBES", "TLS libraries"),
    ("BPF_STREAM_PARSER", "protect mode (sockmap)"),
    ("DEBUG_INFO_BTF", "tracing programs with CO-RE"),
    ("XDP_SOCKETS", "AF_XDP (not needed)"),
    ("IO_URING", "services that read with io_uring"),
    ("INET_DIAG", "listing sockets older than the agent"),
    ("INET_TCP_DIAG", "listing sockets older than the agent"),
    ("VETH", "hosts in network namespaces"),
    ("NET_CLS_BPF", "tc programs"),
    ("NF_TABLES", "the comparison with nftables"),
    ("BPF_LSM", "LSM programs"),
    ("SECURITY_LOCKDOWN_LSM", "lockdown=confidentiality"),
];

/// One line about `kernel`: its name, and what it was built without.
pub(super) fn describe(kernel: &Kernel) -> String {
    let lacks = lacking(&kernel.config);
    let lacks = match lacks.is_empty() {
        true => "built with everything Picket uses".to_owned(),
        false => {
            let named: Vec<String> = lacks.iter().map(|(option, why)| format!("{option} ({why})")).collect();
            format!("built without {}", named.join(", "))
        }
    };
    format!("{:>5}: Linux {}; {lacks}", kernel.series, kernel.title())
}

/// Options that are neither built in nor modules.
fn lacking(config: &str) -> Vec<(&'static str, &'static str)> {
    let has = |option: &str| {
        config.lines().any(|line| {
            line.strip_prefix("CONFIG_")
                .and_then(|line| line.strip_prefix(option))
                .is_some_and(|rest| rest == "=y" || rest == "=m")
        })
    };
    OPTIONS.iter().copied().filter(|(option, _)| !has(option)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_are_off_are_named() {
        let mut config: String = OPTIONS.iter().map(|(option, _)| format!("CONFIG_{option}=m\n")).collect();
        assert!(lacking(&config).is_empty());
        config = config.replace("CONFIG_IO_URING=m", "# CONFIG_IO_URING is not set\nCONFIG_IO_URING_X=y");
        assert_eq!(lacking(&config), [("IO_URING", "services that read with io_uring")]);
    }
}
