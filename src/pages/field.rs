//! Fields of forms, each with its label, its hint and what is wrong with its entry.

use askama::Template;
use askama::filters::HtmlSafe;

/// How a field is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// A line of text.
    Line,
    /// A line that is not shown while it is typed.
    Secret,
    /// Several lines of text.
    Lines,
    /// One of these values, each with what it is called.
    Choice(Vec<(String, String)>),
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "field.html")]
pub struct Field {
    /// Its name in the form.
    pub name: String,
    /// What it is called.
    pub label: String,
    /// What is expected; may be empty.
    pub hint: String,
    /// What stands in it.
    pub value: String,
    /// What is wrong with that.
    pub fault: Option<String>,
    /// How it is entered.
    pub control: Control,
}

// Its template escapes what it shows.
impl HtmlSafe for Field {}

impl Field {
    /// A line of text, empty.
    pub fn line(
        name: impl Into<String>,
        label: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Field {
            name: name.into(),
            label: label.into(),
            hint: hint.into(),
            value: String::new(),
            fault: None,
            control: Control::Line,
        }
    }

    /// The same, entered in this way.
    #[must_use]
    pub fn by(mut self, control: Control) -> Self {
        self.control = control;
        self
    }

    /// The same with this in it.
    #[must_use]
    pub fn with(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("f-{}-hint", self.name));
        let fault = self
            .fault
            .as_ref()
            .map(|_| format!("f-{}-error", self.name));
        hint.into_iter().chain(fault).collect::<Vec<_>>().join(" ")
    }
}

/// The fields of a form, and what is wrong with it as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// The fields.
    pub all: Vec<Field>,
    /// What is wrong that no field of it has.
    pub faults: Vec<String>,
}

impl Fields {
    /// These fields, with nothing wrong.
    pub fn new(all: Vec<Field>) -> Self {
        Fields {
            all,
            faults: Vec::new(),
        }
    }

    /// Adds what is wrong with a field: that of this name, or the one that it is a part of.
    pub fn refuse(&mut self, name: &str, why: String) {
        let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        let own = name.split('[').next().unwrap_or(name);
        let names = [
            own.to_owned(),
            last(own),
            own.split('.').next().unwrap_or(own).to_owned(),
        ];
        let found = names
            .iter()
            .find_map(|name| self.all.iter().position(|field| field.name == *name));
        match found.and_then(|at| self.all.get_mut(at)) {
            Some(field) if field.fault.is_none() => field.fault = Some(why),
            Some(_) => {}
            None if name.is_empty() => self.faults.push(why),
            None => self.faults.push(format!("{name}: {why}")),
        }
    }

    /// What is wrong with the form, above it, with links to its fields.
    pub fn summary(&self) -> FaultSummary {
        let of_fields = self.all.iter().filter_map(|field| {
            let fault = field.fault.as_ref()?;
            Some((
                format!("f-{}", field.name),
                format!("{}: {fault}", field.label),
            ))
        });
        FaultSummary {
            of_fields: of_fields.collect(),
            others: self.faults.clone(),
        }
    }
}

/// What is wrong with a form.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "faults.html")]
pub struct FaultSummary {
    /// The field's id in the page, and what is wrong with it.
    pub of_fields: Vec<(String, String)>,
    /// What else is wrong.
    pub others: Vec<String>,
}

// Its template escapes what it shows.
impl HtmlSafe for FaultSummary {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_stands_at_the_field_that_it_is_about() {
        let field = |name: &str| Field::line(name, name.to_uppercase(), "a hint");
        let mut fields = Fields::new(vec![field("groups"), field("username").with("<b>")]);
        fields.refuse("groups[3]", "expected less".to_owned());
        fields.refuse("credentials.username", "expected no ':'".to_owned());
        fields.refuse("family", "expected another".to_owned());
        assert_eq!(fields.faults, ["family: expected another"]);
        let shown = fields.all[1].to_string();
        assert!(shown.contains("aria-invalid=\"true\"") && shown.contains("f-username-error"));
        assert!(!shown.contains("<b>"), "{shown}");
        let summary = fields.summary().to_string();
        assert!(summary.contains("href=\"#f-groups\"") && summary.contains("expected another"));
        assert_eq!(Fields::default().summary().to_string().trim(), "");
    }
}
