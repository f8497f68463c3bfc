//! The kernel matrix: the same scenarios on the oldest kernel we support, the newest, and those between.
//!
//! Each machine is a Debian cloud kernel in QEMU with a root file system in memory, packed from programs of
//! this host; nothing of it touches a network or a disk. A run is: newest kernels → one shared archive of
//! user-land → for each machine its modules and our binaries appended → QEMU → what it reported.

mod cpio;
mod debian;
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
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

pub use payload::Payload;
pub use report::Summary;

use kernel::{Kernel, MATRIX, Series};
use modules::Modules;
use qemu::{Accelerator, Machine};
use report::MachineReport;
use tree::Tree;

/// What to run of the matrix.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = "Examples:\n  \
    cargo xtask vm                        every kernel, every scenario\n  \
    cargo xtask vm --kernel 5.10          the oldest one only\n  \
    cargo xtask vm --kernel 6.1 --only tls --verbose\n  \
    cargo xtask vm --kernel 7.2 --shell   a prompt inside, with picket in /picket")]
pub struct Options {
    /// Run only this kernel: 5.10, 6.1, 6.12, 7.2 (whatever Debian sid has now). May be repeated
    #[arg(long = "kernel", value_name = "SERIES")]
    pub kernels: Vec<String>,
    /// Run only the scenarios whose name contains this
    #[arg(long, value_name = "PATTERN")]
    pub only: Option<String>,
    /// Open a prompt inside the machine instead of running tests (the first kernel chosen)
    #[arg(long)]
    pub shell: bool,
    /// Show every line the machine reports
    #[arg(long)]
    pub verbose: bool,
    /// Stop a machine after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    pub limit: u64,
    /// Debian mirror to fetch kernels from (default: this system's own)
    #[arg(long, value_name = "URL")]
    pub mirror: Option<String>,
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
    let cache = cache_dir()?;
    fs::create_dir_all(&cache)?;
    let kernels = kernel::fetch(&series, &cache, options.mirror.as_deref())?;
    for kernel in &kernels {
        println!("{}", features::describe(kernel));
    }

    let accelerator = Accelerator::detect();
    let scratch = Scratch::new()?;
    let payload = payload.stripped(&scratch.0)?;
    let mut image = Image::new(scratch.0.join("initramfs"), &userland::userland()?)?;
    println!("User-land for the guests: {} MiB; machines run with {accelerator}", image.base >> 20);

    let mut summary = Summary::default();
    for (kernel, cgroups) in machines(&kernels) {
        let modules = Modules::of(kernel)?;
        image.append(&guest_files(options, &payload, &modules, accelerator)?)?;
        let title = match cgroups {
            Cgroups::Unified => kernel.title(),
            Cgroups::Hybrid => format!("{}, cgroup hybrid", kernel.title()),
        };
        let machine = Machine {
            kernel: &kernel.image,
            initramfs: &image.path,
            command_line: match cgroups {
                Cgroups::Unified => "loglevel=4",
                Cgroups::Hybrid => "loglevel=4 picket.cgroup=hybrid",
            },
            accelerator,
            console: &scratch.0.join("console"),
            limit: Duration::from_secs(options.limit),
        };
        println!("\n=== Linux {title}");
        if options.shell {
            println!("The machine stops when you leave the prompt; Ctrl-A X kills it");
            machine.interactive()?;
            return Ok(summary);
        }
        summary.machines.push(report_of(
            &machine,
            title,
            modules.lacking,
            options.verbose,
            payload.is_complete(),
        )?);
    }
    Ok(summary)
}

/// Every kernel with control groups v2, and the oldest also as hybrid hosts have them.
fn machines(kernels: &[Kernel]) -> impl Iterator<Item = (&Kernel, Cgroups)> {
    kernels.iter().flat_map(|kernel| {
        let hybrid = (kernel.series == MATRIX[0].name).then_some((kernel, Cgroups::Hybrid));
        std::iter::once((kernel, Cgroups::Unified)).chain(hybrid)
    })
}

fn report_of(
    machine: &Machine<'_>,
    title: String,
    lacking_modules: Vec<&'static str>,
    verbose: bool,
    scenarios_expected: bool,
) -> Result<MachineReport> {
    let start = Instant::now();
    let mut show = |line: &str| {
        if verbose || line.contains("PICKET-") {
            println!("{:6.1} s  {line}", start.elapsed().as_secs_f64());
        }
    };
    let outcome = machine.run(&mut show)?;
    Ok(MachineReport {
        title,
        tests: outcome.tests,
        lacking_modules,
        malformed: outcome.malformed,
        boot_seconds: outcome.boot_seconds,
        seconds: start.elapsed().as_secs_f64(),
        end: outcome.end,
        scenarios_expected,
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

/// A directory of this run, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let dir = std::env::temp_dir().join(format!("picket-vm-{}", std::process::id()));
        fs::create_dir(&dir).with_context(|| dir.display().to_string())?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// `$XDG_CACHE_HOME/picket` or `~/.cache/picket`.
fn cache_dir() -> Result<PathBuf> {
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(dir) => PathBuf::from(dir),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set: where to cache kernels?")?)
            .join(".cache"),
    };
    ensure!(base.is_absolute(), "XDG_CACHE_HOME must be an absolute path");
    Ok(base.join("picket"))
}
