//! ELF files: inspected whatever they are; points lie in the file, and a file says the same twice.

use picket::binary::{Cost, Place, inspect};

/// Input: a file.
pub fn run(data: &[u8]) {
    let Ok(inspection) = inspect(data) else { return };
    assert_eq!(inspect(data).as_ref(), Ok(&inspection), "the second time differs");
    for found in &inspection.runtimes {
        assert!(!found.runtime.name().is_empty());
        // Nothing to probe is said, but for Go without TLS.
        let go = found.runtime == picket::binary::Runtime::Go;
        assert!(!found.points.is_empty() || found.unseen.is_some() || go, "{found:?}");
        for point in &found.points {
            assert!(point.offset < data.len() as u64, "{point:?}");
            assert!(point.program.starts_with("picket_"), "{point:?}");
            assert!(point.cost != Cost::Return || point.place == Place::Leave, "{point:?}");
        }
        assert!(!go || found.points.iter().all(|point| point.cost != Cost::Return), "{found:?}");
    }
}
