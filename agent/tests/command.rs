//! The built `picket` command: what a shell sees of it.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const PICKET: &str = env!("CARGO_BIN_EXE_picket");

fn picket(args: &[&str]) -> Output {
    Command::new(PICKET).args(args).stdin(Stdio::null()).output().expect("it is built")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("no signal")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// A copy that a user without rights may run.
struct ForNobody {
    directory: tempfile::TempDir,
}

impl ForNobody {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("directory");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(directory.path(), open.clone()).expect("permissions");
        fs::copy(PICKET, directory.path().join("picket")).expect("copy");
        fs::set_permissions(directory.path().join("picket"), open).expect("permissions");
        Self { directory }
    }

    fn program(&self) -> PathBuf {
        self.directory.path().join("picket")
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(self.program());
        command.args(args).current_dir("/").uid(65534).gid(65534).stdin(Stdio::null());
        command.output().expect("these tests run as root")
    }
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let nowhere = tempfile::tempdir().expect("directory");
    let nowhere = nowhere.path().to_str().expect("UTF-8");
    for (args, expected) in [
        (&["--help"][..], 0),
        (&["--version"], 0),
        (&["version", "--json"], 0),
        (&[], 2),
        (&["frobnicate"], 2),
        (&["block", "example.org"], 2),
        (&["--state-dir", nowhere, "stats"], 3),
        (&["--state-dir", nowhere, "block", "203.0.113.7"], 3),
    ] {
        let output = picket(args);
        assert_eq!(code(&output), expected, "{args:?}: {}", text(&output.stderr));
        assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "{args:?} says nothing");
    }
}

#[test]
fn a_user_without_rights_is_told_to_use_sudo() {
    let nobody = ForNobody::new();
    let output = nobody.run(&["run"]);
    assert_eq!(code(&output), 5, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("needs root") && text(&output.stderr).contains("sudo"));

    let output = nobody.run(&["doctor"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stdout).contains("not root") && text(&output.stdout).contains("sudo"));

    // Root's socket is there, but not for this user.
    let state = nobody.directory.path();
    let socket = std::os::unix::net::UnixListener::bind(state.join("picket.sock")).expect("bind");
    fs::set_permissions(state.join("picket.sock"), fs::Permissions::from_mode(0o600)).expect("permissions");
    let output = nobody.run(&["--state-dir", state.to_str().expect("UTF-8"), "services"]);
    assert_eq!(code(&output), 5, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("sudo"), "{}", text(&output.stderr));
    drop(socket);
}

#[test]
fn the_doctor_finds_this_host_fit() {
    let output = picket(&["doctor", "--json"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["watch"], true);
    assert!(report["checks"].as_array().is_some_and(|checks| checks.len() >= 20), "{report}");
    // A cgroup that is none.
    let output = picket(&["doctor", "--cgroup", "/proc"]);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stdout).contains("/proc: it is not a directory of a cgroup2 file system"));
}

#[test]
fn pipes_get_no_colour_and_may_close() {
    let output = picket(&["doctor"]);
    assert!(!output.stdout.contains(&0x1b), "colour goes to terminals only");

    let (reader, writer) = std::io::pipe().expect("pipe");
    drop(reader);
    let output =
        Command::new(PICKET).arg("doctor").stdout(writer).stderr(Stdio::piped()).output().expect("runs");
    assert_eq!((code(&output), text(&output.stderr)), (0, ""), "a closed pipe is the reader's choice");
}

#[test]
fn nothing_is_created_by_asking() {
    let parent = tempfile::tempdir().expect("directory");
    let state: &Path = &parent.path().join("state");
    let output = picket(&["--state-dir", state.to_str().expect("UTF-8"), "denylist"]);
    assert_eq!(code(&output), 3);
    assert!(!state.exists());
}
