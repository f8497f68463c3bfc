//! What a call costs that is probed: the trap itself by where it is set, and a pair of TLS calls with Picket's programs.

mod pair;
mod points;
mod programs;

use anyhow::Result;

use crate::bench::{Bench, Part, report::Section};

pub use pair::child;

/// See the module.
pub const PART: Part = Part { name: "calls", about: "what a probed call costs", run };

fn run(bench: &Bench) -> Result<Section> {
    let mut tables = Vec::new();
    if let Some(table) = points::table(bench)? {
        tables.push(table);
    }
    tables.extend(pair::tables(bench)?);
    let title = "What a probed call costs".to_owned();
    Ok(Section { title, method: METHOD.trim().replace('\n', " "), tables, aims: Vec::new() })
}

const METHOD: &str = "
First a function of seven instructions, called again and again, with probes that run a program which does nothing: what the trap
costs, by the instruction it is set at. The kernel emulates some instructions, `push` and `jmp` among them, and has to step
over others, with a second trap; a return probe replaces the return address and traps again. In a virtual machine each trap that
the host has to look at costs more. Then OpenSSL with Picket's own programs: a process shakes hands with itself over a socket that
is watched, then both ends speak through memory, so that only calls are measured: a request is written and read, a response
written and read. The server's end is tied to the connection and its plaintext goes to a ring buffer, which another CPU reads. The
client's end passes the same probes; it is found to be a client's and left alone.
";
