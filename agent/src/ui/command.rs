//! The command that shows the same as a page.

use crate::cli::story::acts::shell;

/// A line for a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command(String);

impl Command {
    /// Words of ours: `picket signals`.
    pub fn new(words: &str) -> Self {
        Self(words.to_owned())
    }

    /// One more word, whatever is in it. Empty: none.
    pub fn word(mut self, text: &str) -> Self {
        if !text.is_empty() {
            self.0.push(' ');
            self.0.push_str(&shell(text));
        }
        self
    }

    /// An option with a value. Empty: without it.
    pub fn option(self, name: &str, value: &str) -> Self {
        if value.is_empty() { self } else { Self(format!("{} {name}", self.0)).word(value) }
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_one_word() {
        let command =
            Command::new("picket signals").word("a'b $(id)").option("--from", "-7d").option("--to", "");
        assert_eq!(command.text(), r"picket signals 'a'\''b $(id)' --from -7d");
    }
}
