//! The types as forms, for people who fill one in.

use serde_json::Value;

use super::entry::Type;
use super::schema::common;
use super::types::TYPES;
use crate::context::Family;

/// A type of command with what is asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeForm {
    /// Its name in the API.
    pub name: &'static str,
    /// What it does, in words.
    pub about: &'static str,
    /// The families that have it.
    pub families: &'static [Family],
    /// Its arguments, in the order in which they are asked for.
    pub arguments: Vec<FormField>,
    /// The fields that every command has, but for those of the same name as an argument.
    pub common: Vec<FormField>,
}

/// One field of such a form.
#[derive(Debug, Clone, PartialEq)]
pub struct FormField {
    /// Its name in the API.
    pub name: String,
    /// Whether it must be there.
    pub is_required: bool,
    /// What may stand there, as JSON Schema: with `description`, and with `writeOnly` where
    /// what was given is shown to nobody.
    pub schema: Value,
}

/// The form of every type, in the order of the table.
pub fn type_forms() -> impl Iterator<Item = TypeForm> {
    TYPES.iter().map(TypeForm::from)
}

/// The form of the type of this name.
pub fn type_form(name: &str) -> Option<TypeForm> {
    let found = TYPES.iter().find(|kind| kind.name == name);
    found.map(TypeForm::from)
}

impl From<&Type> for TypeForm {
    fn from(kind: &Type) -> Self {
        let is_argument = |name: &str| kind.arguments.iter().any(|one| one.name() == name);
        let arguments = kind.arguments.iter().map(|argument| FormField {
            name: argument.name().to_owned(),
            is_required: argument.is_required(),
            schema: argument.schema(),
        });
        let common = common().into_iter().filter(|(name, _)| !is_argument(name));
        TypeForm {
            name: kind.name,
            about: kind.about,
            families: kind.families,
            arguments: arguments.collect(),
            common: common
                .map(|(name, schema)| FormField {
                    name,
                    is_required: false,
                    schema,
                })
                .collect(),
        }
    }
}
