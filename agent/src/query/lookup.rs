//! From a facet's name to where its values lie.

use std::borrow::Cow;

use super::{Column, Facet, Facets, Field, Kind, field::Path};

/// Characters of a name that is compared with known ones.
const COMPARED: usize = 64;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What its values are.
    pub kind: Kind,
    /// Where they lie; the values of all of them are its values.
    pub fields: Vec<Field>,
    /// The table's column that has them.
    pub column: Option<Column>,
}

impl Facets {
    /// Looks up a facet by its name, with or without `@`. A name with `@` that is no known facet is one of the
    /// attributes.
    ///
    /// # Errors
    /// No facet has this name: the nearest that one has, if there is one.
    pub fn find(&self, name: &str) -> Result<Found, Option<&'static str>> {
        let bare = name.strip_prefix('@');
        if let Some(row) = self.row(bare.unwrap_or(name)) {
            return Ok(row.found());
        }
        let Some(bare) = bare else { return Err(self.nearest(name)) };
        for (prefix, (list, names)) in self.open {
            if let Some(member) = bare.strip_prefix(prefix) {
                let mut path = Path::of(*list, names);
                path.names.push(Cow::Owned(member.to_owned()));
                return Ok(self.at(path));
            }
        }
        Ok(self.attribute(bare))
    }

    /// A path of the JSON, or of its attributes.
    fn attribute(&self, name: &str) -> Found {
        let parts: Vec<&str> = name.split('.').collect();
        let owned =
            |parts: &[&str]| parts.iter().map(|&part| Cow::Owned(part.to_owned())).collect::<Vec<_>>();
        let natural = match parts.as_slice() {
            [first, rest @ ..] if !rest.is_empty() && self.lists.contains(first) => {
                Path { list: Some(Cow::Owned((*first).to_owned())), names: owned(rest) }
            }
            parts => Path { list: None, names: owned(parts) },
        };
        let found = self.at(natural);
        if found.kind != Kind::Any {
            return found;
        }
        let mut fields = found.fields;
        for (list, names) in self.attributes {
            let first = list.iter().chain(*names);
            let depth = names.len() + usize::from(list.is_some());
            // `@attributes.a.b` is the same as `@a.b`, but for members of that name.
            let inside = depth <= parts.len() && first.zip(&parts).all(|(name, part)| name == part);
            let rest = if inside { parts.get(depth..).unwrap_or_default() } else { parts.as_slice() };
            if rest.is_empty() {
                continue;
            }
            // Attributes have names with dots in them; they may hold objects too.
            for rest in [owned(rest), vec![Cow::Owned(rest.join("."))]] {
                let mut path = Path::of(*list, names);
                path.names.extend(rest);
                let field = Field { path, known: None };
                if !fields.contains(&field) {
                    fields.push(field);
                }
            }
        }
        Found { fields, ..found }
    }

    /// The known facet with this path, or what may lie there.
    fn at(&self, path: Path) -> Found {
        let known = self.rows.iter().find(|row| {
            let (list, names) = row.at;
            path.list() == list && path.names().eq(names.iter().copied())
        });
        known.map_or_else(
            || Found { kind: Kind::Any, fields: vec![Field { path, known: None }], column: None },
            Facet::found,
        )
    }

    /// The known name nearest to a mistyped one.
    fn nearest(&self, name: &str) -> Option<&'static str> {
        if name.chars().count() > COMPARED {
            return None;
        }
        let names = self.rows.iter().flat_map(|row| row.names.iter().copied());
        let near = |known: &&'static str| {
            let bare = known.strip_prefix('@').unwrap_or(known);
            let distance = strsim::damerau_levenshtein(name, bare);
            (distance <= 1 + bare.len() / 4).then_some((distance, *known))
        };
        names.filter_map(|known| near(&known)).min().map(|(_, known)| known)
    }
}

impl Facet {
    /// Where its values lie.
    #[must_use]
    pub fn found(&self) -> Found {
        let (list, names) = self.at;
        let field = Field { path: Path::of(list, names), known: self.known };
        Found { kind: self.kind, fields: vec![field], column: self.column }
    }
}
