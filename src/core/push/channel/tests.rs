#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::table::{Act, Signal, cell};
use super::*;

/// One letter per state, in the order of [`State::ALL`].
const LETTERS: [char; 8] = ['N', 'S', 'A', '+', 'R', 'E', 'D', 'F'];

fn letter(state: ChannelState) -> char {
    let place = ChannelState::ALL.iter().position(|s| *s == state).unwrap();
    LETTERS[place]
}

/// Each cell: the new state's letter, and what is done.
#[test]
fn every_cell_of_the_table() {
    // from:      NeedsSet    SetSent     AwaitingUri Active      Refreshing  Expired     Dead        SetFailed
    let rows = [
        "SessionDue   N:Set N:Set A:Ask +:Ask R:Set N:Set N:Set N:Set",
        "SessionEarly N:Ask F:Ask A:Ask +:Ask R:Ask E:Ask D:Ask F:Ask",
        "Delivered    S:Count S:Count S:Count R:Count R:Count S:Count S:Count S:Count",
        "SetOk        N A:Confirm A:Ask +:Ask A:Confirm A:Confirm A:Confirm A:Confirm",
        "SetExists    N S:Turn A + R:Turn E D F",
        "SetMissing   N S:Turn A + R:Turn E D F",
        "SetRefused   N F F + R E D F",
        "SetSilent    N F A + R E D F",
        "PfnForeign   N S F N:Lapse N:Lapse E D F",
        "UriNew       +:Take +:Take +:Take +:Take +:Take +:Take +:Take +:Take",
        "UriRenewed   +:Take +:Take +:Take +:Take +:Take +:Take +:Take +:Take",
        "UriKnown     +:Take +:Take +:Take +:Take R:Take +:Take +:Take +:Take",
        "UriSame      N S A +:Seen R:Seen E D F",
        "UriDead      N S A:Empty + R E D F",
        "UriAbsent    N S A:Empty +:Empty R:Empty E D F",
        "NotConfigured N F F R:Doubt R E D F",
        "NotRegistered N F F R:Doubt R E D F",
        "Taken        N S A +:Proven R:Proven E D F",
        "Gone         N S A D:Bury D:Bury E D F",
        "Refused      N S A R:Doubt R E D F",
        "AgeRefresh   N S A R R E D F",
        "AgeExpired   N S A E:Lapse E:Lapse E D F",
        "PfnChanged   N:Forget N:Forget N:Forget N:Forget N:Forget N:Forget N:Forget N:Forget",
    ];
    assert_eq!(rows.len(), Signal::ALL.len());
    for (signal, row) in Signal::ALL.into_iter().zip(rows) {
        let mut words = row.split_whitespace();
        assert_eq!(words.next().unwrap(), format!("{signal:?}"));
        let expected: Vec<&str> = words.collect();
        let got: Vec<String> = ChannelState::ALL
            .into_iter()
            .map(|state| match cell(state, signal) {
                (to, Act::Stay) => letter(to).to_string(),
                (to, act) => format!("{}:{act:?}", letter(to)),
            })
            .collect();
        assert_eq!(got, expected, "{signal:?}");
    }
}

fn uri(n: u8) -> UriDigest {
    UriDigest([n; 32])
}

fn read(n: u8) -> Event {
    ending(n, None)
}

/// A URI is read whose end the device reports, days after the beginning.
fn ending(n: u8, day: impl Into<Option<i64>>) -> Event {
    Event::UriRead {
        digest: uri(n),
        expires_at: day.into().map(|day| Timestamp(day * DAY_MS)),
    }
}

const GONE: WnsVerdict = WnsVerdict::Gone;

/// A channel that lives through events at hours after its beginning.
struct Life {
    family: Family,
    channel: Channel,
    effects: Vec<Effect>,
}

impl Life {
    fn new() -> Self {
        Life {
            family: Family::Windows81,
            channel: Channel::default(),
            effects: Vec::new(),
        }
    }

    fn at(&mut self, hours: i64, event: Event) -> ChannelState {
        let now = Timestamp(hours * HOUR_MS);
        let done = next(&self.channel, event, self.family, now);
        self.channel = done.channel;
        self.effects = done.effects;
        self.channel.state
    }

    fn active(n: u8) -> Self {
        let mut life = Life::new();
        life.at(0, Event::Session);
        life.at(0, Event::SetDelivered);
        life.at(0, Event::SetStatus(200));
        life.at(0, read(n));
        life
    }
}

#[test]
fn from_nothing_to_a_channel_in_one_session() {
    let mut life = Life::new();
    assert_eq!(life.at(0, Event::Session), ChannelState::NeedsSet);
    assert_eq!(
        life.effects,
        [Effect::SendSet(SetVerb::First), Effect::ReadUri]
    );
    assert_eq!(life.at(0, Event::SetDelivered), ChannelState::SetSent);
    assert_eq!(life.at(0, Event::SetStatus(200)), ChannelState::AwaitingUri);
    assert_eq!(life.effects, [Effect::ReadUri]);
    assert!(!life.channel.may_send(Timestamp(0)));
    assert_eq!(life.at(0, read(1)), ChannelState::Active);
    assert_eq!(life.effects, [Effect::KeepUri]);
    assert!(life.channel.may_send(Timestamp(0)));
}

#[test]
fn a_revoked_channel_is_set_again_in_the_next_session_that_may() {
    let mut life = Life::active(1);
    assert_eq!(
        life.at(1, Event::Wns(uri(1), WnsVerdict::Taken)),
        ChannelState::Active
    );
    assert_eq!(life.at(2, Event::Wns(uri(1), GONE)), ChannelState::Dead);
    assert_eq!(life.effects, [Effect::DropUri]);
    assert_eq!(life.at(3, read(1)), ChannelState::Dead);
    assert_eq!(life.at(3, Event::Session), ChannelState::NeedsSet);
    assert_eq!(life.effects[0], Effect::SendSet(SetVerb::First));
    life.at(3, Event::SetDelivered);
    life.at(3, Event::SetStatus(202));
    assert_eq!(life.at(3, read(2)), ChannelState::Active);
}

#[test]
fn a_late_answer_does_not_kill_a_renewed_channel() {
    let mut life = Life::active(1);
    life.at(5, read(2));
    assert_eq!(life.at(6, Event::Wns(uri(1), GONE)), ChannelState::Active);
    assert_eq!(life.channel.uri, Some(uri(2)));
    // But what was said of the old URI is remembered.
    life.at(7, Event::Wns(uri(2), GONE));
    assert_eq!(life.at(8, read(1)), ChannelState::Dead);
}

#[test]
fn reading_a_uri_again_does_not_make_it_younger() {
    let mut life = Life::active(1);
    for day in 1..20 {
        assert_eq!(
            life.at(day * 24, read(1)),
            ChannelState::Active,
            "day {day}"
        );
        life.at(day * 24, Event::Time);
    }
    assert_eq!(life.channel.first_seen(), Some(Timestamp(0)));
    assert_eq!(life.at(20 * 24, Event::Time), ChannelState::Refreshing);
    assert!(life.channel.may_send(Timestamp(29 * DAY_MS)));
    assert!(!life.channel.may_send(Timestamp(30 * DAY_MS)));
    assert_eq!(life.at(30 * 24, Event::Time), ChannelState::Expired);
    assert_eq!(life.at(30 * 24, read(1)), ChannelState::Expired);
    assert_eq!(life.at(30 * 24, read(2)), ChannelState::Active);
}

#[test]
fn a_refresh_that_brings_the_same_uri_is_not_repeated_in_every_session() {
    let mut life = Life::active(1);
    let taken = Event::Wns(uri(1), WnsVerdict::Taken);
    life.at(1, taken);
    let mut sets = Vec::new();
    // Hourly sessions, each with a push that is taken.
    for hour in 20 * 24..30 * 24 {
        life.at(hour, Event::Time);
        life.at(hour, Event::Session);
        if life.effects.contains(&Effect::SendSet(SetVerb::First)) {
            sets.push(hour - 20 * 24);
            life.at(hour, Event::SetDelivered);
            life.at(hour, Event::SetStatus(200));
            assert_eq!(life.at(hour, read(1)), ChannelState::Active);
        }
        life.at(hour, taken);
    }
    assert_eq!(sets, [0, 20, 60, 140]);
    // A new one ends it.
    assert_eq!(life.at(30 * 24, read(2)), ChannelState::Active);
}

#[test]
fn add_turns_to_replace_and_back_only_once() {
    let phone = || Life {
        family: Family::WindowsPhone81,
        ..Life::new()
    };
    let mut life = phone();
    life.at(0, Event::Session);
    life.at(0, Event::SetDelivered);
    assert_eq!(life.at(0, Event::SetStatus(418)), ChannelState::SetSent);
    assert_eq!(life.effects, [Effect::SendSet(SetVerb::Replace)]);
    life.at(0, Event::SetDelivered);
    assert_eq!(life.channel.set_attempts, 1);
    assert_eq!(life.at(0, Event::SetStatus(404)), ChannelState::SetFailed);
    let mut life = phone();
    life.at(0, Event::SetDelivered);
    life.at(0, Event::SetStatus(404));
    assert_eq!(life.effects, [Effect::SendSet(SetVerb::Add)]);
}

#[test]
fn update_configuration_has_no_other_verb() {
    for code in [404, 418] {
        let mut life = Life::new();
        life.at(0, Event::Session);
        life.at(0, Event::SetDelivered);
        let state = life.at(0, Event::SetStatus(code));
        assert_eq!(
            (state, &life.effects[..]),
            (ChannelState::SetFailed, &[][..])
        );
    }
}

#[test]
fn a_device_that_hangs_is_left_alone_for_longer_and_longer() {
    let mut life = Life::new();
    let (mut hours, mut sets) = (0, Vec::new());
    while sets.len() < 7 {
        life.at(hours, Event::Session);
        if life.effects.contains(&Effect::SendSet(SetVerb::First)) {
            sets.push(hours);
            life.at(hours, Event::SetDelivered);
        }
        hours += 1;
    }
    let pauses: Vec<i64> = sets.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses, [20, 40, 80, 160, 168, 168]);
}

#[test]
fn a_device_without_a_uri_is_set_again_after_a_pause() {
    let mut life = Life::new();
    life.at(0, Event::SetDelivered);
    life.at(0, Event::SetStatus(200));
    assert_eq!(life.at(1, Event::UriAbsent), ChannelState::AwaitingUri);
    assert_eq!(life.at(2, Event::UriAbsent), ChannelState::NeedsSet);
    life.at(3, Event::Session);
    assert_eq!(life.effects, [Effect::ReadUri]);
    life.at(20, Event::Session);
    assert_eq!(life.effects[0], Effect::SendSet(SetVerb::First));
}

#[test]
fn after_another_pfn_nothing_of_the_old_one_counts() {
    let mut life = Life::active(1);
    assert_eq!(life.at(1, Event::PfnChanged), ChannelState::NeedsSet);
    assert_eq!(life.effects, [Effect::DropUri]);
    assert_eq!(life.at(2, read(1)), ChannelState::NeedsSet);
    assert_eq!(life.at(2, read(3)), ChannelState::NeedsSet);
    assert_eq!(life.at(2, Event::SetStatus(200)), ChannelState::NeedsSet);
    life.at(3, Event::SetDelivered);
    life.at(3, Event::SetStatus(200));
    assert_eq!(life.at(3, read(1)), ChannelState::AwaitingUri);
    assert_eq!(life.at(3, read(4)), ChannelState::Active);
}

#[test]
fn a_refused_channel_is_set_again_and_stays_in_use() {
    let mut life = Life::active(1);
    let refused = Event::Wns(uri(1), WnsVerdict::Refused);
    assert_eq!(life.at(1, refused), ChannelState::Refreshing);
    life.at(2, Event::Session);
    assert_eq!(life.effects[0], Effect::SendSet(SetVerb::First));
}

#[test]
fn what_a_device_has_is_not_ours_before_it_was_set() {
    let mut life = Life::new();
    assert_eq!(life.at(0, Event::Session), ChannelState::NeedsSet);
    // It belongs to whom nobody knows: the set goes.
    assert_eq!(life.at(0, read(1)), ChannelState::NeedsSet);
    assert_eq!(life.effects, []);
    life.at(0, Event::SetDelivered);
    life.at(0, Event::SetStatus(200));
    // The same PFN may bring the same URI: now it is ours.
    assert_eq!(life.at(0, read(1)), ChannelState::Active);
    assert!(life.channel.set_by_us && life.channel.is_ours());
}

#[test]
fn a_device_that_shows_our_pfn_is_not_set_up_again() {
    let mut life = Life::new();
    life.at(0, Event::PfnRead { ours: true });
    assert_eq!(life.at(0, read(1)), ChannelState::Active);
    assert!(!life.channel.set_by_us);
}

#[test]
fn a_foreign_pfn_is_replaced_and_its_uri_is_never_used() {
    let mut life = Life::active(1);
    life.at(1, Event::Wns(uri(1), WnsVerdict::Taken));
    let foreign = Event::PfnRead { ours: false };
    assert_eq!(life.at(2, foreign), ChannelState::NeedsSet);
    assert_eq!(life.effects, [Effect::DropUri]);
    assert_eq!(life.at(2, read(2)), ChannelState::NeedsSet);
    assert!(life.channel.is_foreign() && !life.channel.set_by_us);
    // At once: nothing has gone wrong with the sets before.
    life.at(2, Event::Session);
    assert_eq!(life.effects[0], Effect::SendSet(SetVerb::First));
    life.at(2, Event::SetDelivered);
    life.at(2, Event::SetStatus(200));
    // Confirmed, and yet another's: it failed, and the URI is not ours.
    let mut other = Life::new();
    other.channel = life.channel.clone();
    assert_eq!(other.at(2, foreign), ChannelState::SetFailed);
    assert_eq!(other.at(2, read(3)), ChannelState::SetFailed);
    life.at(2, Event::PfnRead { ours: true });
    assert_eq!(life.at(2, read(3)), ChannelState::Active);
}

#[test]
fn the_uri_that_a_set_without_an_answer_brought_is_ours() {
    let hung = |before: Option<u8>| {
        let mut life = Life::new();
        life.at(0, Event::Session);
        before.map(|n| life.at(0, read(n)));
        life.at(0, Event::SetDelivered);
        life.at(1, Event::SetSilent);
        life
    };
    assert_eq!(hung(None).at(1, read(1)), ChannelState::Active);
    assert_eq!(hung(Some(1)).at(1, read(1)), ChannelState::SetFailed);
    assert_eq!(hung(Some(1)).at(1, read(2)), ChannelState::Active);
    // Not where the device refused the set, or shows another PFN.
    let mut refused = Life::new();
    refused.at(0, Event::SetDelivered);
    refused.at(0, Event::SetStatus(500));
    assert_eq!(refused.at(1, read(1)), ChannelState::SetFailed);
    let mut foreign = hung(None);
    foreign.at(1, Event::PfnRead { ours: false });
    assert_eq!(foreign.at(1, read(1)), ChannelState::SetFailed);
}

#[test]
fn the_end_that_the_device_reports_is_believed_where_it_can_be_one() {
    let told = |day| {
        let mut life = Life::new();
        life.at(24, Event::PfnRead { ours: true });
        let state = life.at(24, ending(1, day));
        (state, life.channel.expires_at().map(|end| end.0 / DAY_MS))
    };
    assert_eq!(told(Some(15)), (ChannelState::Active, Some(15)));
    assert_eq!(told(Some(32)), (ChannelState::Active, Some(32)));
    // No channel lives so long, and 1601 is no time: the documented life.
    assert_eq!(told(Some(90)), (ChannelState::Active, Some(31)));
    assert_eq!(told(Some(-134_774)), (ChannelState::Active, Some(31)));
    assert_eq!(told(None), (ChannelState::Active, Some(31)));
    // One that is over is not used.
    assert_eq!(told(Some(0)), (ChannelState::NeedsSet, None));
}

#[test]
fn a_uri_with_a_later_end_is_renewed_and_none_is_set() {
    let mut life = Life::active(1);
    life.at(1, ending(1, 30));
    // Day 20: it would be set again, but the device says that it has renewed it itself.
    assert_eq!(life.at(20 * 24, Event::Time), ChannelState::Refreshing);
    assert_eq!(life.at(20 * 24, ending(1, 48)), ChannelState::Active);
    assert_eq!(life.at(31 * 24, Event::Time), ChannelState::Active);
    assert!(life.channel.may_send(Timestamp(47 * DAY_MS)));
    // The time for the next set follows the new end.
    assert_eq!(life.at(38 * 24, Event::Time), ChannelState::Active);
    assert_eq!(life.at(39 * 24, Event::Time), ChannelState::Refreshing);
    // One that was over before the server heard of it lives again, but not one that is dead.
    assert_eq!(life.at(48 * 24, Event::Time), ChannelState::Expired);
    assert_eq!(life.effects, [Effect::DropUri]);
    assert_eq!(life.at(49 * 24, ending(1, 48)), ChannelState::Expired);
    assert_eq!(life.at(49 * 24, ending(1, 78)), ChannelState::Active);
    assert_eq!(
        life.at(50 * 24, Event::Wns(uri(1), GONE)),
        ChannelState::Dead
    );
    assert_eq!(life.at(50 * 24, ending(1, 80)), ChannelState::Dead);
    // A sooner end is believed too.
    assert_eq!(life.at(51 * 24, read(2)), ChannelState::Active);
    life.at(52 * 24, ending(2, 52));
    assert_eq!(life.channel.state, ChannelState::Expired);
}

#[test]
fn sets_go_before_the_end_that_is_real() {
    // Each set brings the same URI, good for 30 days more, as the device reports.
    let (mut life, mut end, mut sets) = (Life::active(1), 30, Vec::new());
    life.at(0, ending(1, end));
    for day in 1..100 {
        life.at(day * 24, Event::Time);
        life.at(day * 24, Event::Session);
        if life.effects.contains(&Effect::SendSet(SetVerb::First)) {
            (sets, end) = ([sets, vec![day]].concat(), day + 30);
            life.at(day * 24, Event::SetDelivered);
            life.at(day * 24, Event::SetStatus(200));
        }
        assert_eq!(life.at(day * 24, ending(1, end)), ChannelState::Active);
    }
    assert_eq!(sets, [20, 40, 60, 80]);
    // A short life leaves a third of it.
    let mut life = Life::active(1);
    life.at(0, ending(2, 3));
    assert_eq!(life.at(47, Event::Time), ChannelState::Active);
    assert_eq!(life.at(48, Event::Time), ChannelState::Refreshing);
}

#[test]
fn after_its_end_it_is_not_shown_as_active() {
    let life = Life::active(1);
    let at = |day: i64| life.channel.state_at(Timestamp(day * DAY_MS));
    assert_eq!(life.channel.state, ChannelState::Active);
    assert_eq!(
        (at(29), at(30)),
        (ChannelState::Active, ChannelState::Expired)
    );
    assert_eq!(
        Channel::default().state_at(Timestamp(0)),
        ChannelState::NeedsSet
    );
}

#[test]
fn a_set_without_effect_has_failed_and_a_lost_one_is_made_good() {
    for event in [Event::NotConfigured, Event::NotRegistered] {
        let mut life = Life::new();
        life.at(0, Event::SetDelivered);
        life.at(0, Event::SetStatus(200));
        assert_eq!(life.at(0, event), ChannelState::SetFailed);
        let mut life = Life::active(1);
        assert_eq!(life.at(1, event), ChannelState::Refreshing);
        life.at(2, Event::Session);
        let anew = event == Event::NotRegistered;
        let verb = if anew { SetVerb::Anew } else { SetVerb::First };
        assert_eq!(life.effects[0], Effect::SendSet(verb));
        // A new URI ends it.
        life.at(2, read(2));
        life.at(22 * 24, Event::Time);
        life.at(22 * 24, Event::Session);
        assert_eq!(life.effects[0], Effect::SendSet(SetVerb::First));
    }
}

#[test]
fn a_refused_channel_is_marked_until_wns_takes_it_or_another_comes() {
    let refused = |life: &mut Life| life.at(1, Event::Wns(uri(1), WnsVerdict::Refused));
    let mut life = Life::active(1);
    refused(&mut life);
    assert!(life.channel.refused && life.channel.may_send(Timestamp(0)));
    life.at(2, Event::Wns(uri(1), WnsVerdict::Taken));
    assert!(!life.channel.refused);
    refused(&mut life);
    life.at(3, read(2));
    assert!(!life.channel.refused);
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        Just(Event::Session),
        Just(Event::SetDelivered),
        prop::sample::select(vec![200, 202, 404, 418, 500, 405]).prop_map(Event::SetStatus),
        Just(Event::SetSilent),
        (0_u8..6, prop::option::of(0_i64..60)).prop_map(|(n, day)| Event::UriRead {
            digest: uri(n),
            expires_at: day.map(|day| Timestamp(day * DAY_MS)),
        }),
        Just(Event::UriAbsent),
        (
            0_u8..6,
            prop::sample::select(vec![WnsVerdict::Taken, GONE, WnsVerdict::Refused])
        )
            .prop_map(|(n, verdict)| Event::Wns(uri(n), verdict)),
        Just(Event::Time),
        Just(Event::NotConfigured),
        Just(Event::NotRegistered),
        any::<bool>().prop_map(|ours| Event::PfnRead { ours }),
        Just(Event::PfnChanged),
    ]
}

proptest! {
    #[test]
    fn whatever_happens(steps in prop::collection::vec((0_i64..50, any_event()), 1..120)) {
        let mut life = Life::new();
        let mut hours = 0;
        let mut buried: Vec<UriDigest> = Vec::new();
        let mut seen: Vec<(UriDigest, Timestamp)> = Vec::new();
        for (step, event) in steps {
            hours += step;
            let now = Timestamp(hours * HOUR_MS);
            let before = life.channel.clone();
            life.at(hours, event);
            if let Event::Wns(digest, GONE) = event
                && before.find(digest).is_some() {
                buried.push(digest);
            }
            let channel = &life.channel;
            // A dead URI never comes to life, whatever is read.
            prop_assert!(channel.uri.is_none_or(|digest| !buried.contains(&digest)));
            // There is a URI in use exactly when one may be sent to.
            prop_assert_eq!(channel.uri.is_some(), channel.state.may_send());
            // What is kept outside follows: kept once, dropped once.
            prop_assert_eq!(life.effects.contains(&Effect::DropUri), before.uri.is_some() && channel.uri.is_none());
            if channel.uri.is_some() && channel.uri != before.uri {
                prop_assert!(life.effects.contains(&Effect::KeepUri));
            }
            // Its age never changes, and its life is bounded.
            if let (Some(digest), Some(first), Some(end)) = (channel.uri, channel.first_seen(), channel.expires_at()) {
                match seen.iter().find(|(other, _)| *other == digest) {
                    Some((_, earlier)) => prop_assert_eq!(*earlier, first),
                    None => seen.push((digest, first)),
                }
                prop_assert!(end.ms_since(now) <= LIFE_MS + DAY_MS);
            }
            // What is in use is ours.
            prop_assert!(channel.uri.is_none() || channel.is_ours());
            // Pauses are bounded, and nothing is set within one.
            prop_assert!(channel.next_set_at.is_none_or(|due| due.ms_since(now) <= SET_PAUSE_MOST_MS));
            let sets = [SetVerb::First, SetVerb::Anew].map(Effect::SendSet);
            if life.effects.iter().any(|effect| sets.contains(effect)) {
                prop_assert!(before.next_set_at.is_none_or(|due| due <= now));
            }
        }
    }
}
