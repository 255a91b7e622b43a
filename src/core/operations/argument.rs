//! Arguments of a type: declared once, as typed constants, for the table of
//! types and for reading them.

use serde_json::Value;

use crate::context::Family;
use crate::fields::{FieldError, Fields, shown};

/// What reading a field comes to.
pub(super) type Result<T> = std::result::Result<T, FieldError>;

/// What a value must look like, and what it is read as.
pub(super) trait Form: Sync {
    /// The value.
    type Value<'a>;

    /// Reads the field of that name, if it is there and not null.
    fn read<'a>(&self, name: &str, fields: &Fields<'a>) -> Result<Option<Self::Value<'a>>>;

    /// As JSON Schema.
    fn schema(&self) -> Value;
}

/// An argument, which must be there or may be left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared<F, const REQUIRED: bool> {
    name: &'static str,
    form: F,
    about: &'static str,
}

/// An argument that must be there.
pub(super) type Needed<F> = Declared<F, true>;

/// An argument that may be left out.
pub(super) type Optional<F> = Declared<F, false>;

impl<F: Form + Copy, const REQUIRED: bool> Declared<F, REQUIRED> {
    /// The argument `name`, which is what `about` says.
    pub(super) const fn new(name: &'static str, form: F, about: &'static str) -> Self {
        Declared { name, form, about }
    }

    fn missing(&self, fields: &Fields<'_>) -> FieldError {
        FieldError::new(fields.name(self.name), self.about, "nothing")
    }
}

/// Declares arguments: `NAME: Needed<form> = "name", form, "what it is";`.
macro_rules! arguments {
    ($($(#[$about:meta])* $id:ident: $type:ty = $name:literal, $form:expr, $words:literal;)*) => {
        $($(#[$about])* pub(super) const $id: $type = <$type>::new($name, $form, $words);)*
    };
}

pub(super) use arguments;

/// An argument as the table of types lists it.
pub(super) trait Argument: Sync {
    /// Its name in the request.
    fn name(&self) -> &'static str;
    /// Whether it must be there.
    fn is_required(&self) -> bool;
    /// Whether what was given is as it must be.
    fn check(&self, fields: &Fields<'_>) -> Result<()>;
    /// As JSON Schema.
    fn schema(&self) -> Value;
}

impl<F: Form + Copy, const REQUIRED: bool> Argument for Declared<F, REQUIRED> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_required(&self) -> bool {
        REQUIRED
    }

    fn check(&self, fields: &Fields<'_>) -> Result<()> {
        match self.form.read(self.name, fields)? {
            None if REQUIRED => Err(self.missing(fields)),
            _ => Ok(()),
        }
    }

    fn schema(&self) -> Value {
        let mut schema = self.form.schema();
        schema["description"] = self.about.into();
        schema
    }
}

/// An argument with the type that it is read as.
pub(super) trait Typed: Argument {
    /// The value; an `Option` where it may be left out.
    type Value<'a>;

    /// Reads it.
    fn read<'a>(&self, fields: &Fields<'a>) -> Result<Self::Value<'a>>;
}

impl<F: Form + Copy> Typed for Needed<F> {
    type Value<'a> = F::Value<'a>;

    fn read<'a>(&self, fields: &Fields<'a>) -> Result<F::Value<'a>> {
        let value = self.form.read(self.name, fields)?;
        value.ok_or_else(|| self.missing(fields))
    }
}

impl<F: Form + Copy> Typed for Optional<F> {
    type Value<'a> = Option<F::Value<'a>>;

    fn read<'a>(&self, fields: &Fields<'a>) -> Result<Self::Value<'a>> {
        self.form.read(self.name, fields)
    }
}

/// The arguments of one command, all of them checked.
pub(super) struct Arguments<'a> {
    listed: &'static [&'static dyn Argument],
    fields: &'a Fields<'a>,
    /// The family of the device that the command is for.
    pub(super) family: Family,
}

impl<'a> Arguments<'a> {
    /// Checks what a type lists.
    pub(super) fn check(
        listed: &'static [&'static dyn Argument],
        fields: &'a Fields<'a>,
        family: Family,
    ) -> Result<Self> {
        for argument in listed {
            argument.check(fields)?;
        }
        Ok(Arguments {
            listed,
            fields,
            family,
        })
    }

    /// The value of an argument that the type lists.
    pub(super) fn get<T: Typed>(&self, argument: &T) -> Result<T::Value<'a>> {
        debug_assert!(
            self.listed.iter().any(|one| one.name() == argument.name()),
            "the type does not list {}",
            argument.name()
        );
        argument.read(self.fields)
    }

    /// Whether the argument was given, even as null.
    pub(super) fn has(&self, argument: &impl Argument) -> bool {
        self.fields.has(argument.name())
    }

    /// Where the argument stands, for errors.
    pub(super) fn path(&self, argument: &impl Argument) -> String {
        self.fields.name(argument.name())
    }

    /// Where a field stands that is read beside the arguments, for errors.
    pub(super) fn path_of(&self, field: &str) -> String {
        self.fields.name(field)
    }

    /// The value of an argument that is no secret, as errors show it.
    pub(super) fn shown(&self, argument: &impl Argument) -> Result<Option<String>> {
        Ok(self.fields.get(argument.name()).map(shown))
    }

    /// That the argument is not as expected.
    pub(super) fn wrong(
        &self,
        argument: &impl Argument,
        expected: impl Into<String>,
        found: &str,
    ) -> FieldError {
        FieldError::new(self.path(argument), expected.into(), found)
    }
}
