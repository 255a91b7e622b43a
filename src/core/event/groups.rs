//! The groups that an event names: not everybody who may read it may know of all of them.

use super::Event;

impl Event {
    /// Whether it names a group that `knows` does not.
    pub fn names_other_groups(&self, knows: impl Fn(&String) -> bool) -> bool {
        let change = self.change.iter();
        let changed = change.flat_map(|change| [&change.groups, &change.groups_were]);
        let subject = self.exchange.as_ref().and_then(|of| of.subject.as_ref());
        let of_subject = subject.map(|subject| &subject.groups);
        let mut named = changed.flatten().chain(of_subject).flatten();
        named.any(|group| !knows(group))
    }

    /// The event for a reader who knows these groups only. Where none of them changed, it does
    /// not say either that groups did.
    #[must_use]
    pub fn naming_only(mut self, knows: impl Fn(&String) -> bool) -> Self {
        let retain = |groups: &mut Vec<String>| groups.retain(&knows);
        if let Some(change) = &mut self.change {
            change.groups.iter_mut().for_each(retain);
            change.groups_were.iter_mut().for_each(retain);
            if change.groups.is_some() && change.groups == change.groups_were {
                (change.groups, change.groups_were) = (None, None);
                change.fields.retain(|field| field != "groups");
            }
        }
        let subject = self.exchange.as_mut().and_then(|of| of.subject.as_mut());
        if let Some(subject) = subject {
            retain(&mut subject.groups);
        }
        self
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{EventType, RecordChange};
    use super::*;
    use crate::time::Timestamp;

    fn changed(before: &[&str], after: &[&str]) -> Event {
        let groups = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect());
        let change = RecordChange {
            fields: vec!["user".to_owned(), "groups".to_owned()],
            groups: groups(after),
            groups_were: groups(before),
            ..RecordChange::default()
        };
        Event::new(Timestamp(0), "api:a", None, EventType::DeviceChanged).change(change)
    }

    #[test]
    fn a_change_names_known_groups_only() {
        let knows = |group: &String| group == "north";
        let event = changed(&["south"], &["north", "south"]);
        assert!(event.names_other_groups(knows));
        let change = event.naming_only(knows).change.unwrap();
        assert_eq!(change.groups.unwrap(), ["north"]);
        assert_eq!(change.groups_were.unwrap(), [""; 0]);
        assert_eq!(change.fields, ["user", "groups"]);
    }

    #[test]
    fn a_change_of_other_groups_alone_is_none_of_groups() {
        let event = changed(&["north"], &["north", "south"]);
        let change = event.naming_only(|group| group == "north").change.unwrap();
        assert_eq!((change.groups, change.groups_were), (None, None));
        assert_eq!(change.fields, ["user"]);
    }
}
