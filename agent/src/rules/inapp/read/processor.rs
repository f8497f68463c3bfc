//! Processors, what is otherwise in them, and scanners.

use super::{condition, operator, references, texts};
use crate::rules::{
    inapp::{
        address::Address,
        ast::{
            Generator, List, Mapping, Operator, Processor, ProcessorOverride, Reference, Scanner,
            ScannerChange,
        },
        node::Node,
        position::ReadError,
    },
    seclang::names,
};

pub(super) fn read(node: Node<'_, '_>) -> Result<Processor, ReadError> {
    let processor = node.object(&[
        "id",
        "generator",
        "conditions",
        "parameters",
        "evaluate",
        "output",
        "min_version",
        "max_version",
    ])?;
    let id = processor.need("id")?.name()?;
    let generator = generator(processor.need("generator")?)?;
    let none = condition::Transformers::default();
    let conditions = processor.get("conditions").map(|node| condition::read_all(node, &none)).transpose()?;
    let parameters = processor.need("parameters")?.object(&["mappings", "scanners"])?;
    let mappings = parameters.need("mappings")?;
    let list = mappings.list()?;
    if list.is_empty() {
        return Err(mappings.error("expected at least one mapping"));
    }
    let mappings = list.iter().map(|node| mapping(node, generator)).collect::<Result<_, _>>()?;
    let flag = |key, default| processor.get(key).map_or(Ok(default), |flag| flag.boolean());
    let (evaluate, output) = (flag("evaluate", true)?, flag("output", false)?);
    if !evaluate && !output {
        return Err(node.error("neither \"evaluate\" nor \"output\": what it makes would be of no use"));
    }
    Ok(Processor {
        id: id.into(),
        generator,
        conditions: conditions.unwrap_or_default(),
        mappings,
        scanners: parameters.get("scanners").map(references).transpose()?.unwrap_or_default(),
        not_scanners: Vec::new(),
        evaluate,
        output,
        place: node.place(),
    })
}

fn generator(node: Node<'_, '_>) -> Result<Generator, ReadError> {
    let name = node.string()?;
    let found = Generator::ALL.into_iter().find(|generator| generator.name() == name);
    found.ok_or_else(|| {
        let known = Generator::ALL.map(Generator::name);
        let near = names::meant(&name, known);
        let near = if near.is_empty() { format!("; known are {}", known.join(", ")) } else { near };
        node.error(format!("generator {} is not known{near}", names::shown(&name)))
    })
}

fn mapping(node: Node<'_, '_>, generator: Generator) -> Result<Mapping, ReadError> {
    let keys: Vec<_> = generator.parameters().iter().copied().chain(["output"]).collect();
    let mapping = node.object(&keys)?;
    let none = condition::Transformers::default();
    let mut inputs = Vec::new();
    for key in generator.parameters() {
        let several = condition::inputs(&mapping, key, &none)?;
        if several.len() > 1 {
            mapping.need(key)?.warn("the first input is taken, the others are passed over");
        }
        inputs.extend(several.into_iter().take(1));
    }
    Ok(Mapping { inputs, output: Address::named(&mapping.need("output")?.name()?) })
}

pub(super) fn read_override(node: Node<'_, '_>) -> Result<ProcessorOverride, ReadError> {
    let item = node.object(&["target", "scanners"])?;
    let target = item.need("target")?;
    let mut targets = Vec::new();
    for node in target.list()?.iter() {
        match super::reference(node)? {
            Reference::Id(id) => targets.push(id),
            Reference::Tags(_) => return Err(node.error("processors have no tags: expected \"id\"")),
        }
    }
    if targets.is_empty() {
        return Err(target.error("expected at least one processor"));
    }
    let scanners = item.need("scanners")?;
    let scanners = if scanners.is_list() {
        ScannerChange::Replace(references(scanners)?)
    } else {
        let change = scanners.object(&["include", "exclude"])?;
        let side = |key| change.get(key).map(references).transpose();
        ScannerChange::Change {
            include: side("include")?.unwrap_or_default(),
            exclude: side("exclude")?.unwrap_or_default(),
        }
    };
    Ok(ProcessorOverride { targets, scanners, place: node.place() })
}

pub(super) fn read_scanner(node: Node<'_, '_>) -> Result<Scanner, ReadError> {
    let scanner = node.object(&["id", "name", "tags", "key", "value", "min_version", "max_version"])?;
    let id = scanner.need("id")?.name()?;
    let side = |key| scanner.get(key).map(matcher).transpose();
    let (key, value) = (side("key")?, side("value")?);
    if key.is_none() && value.is_none() {
        return Err(node.error("expected a key \"key\" or \"value\""));
    }
    Ok(Scanner {
        id: id.into(),
        name: scanner.get("name").map(|name| name.text()).transpose()?.unwrap_or_default(),
        tags: texts(scanner.need("tags")?)?,
        key,
        value,
        place: node.place(),
    })
}

fn matcher(node: Node<'_, '_>) -> Result<Operator, ReadError> {
    let matcher = node.object(&["operator", "parameters"])?;
    let name = operator::Name::of_scanner(matcher.need("operator")?)?;
    let parameters = matcher.need("parameters")?.object(name.keys_of_scanner())?;
    let operator = operator::read(&name, &parameters, &condition::Transformers::default())?;
    if matches!(operator, Operator::ExactMatch(List::Data(_)) | Operator::IpMatch(List::Data(_))) {
        return Err(parameters.need("data")?.error("a scanner has no data: expected \"list\""));
    }
    Ok(operator)
}
