//! The kernel matrix: the same scenarios on the oldest kernel we support, the newest, and those between.
//!
//! Each machine is a Debian cloud kernel in QEMU with a root file system in memory, packed from programs of
//! this host; nothing of it touches a network or a disk. A run is: newest kernels → one shared archive of
//! user-land → for each machine its modules and our binaries appended → QEMU → what it reported.

mod counter;
mod cpio;
mod features;
mod kernel;
mod modules;
mod payload;
mod qemu;
mod report;
mod tree;
mod userland;

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

pub use payload::Payload;
pub use report::{End, Outcome, Summary};

use kernel::{Kernel, MATRIX, Series};
use modules::Modules;
use qemu::{Accelerator, Machine};
use report::MachineReport;
use tree::Tree;

use crate::setup::{self, Group};
use crate::{machine, paths, say};

/// `cargo xtask vm`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  cargo xtask vm                          every kernel, every scenario
  cargo xtask vm --kernel 5.10            the oldest one only
  cargo xtask vm --kernel 6.1 --only deny/ --verbose
  cargo xtask vm --kernel 7.2 --shell     a prompt inside, with picket in /picket
  cargo xtask vm --checks-only            what each kernel allows, without building anything

Exit code 0: nothing failed on any kernel. What a kernel cannot run is named.")]
pub struct Args {
    #[command(flatten)]
    options: Options,
    /// Only check what each kernel allows: no scenarios, nothing built
    #[arg(long, conflicts_with_all = ["only", "agent", "scenarios"])]
    checks_only: bool,
    /// Test this agent instead of building one
    #[arg(long, value_name = "FILE", requires = "scenarios")]
    agent: Option<PathBuf>,
    /// Run this test program instead of building it
    #[arg(long, value_name = "FILE", requires = "agent")]
    scenarios: Option<PathBuf>,
}

/// What to run of the matrix.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Run only this kernel: 5.10, 6.1, 6.12, 7.2 (whatever Debian sid has now). May be repeated
    #[arg(long = "kernel", value_name = "SERIES")]
    pub kernels: Vec<String>,
    /// Run only the scenarios whose name contains this
    #[arg(long, value_name = "PATTERN")]
    pub only: Option<String>,
    /// Open a prompt in the machine of the first kernel chosen instead of running tests
    #[arg(long)]
    pub shell: bool,
    /// Show every line that the machines report
    #[arg(long)]
    pub verbose: bool,
    /// Stop a machine after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = LIMIT)]
    pub limit: u64,
    /// Debian mirror to fetch kernels from (default: this system's own)
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
}

/// The most seconds one machine may take, unless told otherwise.
const LIMIT: u64 = 900;

impl Default for Options {
    fn default() -> Self {
        Self { kernels: Vec::new(), only: None, shell: false, verbose: false, limit: LIMIT, mirror: None }
    }
}

/// Runs what `cargo xtask vm` asks for and prints the table.
///
/// # Errors
/// A machine failed, or the matrix could not run.
pub fn command(args: &Args) -> Result<()> {
    setup::ensure(&[Group::Vm])?;
    let payload = match (&args.agent, &args.scenarios) {
        (Some(agent), Some(scenarios)) => {
            Payload { agent: Some(agent.clone()), scenarios: Some(scenarios.clone()) }
        }
        _ if args.checks_only => Payload::default(),
        _ => Payload::build()?,
    };
    let summary = run(&args.options, &payload)?;
    if args.options.shell {
        return Ok(());
    }
    print!("{summary}");
    ensure!(summary.passed(), "the kernel matrix failed");
    Ok(())
}

/// How the guest mounts control groups.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cgroups {
    /// cgroup v2 at `/sys/fs/cgroup`.
    Unified,
    /// Controllers on v1, cgroup v2 at `/sys/fs/cgroup/unified`.
    Hybrid,
}

/// Runs the matrix with `payload` (what to test) and gives what each machine reported.
///
/// Machines run one after the other: each emulates two processors. A failing test is part of the summary;
/// an error means the matrix itself could not run.
pub fn run(options: &Options, payload: &Payload) -> Result<Summary> {
    let series: Vec<&'static Series> = match options.kernels.as_slice() {
        [] => MATRIX.iter().collect(),
        names => names.iter().map(|name| Series::named(name)).collect::<Result<_>>()?,
    };
    ensure!(machine::arch() == "x86_64", "the kernel matrix takes its programs from an x86_64 host");
    let cache = paths::cache();
    fs::create_dir_all(&cache)?;
    let kernels = kernel::fetch(&series, &cache, options.mirror.as_deref())?;
    for kernel in &kernels {
        say::detail(&features::describe(kernel));
    }

    let scratch = Scratch::new()?;
    let mut host = Host {
        accelerator: Accelerator::detect(),
        payload: payload.stripped(&scratch.0)?,
        image: Image::new(scratch.0.join("initramfs"), &userland::userland()?)?,
        console: scratch.0.join("console"),
    };
    say::detail(&format!(
        "user-land for the machines: {} MiB; they run with {}",
        host.image.base >> 20,
        host.accelerator
    ));
    let mut summary = Summary::default();
    for (kernel, cgroups) in machines(&kernels) {
        if let Some(report) = host.boot(options, kernel, cgroups)? {
            summary.machines.push(report);
        } else {
            break;
        }
    }
    Ok(summary)
}

/// What all machines of a run share.
struct Host {
    accelerator: Accelerator,
    payload: Payload,
    image: Image,
    /// Where a machine's kernel messages go.
    console: PathBuf,
}

impl Host {
    /// Runs one machine; nothing to report when a person used it.
    fn boot(
        &mut self,
        options: &Options,
        kernel: &Kernel,
        cgroups: Cgroups,
    ) -> Result<Option<MachineReport>> {
        let hybrid = cgroups == Cgroups::Hybrid;
        let title = kernel.title() + if hybrid { ", cgroup hybrid" } else { "" };
        say::step(&format!("Linux {title}"));
        let modules = Modules::of(kernel)?;
        self.image.append(&guest_files(options, &self.payload, &modules, self.accelerator)?)?;
        let machine = Machine {
            kernel: &kernel.image,
            initramfs: &self.image.path,
            command_line: if hybrid { "loglevel=4 picket.cgroup=hybrid" } else { "loglevel=4" },
            accelerator: self.accelerator,
            console: &self.console,
            limit: Duration::from_secs(options.limit),
        };
        if options.shell {
            say::detail("the machine stops when you leave the prompt; Ctrl-A X kills it");
            machine.interactive()?;
            return Ok(None);
        }
        let start = Instant::now();
        let outcome = machine.run(&mut |line| {
            if options.verbose || line.contains("PICKET-") {
                println!("{:6.1} s  {line}", start.elapsed().as_secs_f64());
            }
        })?;
        if self.accelerator == Accelerator::Kvm && outcome.boot_seconds.is_none() {
            // Virtualisation inside virtualisation may be offered and still not work.
            say::warning("the machine did not boot with KVM; software emulation from here on");
            self.accelerator = Accelerator::Tcg;
            return self.boot(options, kernel, cgroups);
        }
        Ok(Some(MachineReport {
            label: kernel.series.to_owned() + if hybrid { " hybrid" } else { "" },
            title,
            tests: outcome.tests,
            lacking_modules: modules.lacking,
            malformed: outcome.malformed,
            boot_seconds: outcome.boot_seconds,
            seconds: start.elapsed().as_secs_f64(),
            end: outcome.end,
            scenarios_expected: self.payload.is_complete(),
        }))
    }
}

/// Every kernel with control groups v2, and the oldest also as hybrid hosts have them.
fn machines(kernels: &[Kernel]) -> impl Iterator<Item = (&Kernel, Cgroups)> {
    kernels.iter().flat_map(|kernel| {
        let hybrid = (kernel.series == MATRIX[0].name).then_some((kernel, Cgroups::Hybrid));
        std::iter::once((kernel, Cgroups::Unified)).chain(hybrid)
    })
}

/// What differs from machine to machine: modules, our binaries, and what to run.
fn guest_files(
    options: &Options,
    payload: &Payload,
    modules: &Modules,
    accelerator: Accelerator,
) -> Result<Tree> {
    let mut tree = Tree::default();
    tree.text("/init", 0o755, include_str!("guest/init.sh"));
    tree.text("/picket/checks.py", 0o644, include_str!("guest/checks.py"));
    let mut order = String::new();
    for module in &modules.load {
        tree.text(&format!("/picket/modules/{}.ko", module.name), 0o644, module.bytes.clone());
        order += &format!("{}\n", module.name);
    }
    tree.text("/picket/modules/order", 0o644, order);
    payload.add_to(&mut tree)?;
    tree.text("/picket/run", 0o755, payload.script(options.only.as_deref(), accelerator.slowness()));
    if options.shell {
        tree.text("/picket/shell", 0o644, "");
    }
    Ok(tree)
}

/// A root file system in one file: user-land, packed once, and behind it what a machine adds.
struct Image {
    path: PathBuf,
    file: File,
    /// Bytes of user-land.
    base: u64,
}

impl Image {
    fn new(path: PathBuf, userland: &Tree) -> Result<Self> {
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        userland.pack(BufWriter::with_capacity(1 << 20, &file))?.flush()?;
        let base = align(&file)?;
        Ok(Self { path, file, base })
    }

    /// Replaces what stands behind user-land.
    fn append(&mut self, files: &Tree) -> Result<()> {
        self.file.set_len(self.base)?;
        self.file.seek(SeekFrom::Start(self.base))?;
        files.pack(BufWriter::with_capacity(1 << 20, &self.file))?.flush()?;
        align(&self.file)?;
        Ok(())
    }
}

/// The kernel looks for the next archive at a multiple of four; 512 is cpio's own block.
fn align(mut file: &File) -> Result<u64> {
    let end = file.stream_position()?.next_multiple_of(512);
    file.set_len(end)?;
    Ok(end)
}

/// A directory of this run, removed at its end; what a killed run left goes at the start of the next.
struct Scratch(PathBuf);

impl Scratch {
    const PREFIX: &str = "picket-vm-";

    fn new() -> Result<Self> {
        let parent = std::env::temp_dir();
        for entry in fs::read_dir(&parent).with_context(|| parent.display().to_string())?.flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.strip_prefix(Self::PREFIX)?.parse::<u32>().ok());
            if owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
                fs::remove_dir_all(entry.path()).ok();
            }
        }
        let dir = parent.join(format!("{}{}", Self::PREFIX, std::process::id()));
        fs::create_dir(&dir).with_context(|| dir.display().to_string())?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}
