//! Scanners: what a text is, by the name it stands under and by how it looks.

use std::collections::HashMap;

use super::compile::CompileError;
use super::config::{Operator, Reference, Scanner, Scanners, Tags};
use super::matcher::Matcher;

/// All scanners, compiled. Many have the same operator: each is there once.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    scanners: Vec<Compiled>,
    matchers: Vec<Matcher>,
}

#[derive(Debug)]
struct Compiled {
    id: String,
    tags: Tags,
    key: Option<usize>,
    value: Option<usize>,
}

/// Scanners of a catalog, by number, in the order of their files.
pub(super) type Chosen = Vec<usize>;

impl Catalog {
    pub fn new(scanners: &[Scanner]) -> Result<Self, CompileError> {
        let mut catalog = Self::default();
        let mut known = HashMap::new();
        for scanner in scanners {
            let mut side = |operator: &Option<Operator>, side| {
                let Some(operator) = operator else { return Ok(None) };
                catalog.matcher(operator, &mut known).map(Some).map_err(|problem| CompileError::Scanner {
                    id: scanner.id.clone(),
                    side,
                    problem,
                })
            };
            let (key, value) = (side(&scanner.key, "key")?, side(&scanner.value, "value")?);
            if key.is_none() && value.is_none() {
                return Err(CompileError::EmptyScanner { id: scanner.id.clone() });
            }
            let (id, tags) = (scanner.id.clone(), scanner.tags.clone());
            catalog.scanners.push(Compiled { id, tags, key, value });
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

    /// The scanners that are meant, and the ids that none has.
    pub fn choose<'c>(&self, wanted: &'c Scanners) -> (Chosen, Vec<&'c str>) {
        let meant = |references: &[Reference], scanner: &Compiled| {
            references.iter().any(|reference| match reference {
                Reference::Id(id) => *id == scanner.id,
                Reference::Tags(tags) => tags.iter().all(|(name, tag)| scanner.tags.get(name) == Some(tag)),
            })
        };
        let chosen = self
            .scanners
            .iter()
            .enumerate()
            .filter(|(_, scanner)| meant(&wanted.include, scanner) && !meant(&wanted.exclude, scanner));
        let unknown = wanted.include.iter().chain(&wanted.exclude).filter_map(|reference| match reference {
            Reference::Id(id) if !self.scanners.iter().any(|scanner| scanner.id == *id) => Some(&id[..]),
            _ => None,
        });
        (chosen.map(|(at, _)| at).collect(), unknown.collect())
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
