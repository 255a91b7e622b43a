//! Operations on `./cimv2`, in the one form that this server writes
//! (MS-MDM 3.1.5.1.3 and 3.1.5.1.5; seed 004).

use crate::command::{Operation, escaped};
use crate::secret::Secret;
use modegate_wire::message::Verb;

/// `./cimv2/<Class>/<Class>.<Key>=%22<value>%22[,…]`: key values are quoted
/// even where they are numbers.
pub(super) fn instance(class: &str, keys: &[(&str, &str)]) -> String {
    let keys: Vec<String> = keys
        .iter()
        .map(|(key, value)| format!("{key}=%22{}%22", escaped(value)))
        .collect();
    format!("./cimv2/{class}/{class}.{}", keys.join(","))
}

/// An Exec, with text where the method takes some: `<parameter>=<value>`.
pub(super) fn exec(instance: &str, method: &str, data: Option<String>) -> Operation {
    exec_node(format!("{instance}/Exec={method}"), data)
}

/// An Exec of a node, with text where it takes some.
pub(super) fn exec_node(loc_uri: String, data: Option<String>) -> Operation {
    let text = data.is_some();
    Operation::Node {
        verb: Verb::Exec,
        loc_uri,
        format: text.then(|| "chr".to_owned()),
        mime: text.then(|| "text/plain".to_owned()),
        data: data.map(Secret::new),
    }
}

/// A Get.
pub(super) fn get(loc_uri: String) -> Operation {
    Operation::Node {
        verb: Verb::Get,
        loc_uri,
        format: None,
        mime: None,
        data: None,
    }
}

/// A write of one property, as MS-MDM shows it: no Meta.
pub(super) fn write(verb: Verb, instance: &str, property: &str, value: &str) -> Operation {
    Operation::Node {
        verb,
        loc_uri: format!("{instance}/{property}"),
        format: None,
        mime: None,
        data: Some(Secret::new(value)),
    }
}

/// A Delete of an instance.
pub(super) fn delete(instance: String) -> Operation {
    Operation::Node {
        verb: Verb::Delete,
        loc_uri: instance,
        format: None,
        mime: None,
        data: None,
    }
}
