//! When a link lets somebody in, and what becomes of it.

use super::{LINKS, OPEN_LINKS, WRONG_CODES};
use super::{LinkDigest, LinkEnd, LinkFault, LinkProof, PortalLink, ShortCode};
use crate::device::Device;
use crate::event::{Event, EventType};
use crate::refusal::Refusal;
use crate::time::Timestamp;

/// What came of showing a link or a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presentation {
    /// The link, or why it lets nobody in.
    pub outcome: Result<PortalLink, LinkFault>,
    /// The links that changed by it, each with what the log says of that, if anything.
    pub changed: Vec<(PortalLink, Option<Event>)>,
}

impl Presentation {
    fn unchanged(outcome: Result<PortalLink, LinkFault>) -> Self {
        Presentation {
            outcome,
            changed: Vec::new(),
        }
    }
}

/// Whose a link is. A right one stays as it was; a wrong code counts against each link that
/// its first half finds. `found` is what the proof finds, with the devices as they stand.
pub fn look(found: &[(PortalLink, Device)], proof: &LinkProof, now: Timestamp) -> Presentation {
    let right = found.iter().find(|(link, _)| is_right(link, proof));
    match (right, proof) {
        (Some((link, device)), _) => Presentation::unchanged(check(link, device, now)),
        (None, LinkProof::Text(_)) => Presentation::unchanged(Err(LinkFault::Unknown)),
        (None, LinkProof::Code(code)) => {
            let open = found.iter().map(|(link, _)| link);
            let open = open.filter(|link| link.is_open(now) && link.locator == code.locator());
            Presentation {
                outcome: Err(LinkFault::Unknown),
                changed: open.map(|link| wrong_code(link, now)).collect(),
            }
        }
    }
}

/// The same, and one that lets somebody in has done so: it never does again.
pub fn take(found: &[(PortalLink, Device)], proof: &LinkProof, now: Timestamp) -> Presentation {
    let mut looked = look(found, proof, now);
    if let Ok(link) = &mut looked.outcome {
        link.end = Some(LinkEnd::Used(now));
        // Named by an id: events stay for ever, and a person's name does not belong there.
        let actor = format!("portal:{}", link.person().id());
        let event = event_of(link, actor, EventType::PortalLinkUsed, now);
        looked.changed.push((link.clone(), Some(event)));
    }
    looked
}

/// Ends a link for `actor`.
///
/// # Errors
/// It could not be taken any more anyhow.
pub fn end(
    mut link: PortalLink,
    actor: String,
    now: Timestamp,
) -> Result<(PortalLink, Event), Refusal> {
    if let Some(fault) = fault(&link, now) {
        return Err(Refusal::Conflict(fault.words().to_owned()));
    }
    link.end = Some(LinkEnd::Ended(now));
    let event = event_of(&link, actor, EventType::PortalLinkEnded, now);
    Ok((link, event))
}

/// Whether a device that has `open` links may get one more, while `count` are kept in all.
///
/// # Errors
/// There are as many as there may be.
pub fn check_room(open: usize, count: u64) -> Result<(), Refusal> {
    if open >= OPEN_LINKS {
        let why = format!(
            "the device has {open} links that were not used, the most that it may have; end one or wait until one expires"
        );
        return Err(Refusal::Conflict(why));
    }
    if count >= LINKS {
        let why =
            format!("there are {count} links, the most that there may be; wait until some expire");
        return Err(Refusal::Conflict(why));
    }
    Ok(())
}

fn is_right(link: &PortalLink, proof: &LinkProof) -> bool {
    match proof {
        LinkProof::Text(digest) => link.text == *digest,
        LinkProof::Code(code) => is_code_of(link, code),
    }
}

/// Digests are compared: how much of one is right tells nobody anything about the code.
fn is_code_of(link: &PortalLink, code: &ShortCode) -> bool {
    link.code == LinkDigest::from_code(link.id, code)
}

/// Whether a link lets its user in at `now`, its device being as it stands.
///
/// # Errors
/// Why not.
pub fn check(link: &PortalLink, device: &Device, now: Timestamp) -> Result<PortalLink, LinkFault> {
    if let Some(fault) = fault(link, now) {
        return Err(fault);
    }
    let user = device.record.user.as_deref();
    // A device without a user is nobody's: the link was for the one that it had.
    if user.is_none() || !link.person().has(device.id, &device.record) {
        return Err(LinkFault::OtherUser);
    }
    Ok(link.clone())
}

fn fault(link: &PortalLink, now: Timestamp) -> Option<LinkFault> {
    match link.end {
        Some(LinkEnd::Used(_)) => Some(LinkFault::Used),
        Some(LinkEnd::Ended(_)) => Some(LinkFault::Ended),
        Some(LinkEnd::Guessed(_)) => Some(LinkFault::TooManyTries),
        None if now >= link.expires_at => Some(LinkFault::Expired),
        None => None,
    }
}

fn wrong_code(link: &PortalLink, now: Timestamp) -> (PortalLink, Option<Event>) {
    let mut link = link.clone();
    link.wrong_codes = link.wrong_codes.saturating_add(1);
    if link.wrong_codes < WRONG_CODES {
        return (link, None);
    }
    link.end = Some(LinkEnd::Guessed(now));
    let mut event = event_of(&link, "server".into(), EventType::PortalLinkEnded, now);
    event.count = Some(u64::from(link.wrong_codes));
    let why = format!("{}: {}", link.id, LinkFault::TooManyTries.words());
    (link, Some(event.detail(why)))
}

fn event_of(link: &PortalLink, actor: String, what: EventType, now: Timestamp) -> Event {
    Event::new(now, actor, Some(link.device), what).detail(link.id.to_string())
}

/// That a link was made: by its id, never its text or code.
impl PortalLink {
    /// The event that it was made.
    pub fn created(&self) -> Event {
        let actor = self.created_by.clone();
        event_of(self, actor, EventType::PortalLinkCreated, self.created_at)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::super::{Drawn, PortalLinkId, VALID_MS};
    use super::*;
    use crate::context::Family;
    use crate::device::{DeviceRecord, DeviceState};
    use crate::ids::{DeviceId, Source};

    const NOW: Timestamp = Timestamp(1_790_000_000_000);
    const CODE: &str = "7F3K-22QX";

    fn device(user: Option<&str>) -> Device {
        Device {
            number: 1,
            id: DeviceId(Uuid::from_u128(1)),
            record: DeviceRecord {
                user: user.map(str::to_owned),
                ..DeviceRecord::new(Source("d".into()), Family::Windows81, Timestamp(0))
            },
            state: DeviceState::default(),
        }
    }

    fn drawn(id: u128, code: &str) -> Drawn {
        Drawn {
            id: PortalLinkId(Uuid::from_u128(id)),
            text: LinkDigest::from_text(&format!("text {id}")),
            code: ShortCode::parse(code).unwrap(),
        }
    }

    fn found() -> (PortalLink, Device) {
        let device = device(Some("Ann@contoso.test"));
        let link = PortalLink::new(&device, drawn(7, CODE), "api:admin".into(), NOW).unwrap();
        (link, device)
    }

    fn text() -> LinkProof {
        LinkProof::Text(LinkDigest::from_text("text 7"))
    }

    fn code(typed: &str) -> LinkProof {
        LinkProof::Code(ShortCode::parse(typed).unwrap())
    }

    #[test]
    fn who_looks_changes_nothing_and_who_takes_it_takes_it_once() {
        let before = found();
        for proof in [text(), code(CODE)] {
            let looked = look(std::slice::from_ref(&before), &proof, NOW);
            assert_eq!(looked, Presentation::unchanged(Ok(before.0.clone())));
            let taken = take(std::slice::from_ref(&before), &proof, NOW);
            let link = taken.outcome.unwrap();
            assert_eq!(link.end, Some(LinkEnd::Used(NOW)));
            let (kept, event) = &taken.changed[0];
            assert_eq!(kept, &link);
            let event = event.as_ref().unwrap();
            assert_eq!(event.what, EventType::PortalLinkUsed);
            assert_eq!(event.device, Some(before.1.id));
            assert!(event.actor.starts_with("portal:") && !event.actor.contains("nn@"));
            let after = (link, before.1.clone());
            for proof in [text(), code(CODE)] {
                let again = take(std::slice::from_ref(&after), &proof, NOW.plus_ms(1));
                assert_eq!(again, Presentation::unchanged(Err(LinkFault::Used)));
            }
        }
    }

    #[test]
    fn it_expires_and_is_ended_and_is_no_other_users() {
        let (link, device_then) = found();
        let at = |ms: i64| {
            let found = [(link.clone(), device_then.clone())];
            look(&found, &text(), NOW.plus_ms(ms)).outcome.map(drop)
        };
        assert_eq!(at(VALID_MS - 1), Ok(()));
        assert_eq!(at(VALID_MS), Err(LinkFault::Expired));
        for (user, expected) in [
            (Some("ANN@contoso.TEST"), Ok(())),
            (Some("bob@contoso.test"), Err(LinkFault::OtherUser)),
            (None, Err(LinkFault::OtherUser)),
        ] {
            let found = [(link.clone(), device(user))];
            let outcome = take(&found, &text(), NOW).outcome;
            assert_eq!(outcome.map(drop), expected, "{user:?}");
        }
        let (ended, event) = end(link, "api:admin".into(), NOW).unwrap();
        assert_eq!(event.what, EventType::PortalLinkEnded);
        let outcome = take(&[(ended.clone(), device_then)], &text(), NOW).outcome;
        assert_eq!(outcome, Err(LinkFault::Ended));
        assert!(matches!(
            end(ended, "api:admin".into(), NOW),
            Err(Refusal::Conflict(_))
        ));
    }

    #[test]
    fn ten_wrong_codes_end_it_and_codes_of_other_links_do_not() {
        let mut one = found();
        let other = look(std::slice::from_ref(&one), &code("0000-22QX"), NOW);
        assert_eq!(other, Presentation::unchanged(Err(LinkFault::Unknown)));
        for tries in 1..=WRONG_CODES {
            let seen = look(std::slice::from_ref(&one), &code("7F3K-0000"), NOW);
            assert_eq!(seen.outcome, Err(LinkFault::Unknown));
            let (link, event) = seen.changed.into_iter().next().unwrap();
            assert_eq!(link.wrong_codes, tries);
            assert_eq!(event.is_some(), tries == WRONG_CODES);
            one.0 = link;
        }
        for proof in [text(), code(CODE)] {
            let taken = take(std::slice::from_ref(&one), &proof, NOW);
            assert_eq!(taken, Presentation::unchanged(Err(LinkFault::TooManyTries)));
        }
        // One that has ended counts nothing any more.
        let seen = look(std::slice::from_ref(&one), &code("7F3K-0000"), NOW);
        assert_eq!(seen, Presentation::unchanged(Err(LinkFault::Unknown)));
    }

    #[test]
    fn two_links_with_the_same_first_half_are_told_apart() {
        let one = found();
        let second = PortalLink::new(&one.1, drawn(8, "7F3K-9999"), "a".into(), NOW).unwrap();
        let both = [one.clone(), (second.clone(), one.1.clone())];
        assert_eq!(look(&both, &code(CODE), NOW).outcome, Ok(one.0));
        assert_eq!(look(&both, &code("7F3K-9999"), NOW).outcome, Ok(second));
        assert_eq!(look(&both, &code("7F3K-8888"), NOW).changed.len(), 2);
    }

    #[test]
    fn a_device_without_a_user_gets_none() {
        let refused = PortalLink::new(&device(None), drawn(7, CODE), "a".into(), NOW);
        assert!(matches!(refused, Err(Refusal::Conflict(why)) if why.contains("user")));
        let mut gone = device(Some("ann"));
        gone.state.unenrolled_at = Some(NOW);
        let refused = PortalLink::new(&gone, drawn(7, CODE), "a".into(), NOW);
        assert!(matches!(refused, Err(Refusal::Conflict(why)) if why.contains("unenrolled")));
    }

    #[test]
    fn there_is_a_most() {
        assert_eq!(check_room(OPEN_LINKS - 1, LINKS - 1), Ok(()));
        for (open, count) in [(OPEN_LINKS, 0), (0, LINKS)] {
            let refused = check_room(open, count);
            assert!(matches!(refused, Err(Refusal::Conflict(_))));
        }
    }

    #[test]
    fn neither_text_nor_code_is_in_it_or_in_its_events() {
        let (link, device) = found();
        let taken = take(&[(link.clone(), device)], &code(CODE), NOW);
        let event = taken.changed[0].1.as_ref().unwrap();
        let all = format!("{link:?} {:?} {event:?}", link.created());
        assert!(!all.contains("22QX") && !all.contains("text 7"), "{all}");
    }

    proptest! {
        /// Whatever is tried in whatever order, a link lets in once at most, by its text or
        /// its code alone, in its time, and never after ten wrong codes.
        #[test]
        fn it_lets_in_at_most_once(
            steps in proptest::collection::vec((0..6_u8, 0..5 * 60 * 1000_i64), 1..40),
        ) {
            let mut one = found();
            let (mut now, mut taken, mut wrong) = (NOW, 0, 0);
            for (step, later) in steps {
                now = now.plus_ms(later);
                let proof = match step {
                    0 | 1 => text(),
                    2 => code(CODE),
                    3 => LinkProof::Text(LinkDigest::from_text("other")),
                    _ => code("7F3K-0000"),
                };
                let shown = match step {
                    1 => look(std::slice::from_ref(&one), &proof, now),
                    _ => take(std::slice::from_ref(&one), &proof, now),
                };
                if shown.outcome.is_ok() {
                    prop_assert!(step <= 2 && now < one.0.expires_at && wrong < 10 && taken == 0);
                    taken += i32::from(step != 1);
                }
                wrong += u32::from(step > 3);
                if let Some((link, _)) = shown.changed.into_iter().next() {
                    one.0 = link;
                }
            }
        }
    }
}
