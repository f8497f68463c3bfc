//! Operators of SecLang, ready to run.
//!
//! Source of names and meanings: ModSecurity's reference manual (v2 and v3), section Operators. Where
//! libmodsecurity 3 differs from it, the files of the families say what is done.
//!
//! | family | operators |
//! |---|---|
//! | [`rx`] | `rx`, `rxGlobal` |
//! | [`phrases`] | `pm`, `pmFromFile`, `pmf` |
//! | [`text`] | `beginsWith`, `contains`, `containsWord`, `endsWith`, `streq`, `strmatch`, `within` |
//! | [`number`] | `eq`, `ge`, `gt`, `le`, `lt` |
//! | [`address`] | `ipMatch`, `ipMatchFromFile`, `ipMatchF` |
//! | [`encoding`] | `validateByteRange`, `validateUrlEncoding`, `validateUtf8Encoding` |
//! | [`verify`] | `verifyCC`, `verifyCPF`, `verifySSN`, `verifySVNR` |
//! | [`injection`] | `detectSQLi`, `detectXSS` |
//!
//! and `unconditionalMatch`, `noMatch`. [`refused`] are those that ask the network, files or programs.

mod address;
mod cache;
mod encoding;
mod in_app;
mod injection;
pub(in crate::rules) mod number;
mod phrases;
mod refused;
mod rx;
mod text;
mod verify;

#[cfg(test)]
mod tests;

pub use cache::Cache;

use crate::rules::bytes::ByteSet;
use crate::rules::inapp::ast;
use crate::rules::need::Need;
use crate::rules::operators::ip::Networks;
use crate::rules::operators::phrases::Phrases;
use crate::rules::operators::{sqli, xss};

/// Reads a file that an operator names: its content, or why not.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// An operator of a rule, compiled; shared by all workers.
#[derive(Debug)]
pub struct SecOperator {
    kind: Kind,
    negated: bool,
    macros: bool,
    /// What stands behind the name, for those operators that compare with it as it is.
    argument: Vec<u8>,
}

/// Where an operator found what it looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

impl Found {
    fn all(text: &[u8]) -> Self {
        Self { start: 0, end: text.len() }
    }
}

impl From<(usize, usize)> for Found {
    fn from((start, end): (usize, usize)) -> Self {
        Self { start, end }
    }
}

#[derive(Debug)]
enum Kind {
    Rx(rx::Rx),
    Phrases(Phrases),
    Text(text::Text),
    /// The comparison, and the number of an argument without macros.
    Number(number::Number, Option<i64>),
    Address(Networks),
    /// A byte outside of these.
    ByteRange(ByteSet),
    UrlEncoding,
    Utf8Encoding,
    Verify(verify::Verify),
    Sqli,
    Xss,
    /// One of the In-App WAF that SecLang does not have.
    InApp(in_app::InApp),
    Always,
    Never,
    /// What it asks can't be asked; why.
    Unanswered(&'static str),
}

impl SecOperator {
    /// Compiles an operator.
    ///
    /// `name` is without `@` and in any case; `files` reads what `pmFromFile` and `ipMatchFromFile` name.
    ///
    /// # Errors
    /// Why there is no such operator here, or what is wrong with its argument, in a sentence.
    pub fn new(name: &str, argument: &str, negated: bool, files: ReadFile<'_>) -> Result<Self, String> {
        let name = name.to_ascii_lowercase();
        let macros = has_macros(&name, argument);
        let kind = match name.as_str() {
            "rx" => Kind::Rx(rx::Rx::new(argument, macros, false)?),
            "rxglobal" => Kind::Rx(rx::Rx::new(argument, macros, true)?),
            "pm" => Kind::Phrases(phrases::listed(argument)?),
            "pmf" | "pmfromfile" => Kind::Phrases(phrases::from_files(argument, files)?),
            "ipmatch" => Kind::Address(address::listed(argument)?),
            "ipmatchf" | "ipmatchfromfile" => Kind::Address(address::from_file(argument, files)?),
            "validatebyterange" => Kind::ByteRange(encoding::byte_range(argument)?),
            "validateurlencoding" => Kind::UrlEncoding,
            "validateutf8encoding" => Kind::Utf8Encoding,
            "detectsqli" => Kind::Sqli,
            "detectxss" => Kind::Xss,
            "unconditionalmatch" => Kind::Always,
            "nomatch" => Kind::Never,
            other => {
                if let Some(why) = refused::unanswered(other) {
                    Kind::Unanswered(why)
                } else if let Some(text) = text::Text::named(other) {
                    Kind::Text(text)
                } else if let Some(number) = number::Number::named(other) {
                    let with = (!macros).then(|| number::read(argument.as_bytes()));
                    Kind::Number(number, with)
                } else if let Some(verify) = verify::Verify::new(other, argument) {
                    Kind::Verify(verify?)
                } else {
                    return Err(refused::why(other));
                }
            }
        };
        Ok(Self { kind, negated, macros, argument: argument.as_bytes().to_vec() })
    }

    /// Compiles an operator of the In-App WAF; lists that rules name by id are in `data`.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub(in crate::rules) fn in_app(operator: &ast::Operator, data: &in_app::Data) -> Result<Self, String> {
        let kind = in_app::kind(operator, data)?;
        let macros = matches!(&kind, Kind::InApp(operator) if operator.looks_at_time());
        Ok(Self { kind, negated: false, macros, argument: Vec::new() })
    }

    /// One that holds on every text.
    pub(in crate::rules) fn always() -> Self {
        Self { kind: Kind::Always, negated: false, macros: false, argument: Vec::new() }
    }

    /// Whether its argument is the time, in seconds since 1970: some of what it looks for ceases to count.
    pub(in crate::rules) fn looks_at_time(&self) -> bool {
        matches!(&self.kind, Kind::InApp(operator) if operator.looks_at_time())
    }

    /// Whether it holds on every text.
    pub(in crate::rules) fn is_unconditional(&self) -> bool {
        matches!(self.kind, Kind::Always) && !self.negated
    }

    /// Whether all that it captures is what it found.
    pub(in crate::rules) fn captures_found(&self) -> bool {
        !self.negated
            && match &self.kind {
                Kind::Rx(rx) => rx.captures_found(),
                Kind::Phrases(_) | Kind::Verify(_) | Kind::Xss => true,
                _ => false,
            }
    }

    /// Whether it asks if something is there, not what it is.
    pub(in crate::rules) fn is_exists(&self) -> bool {
        matches!(&self.kind, Kind::InApp(in_app::InApp::Exists))
    }

    /// Whether it can judge a value: some are for texts, some for numbers, true and false.
    pub(in crate::rules) fn takes(&self, value: &[u8], word: bool) -> bool {
        match &self.kind {
            Kind::InApp(operator) => operator.takes(value, word),
            _ => true,
        }
    }

    /// Whether the argument holds `%{…}`: it is to be expanded and given to [`SecOperator::find`].
    #[must_use]
    pub fn has_macros(&self) -> bool {
        self.macros
    }

    /// Whether the operator holds when it does not find what it looks for (`!@`).
    #[must_use]
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether libinjection judges; its work for a hostile text is far more a byte than others', so that
    /// it needs a budget. On its own, [`SecOperator::find`] gives it at most
    /// [`JUDGED_INJECTION`](crate::limits::JUDGED_INJECTION) bytes of a text.
    #[must_use]
    pub fn is_injection(&self) -> bool {
        matches!(self.kind, Kind::Sqli | Kind::Xss)
    }

    /// Bytes of a text that libinjection has to read; none where a look at words and signs is enough.
    #[must_use]
    pub fn injection_bytes(&self, text: &[u8]) -> usize {
        match self.kind {
            Kind::Sqli => injection::bytes(text, sqli::worth_reading),
            Kind::Xss => injection::bytes(text, xss::worth_reading),
            _ => 0,
        }
    }

    /// Whether it can be told with a look at its words and signs that libinjection finds nothing in a text.
    #[must_use]
    pub fn rules_out(&self, text: &[u8]) -> bool {
        !self.negated
            && match self.kind {
                Kind::Sqli => !sqli::worth_reading(injection::beginning(text)),
                Kind::Xss => !xss::worth_reading(injection::beginning(text)),
                _ => false,
            }
    }

    /// Whether the operator holds on a text, and where. `argument` is its argument with macros expanded;
    /// it is not looked at when there are none. Nothing is allocated once `cache` is there, but for an
    /// argument that was not met before.
    pub fn find(&self, text: &[u8], argument: &[u8], cache: &mut Option<Cache>) -> Option<Found> {
        if !self.negated {
            return self.look(text, argument, cache);
        }
        let holds = match &self.kind {
            Kind::Rx(rx) => rx.holds(text, argument, cache),
            _ => self.look(text, argument, cache).is_some(),
        };
        (!holds).then_some(Found::all(text))
    }

    fn look(&self, text: &[u8], argument: &[u8], cache: &mut Option<Cache>) -> Option<Found> {
        let argument = if self.macros { argument } else { &self.argument };
        match &self.kind {
            Kind::Rx(rx) => rx.find(text, argument, cache),
            Kind::Phrases(phrases) => phrases.find(text).map(Found::from),
            Kind::Text(kind) => kind.find(text, argument),
            Kind::Number(number, with) => {
                let with = with.unwrap_or_else(|| number::read(argument));
                number.holds(text, with).then_some(Found::all(text))
            }
            Kind::Address(networks) => networks.find(text).map(Found::from),
            Kind::ByteRange(allowed) => encoding::outside(text, *allowed),
            Kind::UrlEncoding => encoding::invalid_url_encoding(text),
            Kind::Utf8Encoding => encoding::invalid_utf8(text),
            Kind::Verify(verify) => verify.find(text, cache),
            Kind::InApp(operator) => operator.find(text, argument, cache),
            Kind::Sqli => injection::sqli(text, cache),
            Kind::Xss => injection::xss(text, cache),
            Kind::Always => Some(Found::all(text)),
            Kind::Never | Kind::Unanswered(_) => None,
        }
    }

    /// What the operator leaves in `TX.0` to `TX.9` for the `capture` action, when it holds on the text:
    /// calls `group` with number and content. Groups that took no part are passed over; those of
    /// `rxGlobal` come once for each match. Operators that capture nothing do nothing.
    pub fn captures(
        &self,
        text: &[u8],
        argument: &[u8],
        cache: &mut Option<Cache>,
        group: &mut impl FnMut(usize, &[u8]),
    ) {
        if self.negated {
            return;
        }
        let whole = |found: Option<Found>| found.and_then(|found| text.get(found.start..found.end));
        match &self.kind {
            Kind::Rx(rx) => rx.captures(text, argument, cache, group),
            // As libmodsecurity: the whole text of an attack.
            Kind::Phrases(_) | Kind::Verify(_) | Kind::Xss => {
                if let Some(found) = whole(self.look(text, argument, cache)) {
                    group(0, found);
                }
            }
            Kind::Sqli => {
                if let Some(print) = injection::fingerprint(text) {
                    group(0, &print);
                }
            }
            _ => {}
        }
    }

    /// What each text has on which the operator holds.
    #[must_use]
    pub fn need(&self) -> Need {
        if self.negated || (self.macros && !matches!(self.kind, Kind::InApp(_))) {
            return Need::NOTHING;
        }
        match &self.kind {
            Kind::Rx(rx) => rx.need(),
            Kind::Phrases(phrases) => Need::one_of(phrases.literals()),
            Kind::Text(text) => text.need(&self.argument),
            Kind::Number(number, _) => number.need(&self.argument),
            Kind::Address(_) => Need::byte_of(ByteSet::of_bytes((b'0'..=b'9').chain([b':']))),
            Kind::ByteRange(allowed) => Need::byte_of(allowed.complement()),
            Kind::UrlEncoding => Need::byte_of(ByteSet::of_bytes([b'%'])),
            Kind::Utf8Encoding => Need::byte_of(ByteSet::of_bytes(0x80..=0xff)),
            Kind::Verify(verify) => verify.need(),
            Kind::InApp(operator) => operator.need(),
            // Tags and comments need the one, attributes the other.
            Kind::Xss => Need::byte_of(ByteSet::of_bytes([b'<', b'='])),
            Kind::Sqli | Kind::Always | Kind::Never | Kind::Unanswered(_) => Need::NOTHING,
        }
    }

    /// False: what it looks for can't be in a text that is made of these bytes alone.
    #[must_use]
    pub fn can_hold_with(&self, allowed: ByteSet) -> bool {
        let fits = |byte: u8| {
            allowed.contains(byte.to_ascii_lowercase()) || allowed.contains(byte.to_ascii_uppercase())
        };
        match &self.kind {
            Kind::Rx(rx) => rx.can_match_with(allowed),
            Kind::Phrases(phrases) => {
                phrases.literals().iter().any(|phrase| phrase.iter().all(|&byte| fits(byte)))
            }
            // An empty text is within everything.
            Kind::Text(text::Text::Within) => true,
            Kind::Text(_) if self.macros => true,
            Kind::Text(_) => self.argument.iter().all(|&byte| allowed.contains(byte)),
            _ => true,
        }
    }

    /// Whether it compares numbers.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Number(..))
    }

    /// Why it never holds, if it asks what can't be asked here.
    #[must_use]
    pub fn unanswered(&self) -> Option<&'static str> {
        if let Kind::Unanswered(why) = self.kind { Some(why) } else { None }
    }

    /// What makes its pattern need the backtracking engine, if it has one that does.
    #[must_use]
    pub fn beyond_regular(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Rx(rx) => rx.beyond_regular(),
            Kind::Verify(verify) => verify.beyond_regular(),
            _ => None,
        }
    }
}

/// Whether an operator's argument holds macros that are expanded.
pub(super) fn has_macros(name: &str, argument: &str) -> bool {
    takes_macros(&name.to_ascii_lowercase()) && holds_macro(argument)
}

/// Operators whose argument is expanded; those of phrases, networks and ranges are compiled as written.
fn takes_macros(name: &str) -> bool {
    name.starts_with("rx") || text::Text::named(name).is_some() || number::Number::named(name).is_some()
}

/// `%{tx.x}`: a name, which begins with a letter, so that `%{2}` in a pattern is none.
fn holds_macro(argument: &str) -> bool {
    argument.split("%{").skip(1).any(|behind| {
        let name = behind.split_once('}').map_or("", |(name, _)| name);
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'{';
        name.bytes().all(fits) && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
    })
}
