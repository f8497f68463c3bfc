//! Discovery on a real kernel: copies of libssl that real processes load, and uprobes of the kernel on `SSL_read` in them,
//! which count. Needs root and the system's libssl and python3; the kernel of the machine the tests run on.

use std::{
    collections::HashMap,
    fs, io,
    io::{BufRead as _, BufReader, Write as _},
    os::fd::{FromRawFd as _, OwnedFd},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use picket::{
    discover::{
        Attach, Discovery, OpenFile, Options, Runtime, attachments::Failure, file::Identity,
        latency::Latencies,
    },
    time,
};

const PYTHON: &str = "/usr/bin/python3";
/// Nothing here takes this long; a shared machine may.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long files stay attached to after the last process.
const GRACE: Duration = Duration::from_millis(300);

/// A process that does as its standard input says: loads a library, calls `SSL_read` in it (with a length that it refuses
/// before it looks at anything else), forks.
const PROCESS: &str = "
import ctypes, os, sys
os.sched_setaffinity(0, {0})
def call(times):
    for _ in range(times): assert lib.SSL_read(None, None, -1) == -1
children = []
for line in sys.stdin:
    word, _, rest = line.strip().partition(' ')
    answer = ''
    if word == 'load': lib = ctypes.CDLL(rest)
    elif word == 'call': call(int(rest))
    elif word == 'fork':
        told, tell = os.pipe(), os.pipe()
        child = os.fork()
        if child == 0:
            os.close(tell[1])
            while True:
                word = os.read(tell[0], 1)
                if not word: os._exit(0)
                call(1)
                os.write(told[1], b'x')
        os.close(tell[0])
        children.append((child, told[0], tell[1]))
        answer = str(child)
    elif word == 'run': assert os.system(rest) == 0
    elif word == 'child':
        os.write(children[-1][2], b'c')
        os.read(children[-1][1], 1)
    print('done', answer, flush=True)
for child, _, tell in children:
    os.close(tell)
    os.waitpid(child, 0)
";

/// Tests that count what a machine does run one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A directory of a test, and copies of libssl in it. Their names tell [`Counting`] that they are its own.
struct Ground {
    directory: tempfile::TempDir,
    library: PathBuf,
}

impl Ground {
    fn new() -> Self {
        let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
            .map(|triple| PathBuf::from(format!("/usr/lib/{triple}/libssl.so.3")))
            .into_iter()
            .chain(["/usr/lib64/libssl.so.3".into()])
            .find(|path| path.exists())
            .expect("libssl.so.3: install libssl3");
        assert!(Path::new(PYTHON).exists(), "{PYTHON}: install python3");
        let directory = tempfile::Builder::new().prefix("picket-discover-").tempdir().expect("a directory");
        Self { directory, library }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Copies libssl to this name, below a directory that is made if needed.
    fn copy(&self, name: &str) -> PathBuf {
        let path = self.path(&format!("{name}{MARK}"));
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::copy(&self.library, &path).expect("copied");
        path
    }
}

const MARK: &str = ".picket-test.so";

/// A running process.
struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Process {
    fn start() -> Self {
        Self::of(Command::new(PYTHON).args(["-S", "-E", "-c", PROCESS]))
    }

    /// By a shell that makes its surroundings first; `$PROCESS` is the program.
    fn within(shell: &str) -> Self {
        Self::of(
            Command::new("unshare")
                .args(["--mount", "--pid", "--net", "--fork", "sh", "-ec", shell])
                .env("PROCESS", PROCESS),
        )
    }

    fn of(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the process starts");
        let answers = BufReader::new(child.stdout.take().expect("its output"));
        let orders = child.stdin.take();
        Self { child, orders, answers }
    }

    /// Does it, and gives the answer.
    fn order(&mut self, order: &str) -> String {
        writeln!(self.orders.as_mut().expect("it runs"), "{order}").expect("told");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("its answer");
        answer.strip_prefix("done").unwrap_or_else(|| panic!("{order}: {answer:?}")).trim().to_owned()
    }

    fn load(&mut self, path: &Path) {
        self.order(&format!("load {}", path.display()));
    }

    fn call(&mut self, times: u32) {
        self.order(&format!("call {times}"));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends with its input.
        self.orders = None;
        let ended = self.child.wait();
        if !thread::panicking() {
            assert!(ended.expect("waited for").success(), "the process failed");
        }
    }
}

/// A uprobe that counts on the first CPU. Processes call there: one for each CPU would take as many times as long to take
/// off again.
type Point = Arc<OwnedFd>;

/// Counts calls of `SSL_read` in files of these tests.
#[derive(Default)]
struct Seen {
    points: Mutex<Vec<(Identity, Weak<OwnedFd>)>>,
    hooks: Mutex<Vec<(u32, usize)>>,
    /// How long the kernel took to put a probe in.
    opening: Mutex<Latencies>,
    /// Held by a test, it holds up the thread that reads the kernel's records.
    gate: Mutex<()>,
}

struct Counting {
    seen: Arc<Seen>,
    kind: u32,
}

impl Seen {
    /// Calls that were counted in files that are attached to now, by file.
    fn calls(&self) -> HashMap<Identity, u64> {
        let mut calls = HashMap::new();
        for (file, point) in self.points.lock().expect("its points").iter() {
            if let Some(point) = point.upgrade() {
                let mut count = [0; 8];
                rustix::io::read(&*point, &mut count).expect("a count");
                *calls.entry(*file).or_default() += u64::from_ne_bytes(count);
            }
        }
        calls
    }

    fn all_calls(&self) -> u64 {
        self.calls().values().sum()
    }
}

impl Attach for Counting {
    type What = u64;
    type Point = Point;

    fn inspect(&self, file: &OpenFile) -> Result<Option<u64>, Failure> {
        if !file.path().to_string_lossy().ends_with(MARK) {
            return Ok(None);
        }
        let bytes = fs::read(file.attach_path())?;
        let elf = object::File::parse(bytes.as_slice())?;
        let symbol =
            elf.dynamic_symbols().find(|symbol| symbol.name() == Ok("SSL_read")).ok_or("no SSL_read")?;
        let text = elf.section_by_name(".text").ok_or("no .text")?;
        let (offset, _) = text.file_range().ok_or("no range")?;
        Ok(Some(symbol.address() - text.address() + offset))
    }

    fn attach(&self, file: &OpenFile, offset: &u64) -> Result<Vec<Point>, Failure> {
        let path = std::ffi::CString::new(file.attach_path().into_os_string().into_encoded_bytes())?;
        let began = time::now();
        let point = Arc::new(uprobe(self.kind, &path, *offset)?);
        self.seen.opening.lock().expect("its times").add(time::now() - began);
        let mut all = self.seen.points.lock().expect("its points");
        all.push((file.identity(), Arc::downgrade(&point)));
        Ok(vec![point])
    }

    fn process_started(&self, pid: u32, runtimes: &[Runtime<u64>]) {
        self.seen.hooks.lock().expect("its hooks").push((pid, runtimes.len()));
        drop(self.seen.gate.lock());
    }

    fn process_ended(&self, pid: u32) {
        self.seen.hooks.lock().expect("its hooks").push((pid, 0));
    }
}

/// perf_event_open(2) of the kind `uprobe`: `struct perf_event_attr` with config1, the path, and config2, the offset.
fn uprobe(kind: u32, path: &std::ffi::CStr, offset: u64) -> io::Result<OwnedFd> {
    const SIZE: u64 = 112;
    let mut attr = [0u64; SIZE as usize / 8];
    attr[0] = u64::from(kind) | SIZE << 32;
    attr[7] = path.as_ptr() as u64;
    attr[8] = offset;
    // SAFETY: the attributes and the path they point to live as long as the call.
    let fd = unsafe { libc::syscall(libc::SYS_perf_event_open, attr.as_ptr(), -1, 0, -1, 8) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call gave a new descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).map_err(io::Error::other)?) })
}

fn discover() -> (Discovery<Counting>, Arc<Seen>) {
    discover_with(Options { grace: GRACE, ..Options::default() })
}

fn discover_with(options: Options) -> (Discovery<Counting>, Arc<Seen>) {
    let kind = fs::read_to_string("/sys/bus/event_source/devices/uprobe/type").expect("uprobes");
    let seen = Arc::new(Seen::default());
    let counting = Counting { seen: Arc::clone(&seen), kind: kind.trim().parse().expect("a number") };
    (Discovery::start(counting, options).expect("discovery starts; it needs root"), seen)
}

#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn count(discovery: &Discovery<Counting>, name: &str) -> u64 {
    let counters = discovery.stats().snapshot().counters;
    counters.iter().find(|(counter, _)| *counter == name).expect("a counter").1
}

/// Waits until so many files are attached to and nothing more is under way.
#[track_caller]
fn attached(discovery: &Discovery<Counting>, files: usize) {
    eventually(&format!("{files} files attached"), || {
        discovery.attached() == files && discovery.waiting() == 0
    });
}

/// Milliseconds of CPU that the threads of discovery took.
fn cpu_ms() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").expect("own threads").flatten();
    let ours = tasks.filter(|task| {
        fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.starts_with("picket-"))
    });
    let nanos = ours.filter_map(|task| {
        let schedstat = fs::read_to_string(task.path().join("schedstat")).ok()?;
        schedstat.split(' ').next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e6
}

fn open_files() -> usize {
    fs::read_dir("/proc/self/fd").expect("own files").count()
}

#[test]
fn a_storm_of_short_processes_is_attached_to_in_time_and_nothing_is_left() {
    const PROCESSES: usize = 200;
    const AT_ONCE: usize = 4;
    let _alone = alone();
    let ground = Ground::new();
    let before = open_files();
    let (discovery, seen) = discover();
    // Each loads a library nobody has loaded before, is there for 0.15 s and calls it once at its end.
    let short = "import ctypes, os, sys, time
lib = ctypes.CDLL(sys.argv[1])
time.sleep(0.15)
os.sched_setaffinity(0, {0})
assert lib.SSL_read(None, None, -1) == -1";
    let (next, before_cpu) = (Mutex::new(0..PROCESSES), cpu_ms());
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(n) = { next.lock().expect("numbers").next() } {
                    let library = ground.copy(&n.to_string());
                    let status = Command::new(PYTHON).args(["-S", "-E", "-c", short]).arg(&library).status();
                    assert!(status.expect("it starts").success());
                    fs::remove_file(library).expect("removed");
                }
            });
        }
    });
    let (took, cpu) = (began.elapsed(), cpu_ms() - before_cpu);
    let (snapshot, calls) = (discovery.stats().snapshot(), seen.all_calls());
    let latency = snapshot.latency;
    let opening = seen.opening.lock().expect("its times").percentiles();
    let ms = |nanos: u64| nanos as f64 / 1e6;
    println!(
        "{PROCESSES} processes in {took:.1?}, {calls} of {PROCESSES} calls seen; mapped to attached: \
         p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms; of that the kernel, to put a probe in: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms; CPU {cpu:.0} ms; {:?}",
        ms(latency.p50),
        ms(latency.p99),
        ms(latency.max),
        ms(opening.p50),
        ms(opening.p99),
        ms(opening.max),
        snapshot.counters
    );
    assert_eq!(latency.count, PROCESSES as u64, "each library was attached to once");
    assert!(latency.p99 <= 100_000_000, "p99 {:.1} ms", ms(latency.p99));
    assert!(calls * 100 >= PROCESSES as u64 * 99, "{calls} calls seen");
    assert_eq!((count(&discovery, "failed"), count(&discovery, "shared")), (0, 0), "{:?}", snapshot.failures);
    eventually("every process is forgotten", || discovery.view().processes().is_empty());
    drop(discovery);
    assert!(seen.points.lock().expect("its points").iter().all(|(_, point)| point.strong_count() == 0));
    eventually("all files are closed", || open_files() == before);
}

#[test]
fn processes_that_run_already_are_found_and_so_are_deleted_files() {
    let _alone = alone();
    let ground = Ground::new();
    let (mut kept, mut deleted) = (Process::start(), Process::start());
    kept.load(&ground.copy("kept"));
    let library = ground.copy("deleted");
    deleted.load(&library);
    fs::remove_file(&library).expect("removed");

    let (discovery, seen) = discover();
    attached(&discovery, 2);
    kept.call(3);
    deleted.call(4);
    let mut calls: Vec<u64> = seen.calls().into_values().collect();
    calls.sort_unstable();
    assert_eq!(calls, [3, 4]);
    assert_eq!(discovery.stats().snapshot().latency.count, 0, "mapped before discovery began");
    let pids = [kept.child.id(), deleted.child.id()];
    for pid in pids {
        eventually("it is in the view", || discovery.view().of_process(pid).is_some());
        let runtimes = discovery.view().of_process(pid).expect("its runtimes");
        assert!(runtimes.len() == 1 && runtimes[0].unattached.is_none());
        let name = runtimes[0].file.path().to_string_lossy().into_owned();
        assert!(name.ends_with(MARK), "{name}: without (deleted)");
    }
    drop((kept, deleted));
    attached(&discovery, 0);
    assert_eq!(count(&discovery, "detached"), 2);
    assert!(pids.iter().all(|&pid| discovery.view().of_process(pid).is_none()));
}

#[test]
fn a_library_that_is_replaced_is_two_files_and_one_that_is_written_over_is_attached_to_anew() {
    let _alone = alone();
    let ground = Ground::new();
    let (discovery, seen) = discover();
    let library = ground.copy("upgraded");
    let mut old = Process::start();
    old.load(&library);
    attached(&discovery, 1);
    // As a package manager does it.
    fs::rename(ground.copy("new"), &library).expect("replaced");
    let mut new = Process::start();
    new.load(&library);
    attached(&discovery, 2);
    old.call(2);
    new.call(3);
    let mut calls: Vec<u64> = seen.calls().into_values().collect();
    calls.sort_unstable();
    assert_eq!(calls, [2, 3]);

    // As nobody should do it; what is behind the end of the library hurts none of those that run it.
    fs::OpenOptions::new().append(true).open(&library).expect("opened").write_all(b"more").expect("written");
    let mut third = Process::start();
    third.load(&library);
    eventually("noticed", || count(&discovery, "rewritten") == 1 && discovery.waiting() == 0);
    attached(&discovery, 2);
    let before = seen.all_calls();
    new.call(1);
    third.call(1);
    assert_eq!(seen.all_calls(), before + 2, "the probes before are off: each call counts once");
    assert_eq!(count(&discovery, "failed"), 0, "{:?}", discovery.stats().snapshot().failures);
}

#[test]
fn other_namespaces_and_overlays_lead_to_one_file() {
    let _alone = alone();
    let ground = Ground::new();
    let library = ground.copy("lower/lib");
    let name = library.file_name().expect("a name").to_string_lossy().into_owned();
    let (discovery, seen) = discover();
    let mut direct = Process::start();
    direct.load(&library);
    attached(&discovery, 1);

    // In namespaces of its own, without an overlay.
    let mut apart = Process::within(&format!("exec {PYTHON} -S -E -c \"$PROCESS\""));
    apart.load(&library);
    // Two containers of one image, in overlays of their own; what they write is in memory.
    let overlay = |n: u32| {
        let base = ground.path(&format!("container{n}"));
        fs::create_dir(&base).expect("made");
        let (base, lower) = (base.display(), ground.path("lower"));
        Process::within(&format!(
            "mount -t tmpfs none {base}; cd {base}; mkdir upper work root
             mount -t overlay none -o lowerdir={},upperdir=upper,workdir=work root
             for part in usr bin lib lib64 dev; do
                 if [ -L /$part ]; then cp -P /$part root; continue; fi
                 if [ -d /$part ]; then mkdir root/$part; mount --rbind /$part root/$part; fi
             done
             exec chroot root {PYTHON} -S -E -c \"$PROCESS\"",
            lower.display()
        ))
    };
    let (mut first, mut second) = (overlay(1), overlay(2));
    let inside = PathBuf::from(format!("/{name}"));
    first.load(&inside);
    second.load(&inside);
    eventually("both are known to be the same", || count(&discovery, "shared") == 2);
    attached(&discovery, 1);
    for (times, process) in [&mut direct, &mut apart, &mut first, &mut second].into_iter().enumerate() {
        process.call(u32::try_from(times).expect("few") + 1);
    }
    assert_eq!(seen.all_calls(), 1 + 2 + 3 + 4, "each call once");
    // In all of them it is attached to already when it is mapped.
    assert_eq!((count(&discovery, "attached"), count(&discovery, "failed")), (1, 0));

    // The last that has it is in an overlay.
    drop((direct, apart, first));
    second.call(1);
    assert_eq!(seen.all_calls(), 11);
    // A copy that a container changed is another file.
    second.order(&format!("run cp {name} /other{MARK}"));
    second.load(Path::new(&format!("/other{MARK}")));
    attached(&discovery, 2);
    second.call(1);
    let mut calls: Vec<u64> = seen.calls().into_values().collect();
    calls.sort_unstable();
    assert_eq!(calls, [1, 11]);
    drop(second);
    attached(&discovery, 0);
}

#[test]
fn children_have_what_their_parents_have() {
    let _alone = alone();
    let ground = Ground::new();
    let before = open_files();
    let (discovery, seen) = discover();
    let mut parent = Process::start();
    parent.load(&ground.copy("lib"));
    attached(&discovery, 1);
    let child: u32 = parent.order("fork").parse().expect("a pid");
    eventually("the child is known", || discovery.view().of_process(child).is_some());
    parent.order("child");
    parent.call(1);
    assert_eq!(seen.all_calls(), 2);
    let pids = [parent.child.id(), child];
    drop(parent);
    attached(&discovery, 0);
    let hooks = seen.hooks.lock().expect("its hooks");
    for pid in pids {
        let told: Vec<usize> = hooks.iter().filter(|(who, _)| *who == pid).map(|(_, count)| *count).collect();
        assert_eq!(told, [1, 0], "{pid} began and ended");
    }
    drop(hooks);
    assert!(discovery.view().processes().is_empty());
    drop(discovery);
    eventually("all files are closed", || open_files() == before);
}

#[test]
fn what_the_kernel_had_no_room_to_tell_is_found_by_a_look() {
    let _alone = alone();
    let ground = Ground::new();
    let (discovery, seen) = discover_with(Options { grace: GRACE, rings: 0, ..Options::default() });
    let held_up = seen.gate.lock().expect("the gate");
    let (mut first, mut second) = (Process::start(), Process::start());
    first.load(&ground.copy("first"));
    eventually("its reader is held up", || !seen.hooks.lock().expect("its hooks").is_empty());
    // They run on the CPU that the process calls on, whose ring is full then.
    second.order("run for i in $(seq 60); do /bin/true; done");
    second.load(&ground.copy("second"));
    let looks = count(&discovery, "looks");
    drop(held_up);
    attached(&discovery, 2);
    second.call(2);
    assert_eq!(seen.all_calls(), 2);
    assert!(count(&discovery, "looks") > looks);
    assert!(count(&discovery, "lost_records") > 0);
}
