//! Container and pod of a process, read from the text of `/proc/<pid>/cgroup`.
#![forbid(unsafe_code)]

/// What the cgroup paths of a process say about where it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// Path in the cgroup v2 hierarchy; the longest v1 path where there is no v2 one.
    pub path: String,
    /// Container id: 64 hexadecimal digits with docker, containerd, CRI-O and podman.
    pub container_id: Option<String>,
    /// Kubernetes pod uid, `8-4-4-4-12` hexadecimal digits (32 digits without dashes for static pods).
    pub pod_uid: Option<String>,
}

/// Reads `/proc/<pid>/cgroup`: lines `hierarchy:controllers:path` (cgroups(7)). Both cgroup versions,
/// both drivers (systemd: `kubepods-burstable-pod<uid>.slice/cri-containerd-<id>.scope`; cgroupfs:
/// `kubepods/burstable/pod<uid>/<id>`). The innermost container of the path counts.
#[must_use]
pub fn parse(text: &str) -> Placement {
    let mut placement = Placement::default();
    let mut v2_path = None;
    for line in text.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if controllers.is_empty() && line.starts_with("0:") {
            v2_path = Some(path);
        }
        if path.len() > placement.path.len() {
            path.clone_into(&mut placement.path);
        }
        for part in path.split('/').filter(|part| !part.is_empty()) {
            if let Some(id) = container_id(part) {
                placement.container_id = Some(id.to_owned());
            }
            if let Some(uid) = pod_uid(part) {
                placement.pod_uid = Some(uid);
            }
        }
    }
    // On a hybrid host the v2 path is often just "/": then the v1 path says more.
    if let Some(path) = v2_path.filter(|path| *path != "/" || placement.path.is_empty()) {
        path.clone_into(&mut placement.path);
    }
    placement
}

/// Prefixes of a systemd scope or service in front of the container id, by runtime.
const SCOPES: [&str; 6] = ["docker-", "cri-containerd-", "crio-", "libpod-", "containerd-", "nerdctl-"];

/// The container id in one path element, if it is one.
fn container_id(part: &str) -> Option<&str> {
    let part = part.strip_suffix(".scope").or_else(|| part.strip_suffix(".service")).unwrap_or(part);
    // containerd with the systemd driver before 1.6 may leave `system.slice:prefix:id`.
    let part = part.rsplit(':').next().unwrap_or(part);
    let id = SCOPES.iter().find_map(|scope| part.strip_prefix(scope)).unwrap_or(part);
    (id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit())).then_some(id)
}

/// The pod uid in one path element: `pod<uid>` or `kubepods-besteffort-pod<uid with _>.slice`.
fn pod_uid(part: &str) -> Option<String> {
    let part = part.split(':').next().unwrap_or(part);
    let part = part.strip_suffix(".slice").unwrap_or(part);
    let uid = if let Some(rest) = part.strip_prefix("kubepods") {
        rest.rsplit_once("-pod")?.1
    } else if let Some((before, uid)) = part.rsplit_once("-pod") {
        // Kubelets with a cgroup root of their own, such as `kubelet-kubepods-burstable-pod<uid>`.
        before.contains("kubepods").then_some(uid)?
    } else {
        part.strip_prefix("pod")?
    };
    let uid = uid.replace('_', "-");
    let dashed = uid.len() == 36
        && uid.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        });
    let plain = uid.len() == 32 && uid.bytes().all(|b| b.is_ascii_hexdigit());
    (dashed || plain).then_some(uid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "3f1d7a5c0b9e4d2f8a6c1e3b5d7f90a2c4e6b8d0f1a3c5e7091b2d4f6a8c0e1f";
    const UID: &str = "5f3c2a1e-9b7d-4c6e-8f0a-1b2c3d4e5f60";
    const UID_: &str = "5f3c2a1e_9b7d_4c6e_8f0a_1b2c3d4e5f60";

    #[test]
    fn containers_and_pods_are_found_in_every_known_path() {
        let (id, uid) = (Some(ID), Some(UID));
        let cases: &[(&str, Option<&str>, Option<&str>)] = &[
            // No container.
            ("0::/\n", None, None),
            ("0::/system.slice/nginx.service\n", None, None),
            ("0::/user.slice/user-1000.slice/session-3.scope\n", None, None),
            ("12:pids:/system.slice/ssh.service\n0::/system.slice/ssh.service\n", None, None),
            // docker: v2 systemd, v2 cgroupfs, v1 cgroupfs, v1 systemd.
            ("0::/system.slice/docker-{ID}.scope\n", id, None),
            ("0::/docker/{ID}\n", id, None),
            ("5:memory:/docker/{ID}\n4:cpu,cpuacct:/docker/{ID}\n", id, None),
            ("5:memory:/system.slice/docker-{ID}.scope\n0::/\n", id, None),
            // Rootless docker.
            ("0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope\n", id, None),
            // docker in docker: the innermost counts.
            (
                "0::/docker/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/docker/{ID}\n",
                id,
                None,
            ),
            // podman: with systemd, its payload below, rootless.
            ("0::/machine.slice/libpod-{ID}.scope\n", id, None),
            ("0::/machine.slice/libpod-{ID}.scope/container\n", id, None),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container\n",
                id,
                None,
            ),
            // containerd CRI: v2 systemd, guaranteed (no class in the name), v1 cgroupfs, v1 systemd.
            (
                "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{UID_}.slice/cri-containerd-{ID}.scope\n",
                id,
                uid,
            ),
            ("0::/kubepods.slice/kubepods-pod{UID_}.slice/cri-containerd-{ID}.scope\n", id, uid),
            ("11:memory:/kubepods/besteffort/pod{UID}/{ID}\n", id, uid),
            ("11:memory:/kubepods/pod{UID}/{ID}\n0::/kubepods/pod{UID}/{ID}\n", id, uid),
            (
                "0::/system.slice/containerd.service/kubepods-burstable-pod{UID_}.slice:cri-containerd:{ID}\n",
                id,
                uid,
            ),
            // kind: a node inside docker with a kubelet root of its own.
            (
                "0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{UID_}.slice/cri-containerd-{ID}.scope\n",
                id,
                uid,
            ),
            // CRI-O: systemd, with a conmon sibling, cgroupfs.
            (
                "0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UID_}.slice/crio-{ID}.scope\n",
                id,
                uid,
            ),
            ("9:cpu:/kubepods/burstable/pod{UID}/crio-{ID}\n", id, uid),
            ("0::/kubepods.slice/kubepods-pod{UID_}.slice/crio-conmon-{ID}.scope\n", None, uid),
            // nerdctl, and a sub-cgroup made inside the container (systemd in the container).
            ("0::/system.slice/nerdctl-{ID}.scope\n", id, None),
            ("0::/system.slice/docker-{ID}.scope/init.scope\n", id, None),
            // A cgroup namespace of the reader: relative paths.
            ("0::/../../kubepods-besteffort-pod{UID_}.slice/cri-containerd-{ID}.scope\n", id, uid),
            // Things that only look alike.
            ("0::/system.slice/docker-3f1d.scope\n", None, None),
            ("0::/podman/podcast\n", None, None),
            ("0::/kubepods.slice/kubepods-podnotauid.slice\n", None, None),
            ("not a cgroup line\n::\n\n", None, None),
        ];
        for (text, container, pod) in cases {
            let text = text.replace("{ID}", ID).replace("{UID}", UID).replace("{UID_}", UID_);
            let placement = parse(&text);
            assert_eq!(placement.container_id.as_deref(), *container, "container in {text}");
            assert_eq!(placement.pod_uid.as_deref(), *pod, "pod in {text}");
        }
        assert_eq!(cases.len(), 29);
    }

    #[test]
    fn static_pods_have_a_uid_without_dashes() {
        let placement = parse(&format!("0::/kubepods/burstable/poda4f1c7e09b3d5286e0f1a2b3c4d5e6f7/{ID}\n"));
        assert_eq!(placement.pod_uid.as_deref(), Some("a4f1c7e09b3d5286e0f1a2b3c4d5e6f7"));
    }

    #[test]
    fn the_path_is_the_v2_one_unless_that_says_nothing() {
        assert_eq!(parse("4:memory:/a/long/one\n0::/b\n").path, "/b");
        assert_eq!(parse("4:memory:/docker/x\n0::/\n").path, "/docker/x");
        assert_eq!(parse("0::/\n").path, "/");
        assert_eq!(parse("").path, "");
    }
}
