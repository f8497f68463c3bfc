//! Picket's own rules read the same with both readers.

use crate::rules::{inapp, json};

#[test]
fn the_rules_compiled_in() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let (mut files, mut rules) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // The requests that no rule may match.
        if path.is_dir() || name == "clean.json" {
            continue;
        }
        let text = std::fs::read(&path).unwrap();
        let new = inapp::read(&text, &name).unwrap();
        assert_eq!(new.warnings.to_string() + &new.left_out.to_string(), "", "{name}");
        let old = json::read(&text, &name).unwrap();
        assert_eq!(new.file.rules.len(), old.rules.len(), "{name}");
        for (new, old) in new.file.rules.iter().zip(&old.rules) {
            assert_eq!(
                (&*new.id, &new.name, &new.tags),
                (old.meta.id.as_str(), &old.meta.name, &old.meta.tags)
            );
            for (new, old) in new.conditions.iter().zip(&old.conditions) {
                assert_eq!(new.operator.name(), old.operator.name());
                for (new, old) in new.inputs.iter().zip(&old.inputs) {
                    assert_eq!(new.address.name(), old.address.name());
                    assert_eq!((new.source, &new.transforms), (old.source, &old.transforms));
                    let keys: Vec<_> = old.key_path.iter().cloned().map(inapp::ast::Key::Name).collect();
                    assert_eq!(new.key_path, keys);
                }
                assert_eq!(new.inputs.len(), old.inputs.len());
            }
            assert_eq!(new.conditions.len(), old.conditions.len());
            rules += 1;
        }
        files += 1;
    }
    assert!(files >= 10 && rules >= 50, "{files} files, {rules} rules");
}
