//! What a person can do about a signal, as commands that can be copied.

use unicode_width::UnicodeWidthStr as _;

use super::{CliError, Screen, Story, part};
use crate::{detect::signals::Status, event::printable};

/// Addresses and users that a block is written out for.
const WRITTEN: usize = 2;

impl Story {
    pub(super) fn acts(&self, screen: &mut Screen<'_>) -> Result<(), CliError> {
        let signal = &self.signal;
        part("What you can do", screen)?;
        let id = signal.id;
        let blocked = |address: &str| {
            self.actors.iter().any(|actor| actor.ip == address && (actor.blocked || actor.passlisted))
        };
        for address in signal.actors.iter().filter(|address| !blocked(address)).take(WRITTEN) {
            command(&["picket block", &shell(address), "--for 1h", &format!("--signal {id}")], screen)?;
        }
        for address in signal.actors.iter().filter(|address| blocked(address)).take(WRITTEN) {
            if self.actors.iter().any(|actor| actor.ip == *address && actor.blocked) {
                command(&["picket unblock", &shell(address)], screen)?;
            }
        }
        for user in signal.users.iter().filter(|user| copied(user)).take(WRITTEN) {
            command(
                &["picket block", &format!("--user {}", shell(user)), "--for 1h", &format!("--signal {id}")],
                screen,
            )?;
        }
        if let Some(address) = signal.actors.first() {
            let since = format!("--from {:.0}", signal.first_seen);
            command(&["picket events", &format!("client_ip:{}", shell(address)), &since], screen)?;
            command(&["picket actors show", &shell(address)], screen)?;
        }
        let triage = format!("picket signals triage {id}");
        match signal.status {
            Status::Open => {
                command(&[&triage, "--status under_review", "--assign NAME"], screen)?;
                command(&[&triage, "--status archived", "--reason false_positive"], screen)?;
            }
            Status::UnderReview => {
                command(&[&triage, "--status archived", "--reason remediated", "--note TEXT"], screen)?;
                command(&[&triage, "--status archived", "--reason false_positive"], screen)?;
            }
            Status::Archived => command(&[&triage, "--status open"], screen)?,
        }
        Ok(())
    }
}

/// A command on a line; on several, as shells take them, where it is wider than the terminal.
fn command(words: &[&str], screen: &mut Screen<'_>) -> Result<(), CliError> {
    let room = screen.columns.unwrap_or(usize::MAX);
    let mut line = String::new();
    for word in words {
        let apart = if line.is_empty() { 0 } else { 1 };
        if apart > 0 && line.width() + apart + word.width() + 4 > room {
            screen.line(format_args!("  {line} \\"))?;
            line = "   ".to_owned();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    screen.line(format_args!("  {line}"))?;
    Ok(())
}

/// Whether a text is the same when it was shown and copied.
fn copied(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && printable(text) == text
}

/// A text as one word of a shell, whatever is in it.
pub(crate) fn shell(text: &str) -> String {
    let text = printable(text);
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '/' | '_' | '@' | '%' | '+' | ',' | '-')
    };
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_attackers_write_stays_one_word_of_a_shell() {
        for (text, word) in [
            ("203.0.113.7", "203.0.113.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("alice@shop.example", "alice@shop.example"),
            ("a b", "'a b'"),
            ("x'; rm -rf ~; '", r"'x'\''; rm -rf ~; '\'''"),
            ("$(id)`id`", "'$(id)`id`'"),
            ("", "''"),
        ] {
            assert_eq!(shell(text), word);
            if !text.is_empty() {
                // What a shell makes of it.
                let echoed =
                    std::process::Command::new("sh").arg("-c").arg(format!("printf %s {word}")).output();
                assert_eq!(String::from_utf8(echoed.expect("a shell").stdout).expect("UTF-8"), text);
            }
        }
        assert!(copied("alice") && !copied("a\x1b[2J") && !copied("--all") && !copied(""));
    }
}
