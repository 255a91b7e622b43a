//! What holds whatever happens to a channel.

use proptest::prelude::*;

use super::*;

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
