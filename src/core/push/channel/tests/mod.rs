#![allow(clippy::unwrap_used)]

mod any_history;
mod table;

use super::*;

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
