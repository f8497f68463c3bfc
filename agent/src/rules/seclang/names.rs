//! Names in messages: what was found, what may have been meant.

/// Characters of a text that a message shows.
const SHOWN: usize = 48;
/// Characters of the longest name that is compared with known ones.
const COMPARED: usize = 48;

/// A text of a file in a message: quoted, shortened, without control characters.
pub(in crate::rules) fn shown(text: &str) -> String {
    let mut text = text.chars();
    let mut start: String = text.by_ref().take(SHOWN).collect();
    if text.next().is_some() {
        start.push('…');
    }
    let plain: String = start
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    format!("\"{plain}\"")
}

/// `: did you mean "x"?` with the known name nearest to a mistyped one, or nothing.
pub(in crate::rules) fn meant<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    if name.chars().count() > COMPARED {
        return String::new();
    }
    let name = name.to_ascii_lowercase();
    let nearest = known
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_ascii_lowercase()), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min();
    nearest.map_or_else(String::new, |(_, known)| format!(": did you mean \"{known}\"?"))
}

/// `a, b or c`.
pub(in crate::rules) fn alternatives(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
