//! From what files say to what runs.

use super::matcher::Matcher;
use super::scanner::{Catalog, Chosen};
use crate::rules::inapp::ast::{Condition, Generator, Input, Mapping, Processor, Reference};
use crate::rules::inapp::{Problems, ReadError, Set};

/// Processors and scanners, ready to run. Immutable; shared by workers.
#[derive(Debug, Default)]
pub struct Processors {
    pub(super) processors: Vec<Compiled>,
    pub(super) catalog: Catalog,
    warnings: Problems,
}

/// A processor.
#[derive(Debug)]
pub(super) struct Compiled {
    pub generator: Generator,
    pub conditions: Vec<CompiledCondition>,
    pub mappings: Vec<Mapping>,
    pub scanners: Chosen,
    pub evaluate: bool,
    pub output: bool,
}

/// A condition of a processor.
#[derive(Debug)]
pub(super) struct CompiledCondition {
    pub inputs: Vec<Input>,
    pub matcher: Matcher,
    pub negated: bool,
}

impl Processors {
    /// Compiles the processors and scanners of a rule set.
    ///
    /// # Errors
    /// The first operator that can't be asked here, and why.
    pub fn compile(set: &Set) -> Result<Self, ReadError> {
        let catalog = Catalog::new(&set.scanners)?;
        let mut compiled = Self { processors: Vec::new(), catalog, warnings: Problems::default() };
        for processor in &set.processors {
            compiled.add(processor, set)?;
        }
        Ok(compiled)
    }

    /// What can be done without, but is hardly meant: scanners by ids that none has.
    #[must_use]
    pub fn warnings(&self) -> &Problems {
        &self.warnings
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.processors.is_empty()
    }

    fn add(&mut self, processor: &Processor, set: &Set) -> Result<(), ReadError> {
        let Processor { id, generator, mappings, evaluate, output, place, .. } = processor;
        let conditions = processor.conditions.iter().map(|condition| {
            let Condition { inputs, operator, negated, place } = condition;
            let matcher = Matcher::new(operator)
                .map_err(|problem| ReadError::at(place, format!("processor `{id}`: {problem}")))?;
            Ok(CompiledCondition { inputs: inputs.clone(), matcher, negated: *negated })
        });
        let conditions = conditions.collect::<Result<_, _>>()?;
        for reference in processor.scanners.iter().chain(&processor.not_scanners) {
            if let Reference::Id(wanted) = reference
                && !set.scanners.iter().any(|scanner| *scanner.id == **wanted)
            {
                let problem = format!("processor `{id}`: no scanner has the id `{wanted}`");
                self.warnings.push(ReadError::at(place, problem));
            }
        }
        self.processors.push(Compiled {
            generator: *generator,
            conditions,
            mappings: mappings.clone(),
            scanners: self.catalog.numbers(set.scanners_of(processor)),
            evaluate: *evaluate,
            output: *output,
        });
        Ok(())
    }
}
