//! Which staged files a stored message names, whatever its type (E3, E7).

use serde::Deserialize;
use serde_json::Value;

use super::EncodedMessage;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::StoredMessage;
use crate::storage::StagedObject;

/// Finds the staged objects in a message.
///
/// A sink's message holds them somewhere, in fields of any name. Their own form is always the same,
/// so they are found by it. Only people's tools ask; what is published decides the sink.
pub(crate) fn staged_objects(message: &Value) -> Vec<StagedObject> {
    let mut found = Vec::new();
    collect(message, &mut found);
    found
}

/// Opens the messages of a `prepared` record, whatever their types.
pub(crate) fn stored_messages(messages: &[EncodedMessage]) -> Result<Vec<StoredMessage>> {
    let open = |message: &EncodedMessage| {
        serde_json::from_str(message.as_str()).map_err(|error| {
            Error::new(ErrorKind::Message, "a stored message is not JSON").with_source(error)
        })
    };
    let values = messages.iter().map(open);
    values.map(|value| value.map(StoredMessage::new)).collect()
}

fn collect(value: &Value, found: &mut Vec<StagedObject>) {
    match value {
        Value::Object(members) => match StagedObject::deserialize(value) {
            Ok(object) => found.push(object),
            Err(_) => members.values().for_each(|member| collect(member, found)),
        },
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e3_staged_objects_are_found_wherever_a_message_holds_them() {
        let object = |name: &str| {
            format!(r#"{{"staged":"s/{name}","path":"{name}","size":1,"checksum":"xxh3:0"}}"#)
        };
        let (a, b, c) = (object("a"), object("b"), object("c"));
        let text = format!(
            r#"{{"type":"t","version":1,"body":{{"rows":1,"files":[{a},{b}],"more":{{"x":{c}}},
            "not":{{"staged":"s/d","path":"d"}}}}}}"#
        );
        let message: EncodedMessage = serde_json::from_str(&text).unwrap();
        let stored = stored_messages(&[message]).unwrap();
        let found = stored[0].staged_objects();
        let mut names: Vec<&str> = found.iter().map(|object| object.path.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
