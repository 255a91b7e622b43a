//! Schemas that no type of this crate derives: those of commands, which are made
//! from the table of operations.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use modegate_core::operations::schema::schemas;

/// A command to queue: one of the types of the table.
pub(super) struct NewCommand;

impl JsonSchema for NewCommand {
    fn schema_name() -> Cow<'static, str> {
        "NewCommand".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut references = Vec::new();
        for (name, schema) in schemas() {
            // Other schemas have the same names.
            let name = format!("{name}Command");
            references.push(json!({"$ref": format!("#/components/schemas/{name}")}));
            generator.definitions_mut().insert(name, schema);
        }
        json_schema!({"oneOf": references})
    }
}

/// The API's own description.
pub(super) struct Document;

impl JsonSchema for Document {
    fn schema_name() -> Cow<'static, str> {
        "Document".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "required": ["openapi", "paths"]})
    }
}
