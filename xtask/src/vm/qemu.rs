//! Starts a kernel in QEMU and follows what it reports until it ends or its time is up.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::counter;
use super::report::{self, End, Line, Test};
use crate::paths;

/// What executes the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accelerator {
    /// The processor.
    Kvm,
    /// QEMU's translator: works everywhere, many times slower.
    Tcg,
}

impl Accelerator {
    /// KVM where the processor offers virtualisation and this user may open `/dev/kvm`.
    ///
    /// A `/dev/kvm` without vmx or svm is a host that virtualises in software (pvm); it boots only kernels
    /// made for it, and Debian's are not.
    pub(super) fn detect() -> Self {
        let flags = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let hardware = flags
            .lines()
            .find(|line| line.starts_with("flags"))
            .is_some_and(|line| line.split_whitespace().any(|flag| flag == "vmx" || flag == "svm"));
        let usable = fs::File::options().read(true).write(true).open("/dev/kvm").is_ok();
        if hardware && usable { Self::Kvm } else { Self::Tcg }
    }

    /// How many times longer the guest may take than the host, for deadlines and loads of the tests.
    ///
    /// Measured under TCG on two cores, idle but for the guest: a Python loop and SHA-256 take 17 times as
    /// long, a request to nginx on one connection 13 times.
    pub(super) fn slowness(self) -> u32 {
        match self {
            Self::Kvm => 1,
            Self::Tcg => 20,
        }
    }

    /// Until the first process reports.
    fn boot_limit(self) -> Duration {
        match self {
            Self::Kvm => Duration::from_secs(30),
            Self::Tcg => Duration::from_secs(120),
        }
    }
}

impl std::fmt::Display for Accelerator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Kvm => "KVM",
            Self::Tcg => "software emulation (no usable /dev/kvm)",
        })
    }
}

/// One machine to start.
pub(super) struct Machine<'a> {
    pub kernel: &'a Path,
    pub initramfs: &'a Path,
    /// Added to the kernel's command line.
    pub command_line: &'a str,
    pub accelerator: Accelerator,
    /// Where the kernel's own messages go.
    pub console: &'a Path,
    /// The most it may take from start to end.
    pub limit: Duration,
}

/// What a machine reported.
pub(super) struct Outcome {
    pub tests: Vec<Test>,
    pub malformed: u32,
    /// From the start of the emulator to the first process, in seconds of the host.
    pub boot_seconds: Option<f64>,
    pub end: End,
}

impl Machine<'_> {
    /// Runs it to its end, handing each line it reports to `show`.
    pub(super) fn run(&self, show: &mut dyn FnMut(&str)) -> Result<Outcome> {
        let mut command = self.command()?;
        // Two serial ports: the kernel's messages, and the reports.
        command
            .args(["-chardev", &format!("file,id=console,path={}", self.console.display())])
            .args(["-device", "isa-serial,chardev=console"])
            .args(["-chardev", "stdio,id=report,signal=off", "-device", "isa-serial,chardev=report"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let start = Instant::now();
        let mut child = Emulator(command.spawn().context("cannot start qemu-system-x86_64")?);
        let reports = child.0.stdout.take().context("standard output is a pipe")?;
        let errors = child.0.stderr.take();
        let (sender, receiver) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(reports).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                    break;
                }
            }
        });

        let mut outcome =
            Outcome { tests: Vec::new(), malformed: 0, boot_seconds: None, end: End::Finished(0) };
        let mut last = VecDeque::new();
        let mut exit = None;
        let mut booted = None;
        let why = loop {
            let limit = match outcome.boot_seconds {
                None => self.limit.min(self.accelerator.boot_limit()),
                Some(_) => self.limit,
            };
            match receiver.recv_timeout(limit.saturating_sub(start.elapsed())) {
                Ok(line) => {
                    show(&line);
                    match Line::parse(&line) {
                        Line::Booted { seconds } => {
                            outcome.boot_seconds = Some(start.elapsed().as_secs_f64());
                            booted = Some((start.elapsed(), seconds));
                        }
                        Line::Test(test) => outcome.tests.push(test),
                        Line::Malformed => outcome.malformed += 1,
                        Line::End { exit: code, seconds } => {
                            exit = Some(code);
                            outcome
                                .tests
                                .extend(booted.map(|booted| clock((start.elapsed(), seconds), booted)));
                        }
                        Line::Other => {}
                    }
                    last.push_back(line);
                    if last.len() > LAST_LINES {
                        last.pop_front();
                    }
                }
                Err(RecvTimeoutError::Timeout) if outcome.boot_seconds.is_none() => {
                    break format!("it did not boot within {} s", limit.as_secs());
                }
                Err(RecvTimeoutError::Timeout) => break format!("its time of {} s was up", limit.as_secs()),
                Err(RecvTimeoutError::Disconnected) => {
                    break "the machine stopped before its tests ended".to_owned();
                }
            }
        };
        child.stop();
        reader.join().ok();
        outcome.end = match exit {
            Some(code) => End::Finished(code),
            None => End::Lost { why, last_lines: self.last_lines(last, errors) },
        };
        Ok(outcome)
    }

    /// Runs it with its console on this terminal, until the person leaves.
    pub(super) fn interactive(&self) -> Result<()> {
        let mut command = self.command()?;
        command.args(["-serial", "mon:stdio", "-serial", "null"]);
        let status = command.status().context("cannot start qemu-system-x86_64")?;
        anyhow::ensure!(status.success(), "qemu ended with {status}");
        Ok(())
    }

    fn command(&self) -> Result<Command> {
        let qemu = paths::find_program("qemu-system-x86_64").context(
            "the kernel matrix needs QEMU (package qemu-system-x86); `cargo xtask setup` installs it",
        )?;
        // Should this process be killed, the emulator must not go on alone.
        let mut command = match paths::find_program("setpriv") {
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                command.args(["--pdeathsig", "KILL"]).arg(qemu);
                command
            }
            None => Command::new(qemu),
        };
        let accelerator = match self.accelerator {
            Accelerator::Kvm => ["-accel", "kvm", "-cpu", "host"],
            // Both processors in one thread. With a thread each, one may run a stale translation of code that
            // the other has just patched (static keys, probes): the kernel dies of a breakpoint that nobody
            // set, seen with QEMU 7.2 in 1 of 30 boots on a busy host.
            Accelerator::Tcg => ["-accel", "tcg,thread=single", "-cpu", "max"],
        };
        command
            .args(["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none"])
            .args(["-machine", "q35", "-smp", "2", "-m", "2G"])
            .args(accelerator)
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(self.initramfs)
            .args(["-append", &self.kernel_command_line()]);
        Ok(command)
    }

    fn kernel_command_line(&self) -> String {
        let mut line = format!("console=ttyS0 panic=-1 rdinit=/init {}", self.command_line);
        if self.accelerator == Accelerator::Tcg {
            // Without these the kernel falls back to the HPET, whose every reading stops the emulator (a round
            // trip over loopback took 6.4 ms instead of 0.4 ms), and guards against a processor it is not on.
            // The emulated counter is the host's; told its rate, a busy host cannot make the kernel measure
            // a wrong one (seen: a guest's clock at ten times the speed).
            line += &format!(" mitigations=off tsc=reliable tsc_early_khz={}", counter::khz());
        }
        line
    }

    /// The last lines of the kernel's messages, of the reports and of the emulator's own complaints.
    fn last_lines(&self, reports: VecDeque<String>, errors: Option<impl Read>) -> Vec<String> {
        let console = fs::read(self.console).unwrap_or_default();
        let mut complaints = String::new();
        if let Some(mut errors) = errors {
            errors.read_to_string(&mut complaints).ok();
        }
        let console = String::from_utf8_lossy(&console);
        let console: Vec<&str> = console.lines().collect();
        let console = &console[console.len().saturating_sub(LAST_LINES)..];
        let mut lines: Vec<String> =
            console.iter().map(|line| format!("console: {}", line.trim_end())).collect();
        lines.extend(reports);
        lines.extend(complaints.lines().map(|line| format!("qemu: {line}")));
        lines
    }
}

/// Whether the guest's clock kept pace with the host's between two reports, each (host, guest's seconds).
/// Deadlines, blocks that expire and every figure of the guest depend on it.
fn clock(now: (Duration, f64), then: (Duration, f64)) -> Test {
    let host = (now.0 - then.0).as_secs_f64();
    let guest = now.1 - then.1;
    let outcome = match (guest - host).abs() <= 1.0 + host * 0.1 {
        true => report::Outcome::Ok,
        false => report::Outcome::Failed,
    };
    let reason = format!("{guest:.1} s passed in the guest, {host:.1} s on the host");
    Test { kind: "machine".into(), name: "clock".into(), outcome, reason }
}

/// How much of each port is shown of a machine that was lost.
const LAST_LINES: usize = 40;

/// The emulator's process, which never outlives its run.
struct Emulator(Child);

impl Emulator {
    fn stop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.stop();
    }
}
