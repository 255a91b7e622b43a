//! Whether a push would make a waiting command go sooner.

use super::asked::View;
use super::outlook::{Forecast, When};
use super::windows81::channel_in_words;
use crate::context::{Family, Mode};

/// What a push would do for a command that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushHelp {
    /// Whether it brings a session that carries the command, and can be sent.
    pub helps: bool,
    /// The same as a sentence without its full stop, with the reason.
    pub text: String,
}

/// What a push would do for the command that has this forecast; `None` where it is out, or
/// goes in the session that is open.
pub fn push_help(view: &View<'_>, forecast: &Forecast) -> Option<PushHelp> {
    let no = |why: &str| {
        Some(PushHelp {
            helps: false,
            text: format!("A push does not help: {why}"),
        })
    };
    match forecast.when {
        When::Sent | When::Now => return None,
        When::Never => return no("no session carries it as things stand"),
        When::NotBefore => return no("its time has not come"),
        When::After => return no("it waits for another command"),
        _ => {}
    }
    let (brings, carries) = match view.record.family {
        Family::Windows81 => ("an Apps session", forecast.modes.contains(&Mode::Apps)),
        Family::WindowsPhone81 | Family::Windows10 => (
            "a session",
            matches!(forecast.when, When::AnySession | When::PushSession),
        ),
    };
    if !carries {
        return no(&format!("it brings {brings}, which does not carry it"));
    }
    let channel = view.state.channel.as_ref();
    if channel.is_some_and(|channel| channel.may_send(view.now)) {
        return Some(PushHelp {
            helps: true,
            text: format!("A push helps: it brings {brings}, which carries it"),
        });
    }
    let why = match view.record.family {
        Family::Windows81 => channel_in_words(channel, view.now),
        _ => "no push can be sent: the device has no channel that may be sent to",
    };
    Some(PushHelp {
        helps: false,
        text: format!("A push would help, but {why}"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::forecast;
    use super::*;
    use crate::command::{CommandBody, Operation};
    use crate::device::Device;
    use crate::fixtures::{NOW, active_channel, registered};
    use crate::policy::PolicySet;
    use crate::session::queue::queue;
    use crate::time::Timestamp;
    use modegate_wire::message::Verb;

    const INVENTORY: (Verb, &str) = (Verb::Get, "./cimv2/Win32_OperatingSystem");
    const CHANNEL: (Verb, &str) = (
        Verb::Exec,
        "./cimv2/MDM_WNSConfiguration/MDM_WNSConfiguration.AppId=%22x%22/Exec=UpdateConfiguration",
    );

    fn device(
        family: Family,
        (verb, loc_uri): (Verb, &str),
        not_before: Option<Timestamp>,
    ) -> Device {
        let mut device = registered(1, "t", family, NOW);
        let operation = Operation::node(verb, loc_uri, None);
        let mut body = CommandBody::new("raw", "test", NOW, vec![operation]);
        body.not_before = not_before;
        device.state = queue(&device, body).unwrap().0.state;
        device
    }

    fn help(device: &Device) -> Option<PushHelp> {
        let policies = PolicySet::builtin().unwrap();
        let view = View {
            state: &device.state,
            record: &device.record,
            policies: &policies,
            build: None,
            now: NOW,
        };
        push_help(&view, &forecast(&view, device.state.open.last().unwrap()))
    }

    #[test]
    fn a_push_helps_what_its_session_carries_if_it_can_be_sent() {
        let mut tablet = device(Family::Windows81, INVENTORY, None);
        let without = help(&tablet).unwrap();
        assert!(!without.helps && without.text.contains("the channel is not set yet"));
        tablet.state.channel = Some(active_channel(Family::Windows81, NOW));
        assert!(help(&tablet).unwrap().helps);
        let mut tablet = device(Family::Windows81, CHANNEL, None);
        tablet.state.channel = Some(active_channel(Family::Windows81, NOW));
        let channel = help(&tablet).unwrap();
        assert!(
            !channel.helps
                && channel
                    .text
                    .contains("an Apps session, which does not carry it")
        );
        let mut pc = device(Family::Windows10, INVENTORY, None);
        pc.state.channel = Some(active_channel(Family::Windows10, NOW));
        assert!(
            help(&pc)
                .unwrap()
                .text
                .starts_with("A push helps: it brings a session")
        );
    }

    #[test]
    fn a_push_does_not_bring_a_time_sooner() {
        let mut tablet = device(Family::Windows81, INVENTORY, Some(NOW.plus_ms(60_000)));
        tablet.state.channel = Some(active_channel(Family::Windows81, NOW));
        let later = help(&tablet).unwrap();
        assert_eq!(later.text, "A push does not help: its time has not come");
    }
}
