//! Operators: `@rx abc`, `!@eq 0`, `abc`.

use super::{
    ReadError,
    ast::OperatorText,
    names::{meant, shown},
    text::{Text, is_space},
};

/// Names, as the manuals spell them.
///
/// Source: ModSecurity's reference manual, section Operators, and Coraza's list.
pub(super) const OPERATORS: [&str; 42] = [
    "beginsWith",
    "contains",
    "containsWord",
    "detectSQLi",
    "detectXSS",
    "endsWith",
    "eq",
    "fuzzyHash",
    "ge",
    "geoLookup",
    "gsbLookup",
    "gt",
    "inspectFile",
    "ipMatch",
    "ipMatchFromDataset",
    "ipMatchFromFile",
    "le",
    "lt",
    "noMatch",
    "pm",
    "pmFromDataset",
    "pmFromFile",
    "rbl",
    "restpath",
    "rsub",
    "rx",
    "rxGlobal",
    "streq",
    "strmatch",
    "unconditionalMatch",
    "validateByteRange",
    "validateDTD",
    "validateHash",
    "validateNid",
    "validateSchema",
    "validateUrlEncoding",
    "validateUtf8Encoding",
    "verifyCC",
    "verifyCPF",
    "verifySSN",
    "verifySVNR",
    "within",
];

/// Short names, and what they stand for.
const SHORT: [(&str, &str); 2] = [("pmf", "pmFromFile"), ("ipMatchF", "ipMatchFromFile")];

/// An operator with its argument; what names none is an expression (`rx`).
pub(super) fn operator(text: &Text<'_>) -> Result<OperatorText, ReadError> {
    let start = text.skip_space(0);
    let negated = text.byte(start) == Some(b'!');
    let at = if negated { text.skip_space(start + 1) } else { start };
    let (name, argument_at) = if text.byte(at) == Some(b'@') {
        let rest = text.from(at + 1);
        let end = at + 1 + rest.find(is_space).unwrap_or(rest.len());
        let name = rest.get(..end - at - 1).unwrap_or_default();
        (named(name).map_err(|problem| text.error(at, problem))?, text.skip_space(end))
    } else {
        ("rx", at)
    };
    Ok(OperatorText {
        place: text.place(start),
        negated,
        name: name.to_owned(),
        argument: text.from(argument_at).to_owned(),
    })
}

fn named(name: &str) -> Result<&'static str, String> {
    let long = SHORT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name)).map(|&(_, long)| long);
    let known = OPERATORS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
    long.or(known).ok_or_else(|| {
        let found = format!("@{name}");
        let names = OPERATORS.map(|known| format!("@{known}"));
        let help = match meant(&found, names.iter().map(String::as_str)) {
            none if none.is_empty() => ": an expression that begins with \"@\" is written \\@".to_owned(),
            meant => meant,
        };
        format!("there is no operator {}{help}", shown(&found))
    })
}
