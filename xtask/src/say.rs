//! What xtask says, on standard error, so that standard output stays for what was asked.

use std::{
    io::{IsTerminal as _, stderr},
    sync::LazyLock,
};

static COLOUR: LazyLock<bool> =
    LazyLock::new(|| std::env::var_os("NO_COLOR").is_none() && stderr().is_terminal());

/// A step begins.
pub fn step(text: &str) {
    eprintln!("{} {text}", paint("1;36", "==>"));
}

/// A detail of the step.
pub fn detail(text: &str) {
    eprintln!("    {text}");
}

/// Something a person should know, though it stops nothing.
pub fn warning(text: &str) {
    eprintln!("{} {text}", paint("1;33", "warning:"));
}

/// Why the command failed.
pub fn error(text: &str) {
    eprintln!("{} {text}", paint("1;31", "error:"));
}

/// `text` in an ANSI style when a person is looking.
pub fn paint(style: &str, text: &str) -> String {
    if *COLOUR { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
}
