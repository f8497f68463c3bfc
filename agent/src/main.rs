//! The `picket` command.

use std::{io, process::ExitCode};

use picket::cli::{self, screen::Screen};

fn main() -> ExitCode {
    let (mut out, mut err) = (io::stdout(), io::stderr());
    cli::main(std::env::args_os(), &mut Screen::standard(&mut out, &mut err)).into()
}
