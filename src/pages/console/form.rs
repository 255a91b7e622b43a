//! Forms of the console: what is asked for, what was entered, and what is wrong with it.

use modegate_core::fields::FieldError;

use crate::shell::capital;

/// What was entered into a form: names and texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entered(pub Vec<(String, String)>);

impl Entered {
    /// The text of a field as it was sent, with lines as the server has them; empty where there
    /// is none.
    pub fn exact(&self, name: &str) -> String {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or_else(String::new, |(_, text)| text.replace("\r\n", "\n"))
    }

    /// The same without white space around it.
    pub fn text(&self, name: &str) -> String {
        self.exact(name).trim().to_owned()
    }

    /// The lines of a field that are not empty, without white space around them.
    pub fn lines(&self, name: &str) -> Vec<String> {
        let text = self.exact(name);
        let lines = text.lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// Whether a box was ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.0.iter().any(|(field, _)| field == name)
    }

    /// The same with this text in a field.
    #[must_use]
    pub fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        self.0.retain(|(field, _)| field != name);
        self.0.push((name.to_owned(), text.into()));
        self
    }
}

/// Fields that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// What they are, where they stand apart.
    pub legend: Option<String>,
    /// More of it.
    pub hint: Option<String>,
    /// The fields.
    pub inputs: Vec<Input>,
}

impl Section {
    /// Fields that do not stand apart.
    pub fn plain(inputs: Vec<Input>) -> Self {
        Section {
            inputs,
            ..Section::default()
        }
    }
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name in the form.
    pub name: String,
    /// What it is.
    pub label: String,
    /// What may stand there.
    pub hint: String,
    /// Whether something must stand there.
    pub is_required: bool,
    /// How it is filled in.
    pub control: Control,
    /// What was entered; never a secret.
    pub value: String,
    /// What is wrong with it.
    pub fault: Option<String>,
}

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// A line of text.
    Line,
    /// A line or more of text, which is shown to nobody; whether there may be more, and whether
    /// the server keeps what was entered before.
    Secret {
        /// Whether it may have more than one line.
        is_long: bool,
        /// Whether the server keeps one that was entered before.
        is_kept: bool,
    },
    /// A whole number.
    Number,
    /// One of these words, or none.
    Choice(Vec<String>),
    /// Text of more than one line, a list of lines, or JSON.
    Text,
    /// Something that is so or not.
    Box,
}

impl Input {
    /// A field with a line of text.
    pub fn line(name: &str, label: &str, hint: &str) -> Self {
        Input {
            name: name.to_owned(),
            label: label.to_owned(),
            hint: hint.to_owned(),
            is_required: false,
            control: Control::Line,
            value: String::new(),
            fault: None,
        }
    }

    /// The same, which must be filled in.
    #[must_use]
    pub fn required(self) -> Self {
        Input {
            is_required: true,
            ..self
        }
    }

    /// The same, filled in otherwise.
    #[must_use]
    pub fn by(self, control: Control) -> Self {
        Input { control, ..self }
    }

    /// Its id in the page.
    pub fn id(&self) -> String {
        format!("f-{}", self.name)
    }

    /// The ids of what describes it.
    pub fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id()));
        let fault = self.fault.as_ref().map(|_| format!("{}-error", self.id()));
        let both: Vec<String> = hint.into_iter().chain(fault).collect();
        both.join(" ")
    }

    /// Takes over what was entered, but for a secret.
    fn fill(&mut self, entered: &Entered) {
        match &self.control {
            Control::Secret { .. } => {}
            Control::Box => self.value = u8::from(entered.is_ticked(&self.name)).to_string(),
            Control::Text => self.value = entered.exact(&self.name),
            _ => self.value = entered.text(&self.name),
        }
    }

    /// Whether a fault of this field concerns this input: it has its name, or is within it.
    fn concerns(&self, field: &str) -> bool {
        let rest = field.strip_prefix(&*self.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }
}

/// Something that is wrong, with the field it is wrong in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The id of the field in the page.
    pub anchor: Option<String>,
    /// What was expected and what came.
    pub text: String,
}

impl Fault {
    /// Something that concerns no one field.
    pub fn of_all(text: impl Into<String>) -> Self {
        Fault {
            anchor: None,
            text: text.into(),
        }
    }
}

/// Fills in what was entered, and puts each fault to its field. All faults, for the top of the
/// page.
pub fn fill(sections: &mut [Section], entered: &Entered, faults: &[FieldError]) -> Vec<Fault> {
    for input in sections.iter_mut().flat_map(|section| &mut section.inputs) {
        input.fill(entered);
    }
    let told = faults.iter().map(|fault| {
        let text = format!("expected {}, found {}", fault.expected, fault.found);
        let inputs = sections.iter_mut().flat_map(|section| &mut section.inputs);
        let concerned = inputs
            .filter(|input| input.concerns(&fault.field))
            .max_by_key(|input| input.name.len());
        match concerned {
            Some(input) => {
                let within = fault.field.strip_prefix(&*input.name).unwrap_or_default();
                let within = within.trim_start_matches('.');
                let told = match within {
                    "" => text,
                    within => format!("{within}: {text}"),
                };
                let told = capital(&told);
                let label = &input.label;
                let fault = Fault {
                    anchor: Some(input.id()),
                    text: format!("{label}: {told}"),
                };
                input.fault.get_or_insert(told);
                fault
            }
            None => Fault::of_all(format!("{}: {text}", fault.field)),
        }
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_stands_at_the_innermost_field_that_it_concerns() {
        let input = |name| Input::line(name, "Label", "");
        let mut sections = [Section::plain(vec![
            input("settings"),
            input("settings.Wifi"),
            input("set"),
        ])];
        let entered = Entered(vec![("set".to_owned(), " x ".to_owned())]);
        let faults = [
            FieldError::new("settings.Wifi", "true or false", "'maybe'"),
            FieldError::new("settings[2]", "text", "nothing"),
            FieldError::new("body", "an object", "text"),
        ];
        let told = fill(&mut sections, &entered, &faults);
        let anchors: Vec<Option<&str>> = told.iter().map(|fault| fault.anchor.as_deref()).collect();
        assert_eq!(anchors, [Some("f-settings.Wifi"), Some("f-settings"), None]);
        let [section] = &sections;
        assert_eq!(
            section.inputs[1].fault.as_deref(),
            Some("Expected true or false, found 'maybe'")
        );
        assert_eq!(
            section.inputs[0].fault.as_deref(),
            Some("[2]: expected text, found nothing")
        );
        assert_eq!(section.inputs[2].value, "x");
        assert_eq!(section.inputs[2].fault, None);
    }
}
