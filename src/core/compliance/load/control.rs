//! `[[control]]`: a question, and which answers are compliant.

use toml::de::DeValue;

use super::Loader;
use crate::compliance::{Control, ControlId, Expectation, Fact, Grade, Question};
use crate::context::Family;
use crate::inventory::search::{class_and_property, version};
use crate::inventory::{Address, Value, known};
use crate::loc_uri::is_name;
use crate::toml_file::{ID, Table, is_id};
use crate::wmi::{self, CimType};

/// The trees outside WMI that a control may read.
const TREES: [&str; 2] = ["./DevInfo", "./DevDetail"];
/// The keys that say which answers are compliant.
const EXPECTATIONS: [&str; 5] = ["is", "at_least", "at_most", "within_days", "holds"];

/// The type of the answers to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswerType {
    Bool,
    Integer,
    Time,
    Text,
}

impl AnswerType {
    fn name(self) -> &'static str {
        match self {
            AnswerType::Bool => "true or false",
            AnswerType::Integer => "a whole number",
            AnswerType::Time => "a time",
            AnswerType::Text => "a text",
        }
    }

    fn of_cim(cim: CimType) -> Self {
        match cim {
            CimType::Boolean => AnswerType::Bool,
            CimType::DateTime => AnswerType::Time,
            CimType::String => AnswerType::Text,
            _ => AnswerType::Integer,
        }
    }

    /// Which keys fit answers of this type.
    fn expectations(self) -> &'static [&'static str] {
        match self {
            AnswerType::Bool => &["is"],
            AnswerType::Integer => &["is", "at_least", "at_most"],
            AnswerType::Time => &["within_days"],
            AnswerType::Text => &["is", "at_least", "at_most", "holds"],
        }
    }
}

impl Table<'_, Loader> {
    pub(super) fn control(&mut self) {
        const KEYS: [&str; 14] = [
            "id",
            "read",
            "fact",
            "is",
            "at_least",
            "at_most",
            "within_days",
            "holds",
            "every",
            "grace_days",
            "maps",
            "grade",
            "says",
            "note",
        ];
        self.only_keys(&KEYS);
        let [says, _] = ["says", "note"].map(|key| self.text(key));
        let id = self.required("id").and_then(|id| self.control_id(id));
        let question = self.question();
        let expected = self.expectation(question.as_ref().map(|(_, answers)| *answers));
        let every = self.every(question.as_ref().map(|(question, _)| question));
        let grace_days = self.days("grace_days", 0);
        let maps = self.names("maps").unwrap_or_default();
        let grades = Grade::ALL.map(|grade| (grade.name(), grade));
        let grade = self.text("grade");
        let grade = grade.and_then(|name| self.one_of(&grades, name));
        if let (Some(id), Some((question, _)), Some(expected)) = (id, question, expected) {
            let line = self.at.line(self.start);
            self.loader.controls.push(Control {
                id,
                question,
                expected,
                every,
                grace_days: grace_days.unwrap_or(0),
                maps,
                grade,
                says: says.map(|(text, _)| text),
                line,
            });
        }
    }

    fn control_id(&mut self, (id, offset): (String, usize)) -> Option<ControlId> {
        if !is_id(&id) {
            self.fault(offset, ID, format!("'{id}'"));
            return None;
        }
        let line = self.at.line(offset);
        if let Some(earlier) = self.loader.control_ids.insert(id.clone(), line) {
            let found = format!("'{id}', which line {earlier} defines too");
            self.fault(offset, "an id that is unique in its baseline", found);
            return None;
        }
        Some(ControlId(id))
    }

    /// What is asked, and the type of the answers.
    fn question(&mut self) -> Option<(Question, AnswerType)> {
        match (self.text("read"), self.text("fact")) {
            (Some(read), None) => self.reading(read),
            (None, Some(fact)) => {
                let facts = Fact::ALL.map(|fact| (fact.name(), fact));
                let fact = self.one_of(&facts, fact)?;
                let answers = match fact {
                    Fact::LastSession | Fact::LastMaintenance => AnswerType::Time,
                    Fact::VendorSupported | Fact::Enrolled => AnswerType::Bool,
                };
                Some((Question::Fact(fact), answers))
            }
            (Some(_), Some((_, offset))) => {
                self.fault(offset, "either 'read' or 'fact'", "both");
                None
            }
            (None, None) => {
                if !["read", "fact"]
                    .iter()
                    .any(|key| self.fields.contains_key(*key))
                {
                    self.fault(
                        self.start,
                        "the key 'read' or 'fact'",
                        "a table without them",
                    );
                }
                None
            }
        }
    }

    fn reading(&mut self, (name, offset): (String, usize)) -> Option<(Question, AnswerType)> {
        let families = self.loader.head.as_ref().map(|head| &head.families[..]);
        let has_phone = families.is_some_and(|all| all.contains(&Family::WindowsPhone81));
        let mut wrong = |expected: String| {
            self.fault(offset, expected, format!("'{name}'"));
            None
        };
        let Some((class, property)) = class_and_property(&name) else {
            return wrong("'Class.Property' or './DevDetail/…'".to_owned());
        };
        let (class, property, answers) = if class.starts_with("./") {
            let Some(tree) = TREES.iter().find(|tree| class.eq_ignore_ascii_case(tree)) else {
                return wrong(format!("a class, or a node below {}", TREES.join(" or ")));
            };
            ((*tree).to_owned(), property, AnswerType::Text)
        } else {
            let Some((_, known)) = wmi::find(&class) else {
                return wrong("a class of the classification table".to_owned());
            };
            let (name, answers) = match known.property(&property) {
                Some(one) if one.is_array => (one.name.to_owned(), AnswerType::Text),
                Some(one) => (one.name.to_owned(), AnswerType::of_cim(one.cim)),
                None if known.properties.is_empty() && is_name(&property) => {
                    (property, AnswerType::Text)
                }
                None => {
                    let all: Vec<&str> = known.inventoried().collect();
                    return wrong(format!("a property of {}: {}", known.name, all.join(", ")));
                }
            };
            (known.name.to_owned(), name, answers)
        };
        let address = Address {
            class,
            instance: String::new(),
            property,
        };
        if !known::may_be_kept(&address) {
            return wrong("a value that is no secret".to_owned());
        }
        if has_phone && !address.is_tree() {
            return wrong("a node './…', since phones have no classes".to_owned());
        }
        let Address {
            class, property, ..
        } = address;
        Some((Question::Reading { class, property }, answers))
    }

    /// Which answers are compliant: exactly one key says so, and its values are of the type
    /// of the answers.
    fn expectation(&mut self, answers: Option<AnswerType>) -> Option<Expectation> {
        let keys = EXPECTATIONS.into_iter();
        let there: Vec<&str> = keys.filter(|key| self.fields.contains_key(*key)).collect();
        let [key] = there[..] else {
            let expected = format!("exactly one of {}", EXPECTATIONS.join(", "));
            let found = match there.len() {
                0 => "none of them".to_owned(),
                _ => there.join(" and "),
            };
            self.fault(self.start, expected, found);
            return None;
        };
        let fitting = answers.map_or(&EXPECTATIONS[..], AnswerType::expectations);
        if !fitting.contains(&key) {
            let offset = self
                .fields
                .get(key)
                .map_or(self.start, |value| value.span().start);
            let expected = format!("one of {}, since the answer is {}", fitting.join(", "), {
                answers.map_or("", AnswerType::name)
            });
            self.fault(offset, expected, format!("'{key}'"));
            return None;
        }
        match key {
            "is" => self.one_of_values(answers).map(Expectation::Is),
            "within_days" => self.days(key, 0).map(Expectation::WithinDays),
            "holds" => {
                let text = self.text(key)?;
                self.plain(key, text).map(Expectation::Holds)
            }
            _ => {
                let bound = self.bound(key, answers)?;
                Some(match key {
                    "at_least" => Expectation::AtLeast(bound),
                    _ => Expectation::AtMost(bound),
                })
            }
        }
    }

    /// The values of `is`.
    fn one_of_values(&mut self, answers: Option<AnswerType>) -> Option<Vec<Value>> {
        let value = self.fields.get("is")?;
        let offset = value.span().start;
        let DeValue::Array(entries) = value.get_ref() else {
            self.fault(offset, "a list for 'is', such as [0]", "something else");
            return None;
        };
        if entries.is_empty() || entries.len() > 64 {
            let found = format!("{} values", entries.len());
            self.fault(offset, "1 to 64 values for 'is'", found);
            return None;
        }
        let mut values = Vec::new();
        for entry in entries {
            let value = wanted(entry.get_ref()).filter(|value| fits(value, answers));
            if value.is_none() {
                let expected = answers.map_or("a value", AnswerType::name);
                let found = self.at.text.get(entry.span()).unwrap_or_default();
                self.fault(entry.span().start, format!("{expected} in 'is'"), found);
            }
            values.extend(value);
        }
        (values.len() == entries.len()).then_some(values)
    }

    /// The value of `at_least` or `at_most`: a whole number, or a version.
    fn bound(&mut self, key: &str, answers: Option<AnswerType>) -> Option<Value> {
        let expected = match answers {
            Some(AnswerType::Text) => "a version such as \"6.3.9600\"",
            _ => "a whole number",
        };
        let bound = self.value(key, expected, |value| {
            let value = wanted(value).filter(|value| fits(value, answers))?;
            let is_bound = match &value {
                Value::Text(text) => version(text).is_some(),
                Value::Integer(_) => true,
                _ => false,
            };
            is_bound.then_some(value)
        });
        bound.map(|(value, _)| value)
    }

    /// Whether every instance must answer so: yes, unless `every = false`.
    fn every(&mut self, question: Option<&Question>) -> bool {
        let every = self.value("every", "true or false", |value| match value {
            DeValue::Boolean(every) => Some(*every),
            _ => None,
        });
        if let (Some((_, offset)), Some(Question::Fact(_))) = (every, question) {
            self.fault(
                offset,
                "no 'every' beside 'fact', which has one answer",
                "'every'",
            );
        }
        every.is_none_or(|(every, _)| every)
    }
}

fn wanted(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::Boolean(truth) => Some(Value::Bool(*truth)),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .ok()
            .map(Value::Integer),
        DeValue::String(text) => Some(Value::Text(text.trim().to_owned())),
        _ => None,
    }
}

fn fits(value: &Value, answers: Option<AnswerType>) -> bool {
    let of = match value {
        Value::Bool(_) => AnswerType::Bool,
        Value::Integer(_) => AnswerType::Integer,
        Value::Text(text) if text.is_empty() => return false,
        _ => AnswerType::Text,
    };
    answers.is_none_or(|answers| answers == of)
}
