//! Scanners: what a text is, by the name it stands under and by how it looks.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::matcher::Matcher;
use crate::rules::inapp::ReadError;
use crate::rules::inapp::ast::{Operator, Scanner};

/// Tags of a scanner: `type`, `category`, …
pub(super) type Tags = BTreeMap<String, String>;

/// All scanners, compiled. Many have the same operator: each is there once.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    scanners: Vec<Compiled>,
    matchers: Vec<Matcher>,
}

#[derive(Debug)]
struct Compiled {
    id: Arc<str>,
    tags: Tags,
    key: Option<usize>,
    value: Option<usize>,
}

/// Scanners of a catalog, by number, in the order of their files.
pub(super) type Chosen = Vec<usize>;

impl Catalog {
    pub fn new(scanners: &[Scanner]) -> Result<Self, ReadError> {
        let mut catalog = Self::default();
        let mut known = HashMap::new();
        for Scanner { id, tags, key, value, place, .. } in scanners {
            let mut side = |operator: &Option<Operator>, side| {
                let Some(operator) = operator else { return Ok(None) };
                let at = catalog.matcher(operator, &mut known);
                at.map(Some)
                    .map_err(|problem| ReadError::at(place, format!("scanner `{id}`: its {side}: {problem}")))
            };
            let (key, value) = (side(key, "key")?, side(value, "value")?);
            catalog.scanners.push(Compiled { id: id.clone(), tags: tags.clone(), key, value });
        }
        Ok(catalog)
    }

    fn matcher(&mut self, operator: &Operator, known: &mut HashMap<String, usize>) -> Result<usize, String> {
        // Operators are small and their debug form says all of them.
        let key = format!("{operator:?}");
        if let Some(&at) = known.get(&key) {
            return Ok(at);
        }
        self.matchers.push(Matcher::new(operator)?);
        let at = self.matchers.len() - 1;
        known.insert(key, at);
        Ok(at)
    }

    /// The numbers of scanners.
    pub fn numbers<'s>(&self, scanners: impl Iterator<Item = &'s Scanner>) -> Chosen {
        let numbers: HashMap<&str, usize> =
            self.scanners.iter().enumerate().map(|(at, scanner)| (&*scanner.id, at)).collect();
        scanners.filter_map(|scanner| numbers.get(&*scanner.id).copied()).collect()
    }

    /// Those of the chosen scanners that go on to look at texts under this name; none of those that ask
    /// for a name when there is no name.
    pub fn under(&self, key: &[u8], chosen: &[usize]) -> Chosen {
        let mut answers = vec![None; self.matchers.len()];
        let mut holds = |at: usize| {
            let answer = answers.get_mut(at)?;
            let matcher = self.matchers.get(at)?;
            Some(*answer.get_or_insert_with(|| matcher.holds_for_text(key)))
        };
        let fits = |at: &usize| match self.scanners.get(*at).map(|scanner| scanner.key) {
            Some(Some(matcher)) => !key.is_empty() && holds(matcher) == Some(true),
            Some(None) => true,
            None => false,
        };
        chosen.iter().copied().filter(fits).collect()
    }

    /// The tags of the first of these scanners whose operator holds for a text.
    pub fn tags(&self, text: &[u8], under: &[usize]) -> Option<&Tags> {
        let scanners = under.iter().filter_map(|&at| self.scanners.get(at));
        scanners
            .filter(|scanner| match scanner.value {
                Some(at) => self.matchers.get(at).is_some_and(|matcher| matcher.holds_for_text(text)),
                None => true,
            })
            .map(|scanner| &scanner.tags)
            .next()
    }
}
