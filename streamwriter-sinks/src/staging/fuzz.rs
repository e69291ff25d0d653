//! What must hold of the names and records of a target, whatever the bytes; see `fuzz/`.

use streamwriter_core::testing::Pretend;
use streamwriter_core::{__fuzz as core, StagedObject, StorePath, TargetRecord};

use super::names::{FinalName, StagedName, batch_name, foreign_to, parse_batch_name};
use super::owner::Owner;

/// The records of a target, of the kind that the first byte chooses.
pub fn target_records(data: &[u8]) {
    match data.split_first() {
        Some((kind, data)) if kind % 2 == 0 => core::records_of::<Owner>("owner", data),
        Some((_, data)) => core::records_of::<TargetRecord>("committed", data),
        None => {}
    }
}

/// Names are read as they are printed, and not otherwise.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(name) = FinalName::parse(text) {
        assert_eq!(name.to_string(), text);
    }
    if let Some(name) = StagedName::parse(text) {
        assert_eq!(name.to_string(), text);
    }
    if let Some(batch) = parse_batch_name(text) {
        assert_eq!(batch_name(batch), text);
    }
    let (path, staged) = text.split_once('\n').unwrap_or((text, text));
    let (Ok(path), Ok(staged)) = (StorePath::parse(path), StorePath::parse(staged)) else {
        return;
    };
    let object = StagedObject {
        staged,
        path,
        size: 0,
        checksum: String::new(),
        token: None,
    };
    // A file of a batch lies in the data, and its staged one in the staging directory.
    if let Some(name) = FinalName::parse(object.path.file_name()) {
        let pretend = Pretend {
            query: name.query,
            batch: name.batch,
            ..Pretend::default()
        };
        if matches!(foreign_to(&pretend.batch(), &object), Ok(None)) {
            assert!(!object.path.as_str().starts_with("_streamwriter/"));
            assert!(object.staged.as_str().starts_with("_streamwriter/staging/"));
        }
    }
}
