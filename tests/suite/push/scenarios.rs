//! What the documents say of push, played through the real core, store, workers
//! and client against a WNS that is as strict as the documented one.

use modegate_core::command::CommandState;
use modegate_core::context::Family;
use modegate_core::event::EventType;
use modegate_core::push::answer::Outcome;
use modegate_core::push::channel::ChannelState;
use modegate_core::push::profile::{Health, Pfn};
use modegate_core::push::wake::{WakeState as Wake, Why};
use modegate_sim::mock_wns::{Documented, Reply};
use serde_json::json;

use crate::push::world::{DAY, HOUR, OTHER_PFN, PFN, READ, READ_10, READ_81, SET_81, World};

#[tokio::test]
async fn kb_3170699_scenario_1_the_server_enables_push() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    // The set goes alone, and the URI is asked for in the same session (the Windows Phone push article).
    let delivered = world.sync(&mut phone, "").await;
    assert_eq!(delivered, [&READ[..], &["Add PFN"], &READ]);
    assert_eq!(phone.pfn.as_deref(), Some(PFN.to_lowercase().as_str()));
    assert_eq!(world.channel(&phone).await, ChannelState::Active);
    assert_eq!(world.uri(&phone).await, phone.uri);
    // In every later session it is read, and not set.
    assert_eq!(world.sync(&mut phone, "").await, [READ]);
}

#[tokio::test]
async fn kb_3170699_scenario_2_a_push_for_a_policy_sync() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    let mut wakes = world.mock.subscribe();
    let lock = json!({"type": "raw", "verb": "Replace", "urgent": true, "data": "1",
        "loc_uri": "./Vendor/MSFT/DMClient/Provider/p/x"});
    let lock = world.queue(&phone, lock).await;
    let notified = wakes.recv().await.unwrap();
    assert_eq!(notified.device, "phone");
    world.woken(&phone, Wake::Accepted).await;
    world.sync(&mut phone, "").await;
    assert_eq!(world.outcome(&phone, lock).await, CommandState::Succeeded);
    world.woken(&phone, Wake::Answered).await;
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn kb_3170699_scenario_3_the_server_refreshes_the_pfn() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    let old = phone.uri.clone();
    let mut profile = world.push.profiles()[0].clone();
    profile.pfn = Pfn::parse(OTHER_PFN).unwrap();
    world.keep(profile).await;
    // The node is there: it is replaced. The old URI is void, whatever is read.
    let delivered = world.sync(&mut phone, "").await;
    assert_eq!(delivered, [&READ[..], &["Replace PFN"], &READ]);
    assert_eq!(
        phone.pfn.as_deref(),
        Some(OTHER_PFN.to_lowercase().as_str())
    );
    assert_eq!(world.channel(&phone).await, ChannelState::Active);
    assert_ne!(phone.uri, old);
    assert_eq!(world.uri(&phone).await, phone.uri);
}

#[tokio::test]
async fn kb_3170699_scenario_4_the_client_renews_its_channel() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    let first = world
        .state(&phone)
        .await
        .state
        .channel
        .unwrap()
        .first_seen();
    // 15 days before the end it renews, and begins a session by itself.
    world.later(15 * DAY);
    phone.renew(&world.mock);
    assert_eq!(world.sync(&mut phone, "").await, [READ]);
    let channel = world.state(&phone).await.state.channel.unwrap();
    assert_eq!(channel.first_seen(), first.map(|at| at.plus_ms(15 * DAY)));
    assert_eq!(world.uri(&phone).await, phone.uri);
    // So nothing is to be set when the first URI would have ended.
    world.later(16 * DAY);
    assert_eq!(world.sync(&mut phone, "").await, [READ]);
}

#[tokio::test]
async fn kb_3170699_the_recovery_after_more_than_30_days() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    world.later(31 * DAY);
    // It cannot be woken: nothing is sent, and the wish says why.
    world.request_wake(&phone).await;
    let wake = world.woken(&phone, Wake::Failed).await;
    assert_eq!((wake.why, world.asked()), (Some(Why::NoChannel), 0));
    // The operator has another PFN; the user presses the manual sync button.
    world.profile(OTHER_PFN).await;
    world.sync(&mut phone, "").await;
    assert_eq!(
        phone.pfn.as_deref(),
        Some(OTHER_PFN.to_lowercase().as_str())
    );
    assert_eq!(world.channel(&phone).await, ChannelState::Active);
    world.request_wake(&phone).await;
    world.woken(&phone, Wake::Accepted).await;
    // The phone stays with it.
    world.later(HOUR);
    assert_eq!(world.sync(&mut phone, "").await, [READ]);
}

#[tokio::test]
async fn seed_004_the_portal_workflow_steps_1_to_5() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    // Nobody is logged on: nothing about the channel goes.
    assert_eq!(world.sync(&mut tablet, "Machine").await, [[""; 0]; 0]);
    let delivered = world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(delivered, [&READ_81[..], &SET_81, &READ_81]);
    assert_eq!(world.channel(&tablet).await, ChannelState::Active);
    let mut wakes = world.mock.subscribe();
    // 1 and 2: the user picks an app in the portal.
    let install = world.install(&tablet).await;
    // 3 and 4: WNS gets the notification, and the tablet.
    assert_eq!(wakes.recv().await.unwrap().device, "tablet");
    world.woken(&tablet, Wake::Accepted).await;
    // A night in Machine answers nothing.
    world.sync(&mut tablet, "Machine").await;
    world.woken(&tablet, Wake::Accepted).await;
    // 5: MDMAgent runs in mode Apps, and gets the install.
    let delivered = world.sync(&mut tablet, "Apps").await;
    assert!(
        delivered[0].contains(&"Exec CreateJob".to_owned()),
        "{delivered:?}"
    );
    assert!(!delivered.concat().contains(&SET_81[0].to_owned()));
    assert_eq!(
        world.outcome(&tablet, install).await,
        CommandState::Succeeded
    );
    world.woken(&tablet, Wake::Answered).await;
    assert_eq!(world.asked(), 1);
}

#[tokio::test]
async fn seed_004_a_revoked_channel_is_set_again_at_the_next_maintenance() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    world.sync(&mut tablet, "Maintenance").await;
    let revoked = tablet.uri.clone().unwrap();
    world.mock.revoke(revoked.reveal());
    let install = world.install(&tablet).await;
    let wake = world.woken(&tablet, Wake::Failed).await;
    assert_eq!(wake.why, Some(Why::NoChannel));
    assert_eq!(world.channel(&tablet).await, ChannelState::Dead);
    assert_eq!(world.uri(&tablet).await, None);
    let answer = world.state(&tablet).await.state.push.answer.unwrap();
    assert_eq!((answer.code, answer.outcome), (410, Outcome::Gone));
    // Neither Machine nor Apps may repair it; the same URI revives nothing.
    world.sync(&mut tablet, "Machine").await;
    assert_eq!(world.channel(&tablet).await, ChannelState::Dead);
    // Maintenance: the install goes on by itself, and the channel is set again.
    let delivered = world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(delivered.last().unwrap(), &READ_81);
    assert_eq!(delivered[delivered.len() - 2], SET_81);
    assert_eq!(
        world.outcome(&tablet, install).await,
        CommandState::Succeeded
    );
    assert_eq!(world.channel(&tablet).await, ChannelState::Active);
    assert_ne!(tablet.uri, Some(revoked));
    world.install(&tablet).await;
    world.woken(&tablet, Wake::Accepted).await;
}

#[tokio::test]
async fn seed_003_the_pfn_is_set_again_before_30_days() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    world.sync(&mut tablet, "Maintenance").await;
    let first = tablet.uri.clone();
    for _ in 0..19 {
        world.later(DAY);
        assert_eq!(world.sync(&mut tablet, "Maintenance").await, [READ_81]);
    }
    // Only Machine and Apps for a while: the old URI is used on.
    world.later(2 * DAY);
    world.sync(&mut tablet, "Machine").await;
    assert_eq!(world.sync(&mut tablet, "Apps").await, [READ_81]);
    assert_eq!(world.channel(&tablet).await, ChannelState::Refreshing);
    world.request_wake(&tablet).await;
    world.woken(&tablet, Wake::Accepted).await;
    let delivered = world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(delivered, [&READ_81[..], &SET_81, &READ_81]);
    assert_ne!(tablet.uri, first);
    assert_eq!(world.uri(&tablet).await, tablet.uri);
    assert_eq!(world.channel(&tablet).await, ChannelState::Active);
}

#[tokio::test]
async fn seed_003_a_device_that_hangs_on_the_set_is_left_alone_for_longer_and_longer() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    tablet.hangs = true;
    let (mut sets, inventory) = (
        Vec::new(),
        json!({"type": "inventory", "classes": ["Win32_BIOS"]}),
    );
    for hour in 0..130 {
        world.queue(&tablet, inventory.clone()).await;
        let delivered = world.sync(&mut tablet, "Maintenance").await;
        if delivered.last().unwrap() == &SET_81 {
            sets.push(hour);
        }
        // All else went before, in messages of its own.
        assert!(
            delivered[0].contains(&"Get Win32_BIOS".to_owned()),
            "{delivered:?}"
        );
        world.later(HOUR);
    }
    assert_eq!(sets, [0, 20, 60]);
    assert_eq!(world.state(&tablet).await.state.open.len(), 0);
}

#[tokio::test]
async fn seed_001_418_and_500() {
    let world = World::new().await;
    // 418: another server set the PFN already.
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    phone.pfn = Some("other".to_owned());
    let delivered = world.sync(&mut phone, "").await;
    // It shows that, so the node is replaced at once.
    assert_eq!(delivered, [&READ[..], &["Replace PFN"], &READ]);
    assert_eq!(world.channel(&phone).await, ChannelState::Active);
    // 500 to the Replace: Push/Status says why, and it is tried again after a pause.
    let mut other = world.device("other", Family::WindowsPhone81).await;
    (other.refuses, other.status) = (vec![418, 500], 3);
    let delivered = world.sync(&mut other, "").await;
    assert_eq!(
        delivered,
        [&READ[..], &["Add PFN"], &["Replace PFN"], &READ]
    );
    assert_eq!(world.channel(&other).await, ChannelState::SetFailed);
    assert_eq!(world.state(&other).await.state.push.status, Some(3));
    world.later(HOUR);
    assert_eq!(world.sync(&mut other, "").await, [READ]);
    world.later(DAY);
    other.status = 0;
    world.sync(&mut other, "").await;
    assert_eq!(world.channel(&other).await, ChannelState::Active);
}

#[tokio::test]
async fn seed_002_a_changed_channel_uri_is_used_from_then_on() {
    let world = World::new().await;
    let mut pc = world.device("pc", Family::Windows10).await;
    let delivered = world.sync(&mut pc, "Maintenance").await;
    assert_eq!(delivered, [&READ_10[..], &["Add PFN"], &READ]);
    assert_eq!(pc.pfn.as_deref(), Some(PFN), "as registered");
    let old = pc.uri.clone().unwrap();
    world.later(3 * DAY);
    pc.renew(&world.mock);
    // In Machine nobody asks: the law holds for every family.
    assert_eq!(world.sync(&mut pc, "Machine").await, [[""; 0]; 0]);
    world.sync(&mut pc, "Maintenance").await;
    world.mock.revoke(old.reveal());
    world.request_wake(&pc).await;
    world.woken(&pc, Wake::Accepted).await;
    assert_eq!(world.channel(&pc).await, ChannelState::Active);
}

#[tokio::test]
async fn a_pfn_replaced_makes_every_older_uri_void() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    world.sync(&mut tablet, "Maintenance").await;
    let old = tablet.uri.clone().unwrap();
    let mut profile = world.push.profiles()[0].clone();
    profile.pfn = Pfn::parse(OTHER_PFN).unwrap();
    world.keep(profile).await;
    // Before its next session it has no channel of the new one.
    world.request_wake(&tablet).await;
    assert_eq!(
        world.woken(&tablet, Wake::Failed).await.why,
        Some(Why::NoChannel)
    );
    world.sync(&mut tablet, "Apps").await;
    assert_eq!(world.channel(&tablet).await, ChannelState::NeedsSet);
    assert_eq!(world.uri(&tablet).await, None);
    world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(tablet.pfn.as_deref(), Some(OTHER_PFN));
    assert_eq!(world.channel(&tablet).await, ChannelState::Active);
    // The device tells the old one again: it is never used again.
    tablet.uri = Some(old);
    world.sync(&mut tablet, "Maintenance").await;
    assert_ne!(world.uri(&tablet).await, tablet.uri);
}

#[tokio::test]
async fn a_profile_blocked_by_wns_stops_and_leaves_the_channels_alone() {
    let world = World::new().await;
    let mut tablets = Vec::new();
    for name in ["a", "b"] {
        let mut tablet = world.device(name, Family::Windows81).await;
        world.sync(&mut tablet, "Maintenance").await;
        tablets.push(tablet);
    }
    assert_eq!(world.push.profiles()[0].health.health, Health::Healthy);
    world.mock.block(PFN, true);
    world.request_wake(&tablets[0]).await;
    let wake = world.woken(&tablets[0], Wake::Failed).await;
    assert_eq!(wake.why, Some(Why::Profile));
    assert_eq!(world.push.profiles()[0].health.health, Health::Blocked);
    assert!(
        world.push.profiles()[0]
            .reason
            .as_ref()
            .unwrap()
            .contains("410")
    );
    // The other device is not tried.
    world.request_wake(&tablets[1]).await;
    world.woken(&tablets[1], Wake::Failed).await;
    assert_eq!(world.asked(), 1);
    for tablet in &tablets {
        assert_eq!(world.channel(tablet).await, ChannelState::Active);
    }
    // It is on record, and outlives a restart.
    let kept = modegate_store::Store::push_profiles(&*world.store)
        .await
        .unwrap();
    assert_eq!(kept[0].health.health, Health::Blocked);
    let log = modegate_store::Store::all_events(&*world.store, 0, 1_000)
        .await
        .unwrap();
    let healths = log
        .iter()
        .filter(|e| e.event.what == EventType::PushProfileHealth);
    assert_eq!(healths.count(), 2);
}

#[tokio::test]
async fn two_refused_channels_stop_the_profile_and_one_is_set_again() {
    let world = World::new().await;
    let mut tablets = Vec::new();
    for name in ["a", "b"] {
        let mut tablet = world.device(name, Family::Windows81).await;
        world.sync(&mut tablet, "Maintenance").await;
        tablets.push(tablet);
    }
    for (nth, tablet) in tablets.iter().enumerate() {
        world.mock.next_push(Documented::Forbidden.reply());
        world.request_wake(tablet).await;
        world.woken(tablet, Wake::Failed).await;
        assert_eq!(world.push.profiles()[0].health.may_send(), nth == 0);
        assert_eq!(world.channel(tablet).await, ChannelState::Refreshing);
    }
}

#[tokio::test]
async fn a_device_off_for_40_days_is_set_up_anew_when_its_user_logs_on() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    world.sync(&mut tablet, "Maintenance").await;
    let install = world.install(&tablet).await;
    let wake = world.woken(&tablet, Wake::Accepted).await;
    // Nobody comes: the wake ends, the install waits.
    world.later(2 * HOUR);
    world.woken(&tablet, Wake::Unanswered).await;
    assert_eq!(wake.attempts, 1);
    world.later(40 * DAY);
    world.request_wake(&tablet).await;
    assert_eq!(
        world.woken(&tablet, Wake::Failed).await.why,
        Some(Why::NoChannel)
    );
    assert_eq!(world.asked(), 1, "an expired URI is not sent to");
    // It starts, then its user logs on.
    world.sync(&mut tablet, "Machine").await;
    assert_eq!(world.outcome(&tablet, install).await, CommandState::Queued);
    world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(
        world.outcome(&tablet, install).await,
        CommandState::Succeeded
    );
    assert_eq!(world.channel(&tablet).await, ChannelState::Active);
    world.request_wake(&tablet).await;
    world.woken(&tablet, Wake::Accepted).await;
}

#[tokio::test]
async fn wns_that_is_busy_is_asked_again_when_it_said() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    world.sync(&mut tablet, "Maintenance").await;
    let later = Reply::code(503).with("Retry-After", "120");
    world.mock.next_push(later);
    world.request_wake(&tablet).await;
    world.until(async || world.asked() == 1).await;
    let wake = world.woken(&tablet, Wake::Wanted).await;
    let wait = wake.due_at.ms_since(world.now());
    assert!((120_000..=132_000).contains(&wait), "{wait}");
    world.later(135_000);
    world.woken(&tablet, Wake::Accepted).await;
    assert_eq!(world.asked(), 2);
    world.stop().await;
}

/// What may stand in a URI that a hostile device names.
#[tokio::test]
async fn hostile_channel_uris_are_on_record_and_nothing_is_sent() {
    let world = World::new().await;
    let host = world.mock.host_suffix();
    let long = format!(
        "https://a.notify.windows.com/?token={}",
        "A".repeat(100_000)
    );
    let hostile = [
        "https://evil.test/?token=SECRET-MARK",
        "https://evilnotify.windows.com/?token=SECRET-MARK",
        "https://notify.windows.com.evil.test/?token=SECRET-MARK",
        "https://notify.windows.com@evil.test/?token=SECRET-MARK",
        "https://user:pw@a.notify.windows.com/?token=SECRET-MARK",
        "https://a.notify.windows.com:8443/?token=SECRET-MARK",
        "http://a.notify.windows.com/?token=SECRET-MARK",
        "https://a.notify.windows.com/?token=SECRET-MARK#x",
        "https://a.notify.windows.com/?token=SECRET MARK",
        "https://127.0.0.1:1/?token=SECRET-MARK",
        "https://[::1]/?token=SECRET-MARK",
        "file:///etc/passwd?SECRET-MARK",
        "SECRET-MARK",
        &format!(
            "http://{}/?token=SECRET-MARK",
            host.replace("127.0.0.1", "localhost")
        ),
        &long,
    ];
    for (nth, uri) in hostile.into_iter().enumerate() {
        let mut tablet = world.device(&format!("t{nth}"), Family::Windows81).await;
        tablet.says = Some(uri.to_owned());
        world.sync(&mut tablet, "Maintenance").await;
        let device = world.state(&tablet).await;
        assert!(
            !device.state.channel.as_ref().unwrap().state.may_send(),
            "{nth}"
        );
        assert_eq!(world.uri(&tablet).await, None, "{nth}");
        world.request_wake(&tablet).await;
        world.woken(&tablet, Wake::Failed).await;
        let events = world.events(&tablet).await;
        let refused = events
            .iter()
            .filter(|e| e.what == EventType::ChannelUriRefused);
        assert_eq!(refused.count(), 2, "{nth}");
        // Neither in the log nor in the results nor in the state.
        let commands = modegate_store::Store::commands(&*world.store, tablet.id, 0, 100, u64::MAX)
            .await
            .unwrap()
            .items;
        let results = commands
            .iter()
            .flat_map(|c| &c.parts)
            .flat_map(|p| &p.results);
        let data = results.filter_map(|result| Some(result.data.as_ref()?.reveal()));
        let all = data.map(str::to_owned).chain(
            events
                .iter()
                .map(|e| String::from_utf8(e.to_bytes()).unwrap()),
        );
        for text in all.chain([format!("{:?}", device.state)]) {
            assert!(
                !text.contains("SECRET") && !text.contains("AAAA"),
                "{nth}: {text}"
            );
        }
    }
    assert_eq!(world.asked(), 0);
    assert_eq!(
        world.mock.token_requests(),
        1,
        "only the probe of the profile"
    );
}
