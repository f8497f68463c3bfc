//! From configuration to what runs.

use thiserror::Error;

use super::config::{Condition, Config, Generator, Input, Mapping, Processor};
use super::matcher::Matcher;
use super::scanner::{Catalog, Chosen};

/// Processors and scanners, ready to run. Immutable; shared by workers.
#[derive(Debug, Default)]
pub struct Processors {
    pub(super) processors: Vec<Compiled>,
    pub(super) catalog: Catalog,
    warnings: Vec<String>,
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

/// Why processors can't be compiled.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CompileError {
    /// An operator of a scanner.
    #[error("scanner `{id}`: its {side}: {problem}")]
    Scanner {
        /// The scanner.
        id: String,
        /// `key` or `value`.
        side: &'static str,
        /// What is wrong, on one line.
        problem: String,
    },
    /// A scanner that looks at nothing.
    #[error("scanner `{id}` has neither `key` nor `value`: give it one")]
    EmptyScanner {
        /// The scanner.
        id: String,
    },
    /// An operator of a condition.
    #[error("processor `{id}`: condition {number}: {problem}")]
    Condition {
        /// The processor.
        id: String,
        /// Which one, from 1.
        number: usize,
        /// What is wrong, on one line.
        problem: String,
    },
    /// A mapping with too few or too many inputs.
    #[error("processor `{id}`: a mapping has {found} inputs; `{}` takes {}", .generator.name(), .generator.parameters().join(", "))]
    Inputs {
        /// The processor.
        id: String,
        /// What it makes.
        generator: Generator,
        /// How many there are.
        found: usize,
    },
    /// A processor whose work nobody sees.
    #[error("processor `{id}` has neither `evaluate` nor `output`: set the one that is meant")]
    Unused {
        /// The processor.
        id: String,
    },
}

impl Processors {
    /// Compiles processors and scanners.
    ///
    /// # Errors
    /// The first that can't be.
    pub fn compile(config: &Config) -> Result<Self, CompileError> {
        let catalog = Catalog::new(&config.scanners)?;
        let mut compiled = Self { processors: Vec::new(), catalog, warnings: Vec::new() };
        for processor in &config.processors {
            compiled.add(processor)?;
        }
        Ok(compiled)
    }

    /// What can be done without, but is hardly meant: scanners by ids that none has.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.processors.is_empty()
    }

    fn add(&mut self, processor: &Processor) -> Result<(), CompileError> {
        let Processor { id, generator, conditions, mappings, scanners, evaluate, output } = processor;
        if !evaluate && !output {
            return Err(CompileError::Unused { id: id.clone() });
        }
        if let Some(mapping) = mappings.iter().find(|m| m.inputs.len() != generator.parameters().len()) {
            let found = mapping.inputs.len();
            return Err(CompileError::Inputs { id: id.clone(), generator: *generator, found });
        }
        let conditions = conditions.iter().enumerate().map(|(at, condition)| {
            let Condition { inputs, operator, negated } = condition;
            let matcher = Matcher::new(operator).map_err(|problem| CompileError::Condition {
                id: id.clone(),
                number: at + 1,
                problem,
            })?;
            Ok(CompiledCondition { inputs: inputs.clone(), matcher, negated: *negated })
        });
        let conditions = conditions.collect::<Result<_, _>>()?;
        let (scanners, unknown) = self.catalog.choose(scanners);
        let unknown =
            unknown.iter().map(|scanner| format!("processor `{id}`: no scanner has the id `{scanner}`"));
        self.warnings.extend(unknown);
        self.processors.push(Compiled {
            generator: *generator,
            conditions,
            mappings: mappings.clone(),
            scanners,
            evaluate: *evaluate,
            output: *output,
        });
        Ok(())
    }
}
