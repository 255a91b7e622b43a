//! Whose channel a device holds, how long it is good, and what devices report of it: through
//! the real core, store, workers and client, with devices of every family and a clock that
//! the test moves.

use modegate_core::context::Family;
use modegate_core::push::channel::ChannelState;
use modegate_core::push::profile::Health;
use modegate_core::push::wake::{WakeState as Wake, Why};
use modegate_sim::mock_wns::Documented;

use crate::push::world::{DAY, HOUR, OTHER_PFN, PFN, READ, READ_10, READ_81, SET_81, Sim, World};

/// Of another server.
const FOREIGN: &str = "99999Other.Mdm_t6e9vsyjkrw9w";
/// LastError where WNS does not know the app.
const INVALID_APP: u32 = 0x803E_0102;

/// A wake that WNS takes for the profile's own app.
async fn is_woken(world: &World, sim: &Sim) {
    world.request_wake(sim).await;
    world.woken(sim, Wake::Accepted).await;
    let received = world.mock.received().pop().unwrap();
    assert_eq!(received.device, sim.source);
    assert!(received.pfn.eq_ignore_ascii_case(PFN), "{received:?}");
}

fn health(world: &World) -> Health {
    world.push.profiles()[0].health.health
}

#[tokio::test]
async fn a_tablet_that_holds_a_foreign_channel_gets_ours() {
    let world = World::new().await;
    for name in ["a", "b", "c"] {
        let mut tablet = world.device(name, Family::Windows81).await;
        tablet.set_up_by_another(FOREIGN, &world.mock);
        let foreign = tablet.uri.clone();
        // Windows 8.1 does not show whose it is: what was not set here is not believed.
        assert_eq!(world.sync(&mut tablet, "Apps").await, [READ_81]);
        assert_eq!(world.channel(&tablet).await, ChannelState::NeedsSet);
        assert_eq!(world.uri(&tablet).await, None);
        world.request_wake(&tablet).await;
        let failed = world.woken(&tablet, Wake::Failed).await;
        assert_eq!(failed.why, Some(Why::NoChannel));
        let delivered = world.sync(&mut tablet, "Maintenance").await;
        assert_eq!(delivered, [&READ_81[..], &SET_81, &READ_81]);
        assert_eq!(tablet.pfn.as_deref(), Some(PFN));
        assert_ne!(world.uri(&tablet).await, foreign);
        is_woken(&world, &tablet).await;
        // Once: in later sessions it is only read.
        world.later(DAY);
        assert_eq!(world.sync(&mut tablet, "Maintenance").await, [READ_81]);
    }
    // WNS was never asked about a channel that is not ours.
    assert_eq!(world.asked(), 3);
    assert_eq!(health(&world), Health::Healthy);
}

#[tokio::test]
async fn phones_and_windows_10_show_whose_channel_it_is() {
    let world = World::new().await;
    for (family, mode, read) in [
        (Family::WindowsPhone81, "", &READ[..]),
        (Family::Windows10, "Maintenance", &READ_10),
    ] {
        let mut device = world.device(family.name(), family).await;
        device.set_up_by_another(FOREIGN, &world.mock);
        let delivered = world.sync(&mut device, mode).await;
        assert_eq!(delivered, [read, &["Replace PFN"], &READ], "{family:?}");
        is_woken(&world, &device).await;
        // Another server takes it over later: its URI is not used, and ours is set again.
        world.later(DAY);
        device.set_up_by_another(FOREIGN, &world.mock);
        let foreign = device.uri.clone();
        let delivered = world.sync(&mut device, mode).await;
        assert_eq!(delivered[0], READ, "{family:?}");
        assert_ne!(world.uri(&device).await, foreign);
        let shown = world.state(&device).await.state.push.read_back.pfn;
        if world.channel(&device).await == ChannelState::NeedsSet {
            assert_eq!(shown.as_deref(), Some(FOREIGN));
            world.sync(&mut device, mode).await;
        }
        let notes = world.state(&device).await.state.push;
        assert!(notes.read_back.pfn.unwrap().eq_ignore_ascii_case(PFN));
        is_woken(&world, &device).await;
    }
    assert_eq!(health(&world), Health::Healthy);
}

#[tokio::test]
async fn a_device_that_shows_our_pfn_keeps_its_channel() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    // Set in lower case by this server, before its database was lost.
    phone.set_up_by_another(&PFN.to_lowercase(), &world.mock);
    assert_eq!(world.sync(&mut phone, "").await, [READ]);
    assert_eq!(world.uri(&phone).await, phone.uri);
    is_woken(&world, &phone).await;
}

#[tokio::test]
async fn a_403_marks_the_channel_and_only_devices_that_were_set_here_speak_against_the_profile() {
    let world = World::new().await;
    let refuse = async |sim: &Sim| {
        world.mock.next_push(Documented::Forbidden.reply());
        world.request_wake(sim).await;
        world.woken(sim, Wake::Failed).await;
    };
    // Two that hold what others set for our PFN, and so were not set here.
    for name in ["x", "y"] {
        let mut pc = world.device(name, Family::Windows10).await;
        pc.set_up_by_another(PFN, &world.mock);
        world.sync(&mut pc, "Maintenance").await;
        refuse(&pc).await;
        assert_eq!(world.channel(&pc).await, ChannelState::Refreshing);
        assert!(world.state(&pc).await.state.channel.unwrap().refused);
    }
    assert_eq!(health(&world), Health::Healthy);
    // One that was set here, with three channels: still one device.
    let mut tablet = world.device("a", Family::Windows81).await;
    for _ in 0..3 {
        world.sync(&mut tablet, "Maintenance").await;
        assert_eq!(world.channel(&tablet).await, ChannelState::Active);
        refuse(&tablet).await;
        world.later(3 * DAY);
    }
    assert_eq!(health(&world), Health::Healthy);
    // A second one is the profile's fault; a success in between would have cleared it.
    let mut other = world.device("b", Family::Windows81).await;
    world.sync(&mut other, "Maintenance").await;
    refuse(&other).await;
    assert_eq!(health(&world), Health::Misconfigured);
    let reason = world.push.profiles()[0].reason.clone().unwrap();
    assert!(reason.contains("403"), "{reason}");
}

#[tokio::test]
async fn a_refused_channel_is_set_again_in_the_next_session_that_may() {
    let world = World::new().await;
    let mut pc = world.device("pc", Family::Windows10).await;
    pc.set_up_by_another(PFN, &world.mock);
    world.sync(&mut pc, "Maintenance").await;
    world.mock.next_push(Documented::Forbidden.reply());
    world.request_wake(&pc).await;
    world.woken(&pc, Wake::Failed).await;
    let delivered = world.sync(&mut pc, "Maintenance").await;
    assert_eq!(delivered, [&READ_10[..], &["Replace PFN"], &READ]);
    let channel = world.state(&pc).await.state.channel.unwrap();
    assert!(channel.set_by_us && !channel.refused);
    is_woken(&world, &pc).await;
}

#[tokio::test]
async fn a_tablet_that_renews_its_uri_in_place_is_never_set_again() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    tablet.ends_in(30, &world);
    world.sync(&mut tablet, "Maintenance").await;
    let uri = tablet.uri.clone();
    for day in 1..=90 {
        world.later(DAY);
        if day % 15 == 0 {
            tablet.ends_in(30, &world);
        }
        assert_eq!(
            world.sync(&mut tablet, "Maintenance").await,
            [READ_81],
            "day {day}"
        );
        assert_eq!(
            world.channel(&tablet).await,
            ChannelState::Active,
            "day {day}"
        );
    }
    assert_eq!(world.uri(&tablet).await, uri);
    is_woken(&world, &tablet).await;
}

#[tokio::test]
async fn sets_that_bring_the_same_uri_go_before_its_real_end_and_bury_nothing() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    tablet.keeps_uri = true;
    tablet.ends_in(30, &world);
    world.sync(&mut tablet, "Maintenance").await;
    let (uri, mut sets) = (tablet.uri.clone(), Vec::new());
    for day in 1..=70 {
        world.later(DAY);
        // As WNS does for a set: the end that is read after it is a new one.
        let is_due = day - sets.last().unwrap_or(&0) == 20;
        let delivered = match is_due {
            false => world.sync(&mut tablet, "Maintenance").await,
            true => {
                let delivered = world.sync(&mut tablet, "Maintenance").await;
                tablet.ends_in(30, &world);
                world.sync(&mut tablet, "Maintenance").await;
                delivered
            }
        };
        if delivered.concat().contains(&SET_81[0].to_owned()) {
            sets.push(day);
        }
    }
    assert_eq!(sets, [20, 40, 60]);
    assert_eq!(world.uri(&tablet).await, uri);
    is_woken(&world, &tablet).await;
}

#[tokio::test]
async fn an_end_that_has_passed_is_an_end_until_the_device_reports_a_later_one() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    tablet.ends_in(10, &world);
    world.sync(&mut tablet, "Maintenance").await;
    let uri = tablet.uri.clone();
    world.later(11 * DAY);
    // Nothing has looked at it since, but nobody is told that it is active.
    let channel = world.state(&tablet).await.state.channel.unwrap();
    assert_eq!(channel.state_at(world.now()), ChannelState::Expired);
    world.request_wake(&tablet).await;
    world.woken(&tablet, Wake::Failed).await;
    assert_eq!(world.asked(), 0, "it is not sent to");
    // The device had renewed it without a session.
    tablet.ends_in(20, &world);
    assert_eq!(world.sync(&mut tablet, "Apps").await, [READ_81]);
    assert_eq!(world.uri(&tablet).await, uri);
    is_woken(&world, &tablet).await;
}

#[tokio::test]
async fn a_new_uri_beside_a_stale_status_counts() {
    let world = World::new().await;
    for status in [5, 3, 1] {
        let name = format!("phone {status}");
        let mut phone = world.device(&name, Family::WindowsPhone81).await;
        world.sync(&mut phone, "").await;
        world.later(DAY);
        phone.status = status;
        phone.renew(&world.mock);
        assert_eq!(world.sync(&mut phone, "").await, [READ], "{status}");
        assert_eq!(world.uri(&phone).await, phone.uri, "{status}");
        is_woken(&world, &phone).await;
        // It goes on saying so: nothing is new in that.
        world.later(DAY);
        assert_eq!(world.sync(&mut phone, "").await, [READ], "{status}");
        assert_eq!(
            world.channel(&phone).await,
            ChannelState::Active,
            "{status}"
        );
    }
    // Without a new URI it is not stale.
    let mut phone = world.device("expired", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    phone.status = 5;
    world.sync(&mut phone, "").await;
    assert_eq!(world.channel(&phone).await, ChannelState::Dead);
    assert_eq!(health(&world), Health::Healthy);
}

#[tokio::test]
async fn phones_that_cannot_register_mark_the_profile_and_are_registered_anew() {
    let world = World::new().await;
    let mut phones = Vec::new();
    for name in ["a", "b"] {
        let mut phone = world.device(name, Family::WindowsPhone81).await;
        phone.says = Some("null".to_owned());
        phone.status = 3;
        let delivered = world.sync(&mut phone, "").await;
        assert_eq!(delivered, [&READ[..], &["Add PFN"], &READ]);
        assert_eq!(world.channel(&phone).await, ChannelState::SetFailed);
        phones.push(phone);
        // One alone says it in every session, and is one.
        if phones.len() == 1 {
            world.later(HOUR);
            world.sync(&mut phones[0], "").await;
            assert_eq!(health(&world), Health::Healthy);
        }
    }
    world
        .until(async || health(&world) == Health::Misconfigured)
        .await;
    let reason = world.push.profiles()[0].reason.clone().unwrap();
    assert!(reason.contains("registration with WNS failed"), "{reason}");
    // The repair, after the pause: what is there is taken down first.
    world.later(DAY);
    let mut phone = phones.remove(0);
    (phone.says, phone.status, phone.uri) = (None, 0, None);
    let delivered = world.sync(&mut phone, "").await;
    assert_eq!(delivered, [&READ[..], &["Delete Push", "Add PFN"], &READ]);
    assert_eq!(world.channel(&phone).await, ChannelState::Active);
    // It works: the next set is an ordinary one.
    world.later(21 * DAY);
    let delivered = world.sync(&mut phone, "").await;
    assert_eq!(delivered, [&READ[..], &["Replace PFN"], &READ]);
}

#[tokio::test]
async fn a_status_about_another_servers_pfn_speaks_against_nobody() {
    let world = World::new().await;
    for name in ["a", "b"] {
        let mut phone = world.device(name, Family::WindowsPhone81).await;
        phone.set_up_by_another(FOREIGN, &world.mock);
        (phone.status, phone.refuses) = (3, vec![405]);
        let delivered = world.sync(&mut phone, "").await;
        assert_eq!(delivered, [&READ[..], &["Replace PFN"], &READ]);
        assert_eq!(world.channel(&phone).await, ChannelState::SetFailed);
    }
    // A third one is set up, after whatever the two said was taken in.
    let mut phone = world.device("c", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    is_woken(&world, &phone).await;
    assert_eq!(health(&world), Health::Healthy);
}

#[tokio::test]
async fn what_windows_81_reports_of_a_set_decides_whether_it_worked() {
    let world = World::new().await;
    let mut tablet = world.device("tablet", Family::Windows81).await;
    (tablet.configuration, tablet.says) = (0, Some(String::new()));
    tablet.last_error = 0x803E_0109;
    let delivered = world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(delivered, [&READ_81[..], &SET_81, &READ_81]);
    assert_eq!(world.channel(&tablet).await, ChannelState::SetFailed);
    let read = world.state(&tablet).await.state.push.read_back;
    assert_eq!(read.configuration_status, Some(0));
    assert_eq!(read.last_error, Some(0x803E_0109));
    // Again after the pause, and it works.
    world.later(HOUR);
    assert_eq!(world.sync(&mut tablet, "Maintenance").await, [READ_81]);
    world.later(DAY);
    (tablet.configuration, tablet.says, tablet.last_error) = (1, None, 0);
    world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(world.channel(&tablet).await, ChannelState::Active);
    // The setting is lost later: the next Maintenance makes it again, Apps may only see it.
    world.later(2 * DAY);
    tablet.configuration = 0;
    assert_eq!(world.sync(&mut tablet, "Apps").await, [READ_81]);
    assert_eq!(world.channel(&tablet).await, ChannelState::Refreshing);
    let delivered = world.sync(&mut tablet, "Maintenance").await;
    assert_eq!(delivered, [&READ_81[..], &SET_81, &READ_81]);
    // The device's own fault is not the profile's.
    assert_eq!(health(&world), Health::Healthy);
}

#[tokio::test]
async fn tablets_for_which_wns_does_not_know_the_app_speak_against_the_profile() {
    let world = World::new().await;
    for name in ["a", "b"] {
        assert_ne!(health(&world), Health::Misconfigured);
        let mut tablet = world.device(name, Family::Windows81).await;
        (tablet.configuration, tablet.says) = (0, Some(String::new()));
        tablet.last_error = INVALID_APP;
        world.sync(&mut tablet, "Maintenance").await;
        assert_eq!(world.channel(&tablet).await, ChannelState::SetFailed);
    }
    world
        .until(async || health(&world) == Health::Misconfigured)
        .await;
    let reason = world.push.profiles()[0].reason.clone().unwrap();
    assert!(reason.contains("WNS does not know the app"), "{reason}");
}

#[tokio::test]
async fn windows_10_reads_and_sets_its_channel_in_every_session() {
    let world = World::new().await;
    for mode in ["", "Apps", "Maintenance"] {
        let mut pc = world.device(&format!("pc{mode}"), Family::Windows10).await;
        let delivered = world.sync(&mut pc, mode).await;
        assert_eq!(delivered, [&READ_10[..], &["Add PFN"], &READ], "{mode}");
        assert_eq!(world.sync(&mut pc, mode).await, [READ], "{mode}");
        is_woken(&world, &pc).await;
    }
    // But what a session in Machine carries is the same for every family.
    let mut pc = world.device("another", Family::Windows10).await;
    assert_eq!(world.sync(&mut pc, "Machine").await, [[""; 0]; 0]);
}

#[tokio::test]
async fn after_another_pfn_a_device_that_shows_the_old_one_is_set_anew() {
    let world = World::new().await;
    let mut phone = world.device("phone", Family::WindowsPhone81).await;
    world.sync(&mut phone, "").await;
    let mut profile = world.push.profiles()[0].clone();
    profile.pfn = modegate_core::push::profile::Pfn::parse(OTHER_PFN).unwrap();
    world.keep(profile).await;
    phone.refuses = vec![500];
    world.sync(&mut phone, "").await;
    // Refused: the phone has the old one still, which is not ours any more.
    assert_eq!(world.channel(&phone).await, ChannelState::SetFailed);
    assert_eq!(world.uri(&phone).await, None);
    world.later(DAY);
    let delivered = world.sync(&mut phone, "").await;
    assert_eq!(delivered, [&READ[..], &["Replace PFN"], &READ]);
    assert_eq!(world.uri(&phone).await, phone.uri);
}
