//! Operators that are known and not here.

/// Lower-case names, and why not.
const REFUSED: [(&str, &str, &str); 11] = [
    ("fuzzyhash", "fuzzyHash", "no file of fuzzy hashes is read: look for the content's own signs with @rx"),
    ("gsblookup", "gsbLookup", "nothing is asked of Google Safe Browsing"),
    ("ipmatchfromdataset", "ipMatchFromDataset", "write the networks into a file and use @ipMatchFromFile"),
    ("pmfromdataset", "pmFromDataset", "write the phrases into a file and use @pmFromFile"),
    ("restpath", "restpath", "use @rx with a group for each part of the path, and capture"),
    ("validatenid", "validateNid", "use @rx with the number's form"),
    ("inspectfile", "inspectFile", "no program or script is run for a request"),
    ("rsub", "rsub", "requests and responses are watched, not changed"),
    ("validatedtd", "validateDTD", "XML is not checked against a document type"),
    ("validatehash", "validateHash", "no hashes are put into responses, so none come back"),
    ("validateschema", "validateSchema", "XML is not checked against a schema"),
];

/// Those that CRS names in rules that are off until somebody configures what they ask: as in ModSecurity without
/// it, they never hold.
const UNANSWERED: [(&str, &str); 2] = [
    ("geolookup", "there is no database of places here: match addresses with @ipMatchFromFile"),
    ("rbl", "no name server is asked while a request is judged: use @ipMatchFromFile with a list"),
];

/// Why an operator never holds, if it is one of those.
pub(super) fn unanswered(name: &str) -> Option<&'static str> {
    UNANSWERED.iter().find(|(unanswered, _)| *unanswered == name).map(|(_, why)| *why)
}

/// Why there is no such operator, in a sentence.
pub(super) fn why(name: &str) -> String {
    match REFUSED.iter().find(|(refused, ..)| *refused == name) {
        Some((_, name, why)) => format!("@{name} is not supported: {why}"),
        None => format!("there is no operator @{name}"),
    }
}

/// The names, as the reference manual spells them.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    REFUSED.iter().map(|(_, name, _)| *name)
}
