//! One story each: what comes of an issue, a first session, a renewal and an end.

use super::world::{DAY, World};
use crate::device::EndReason;
use crate::enrollment::{EnrollmentState, Expiry, Phase, RenewalFault};

/// An enrolled device of that name, with its certificate and its enrollment.
fn enrolled(
    world: &mut World,
    name: &str,
    key: u8,
) -> (crate::device::CertificateDigest, crate::ids::EnrollmentId) {
    let token = world.make_token("anna");
    let digest = world.issue(token, key, 0).unwrap();
    assert!(world.session(digest, name));
    let id = world.by_certificate(digest).unwrap();
    assert_eq!(world.enrollments[&id].phase(), Phase::Active);
    (digest, id)
}

#[test]
fn a_device_gets_its_name_in_its_first_session_and_keeps_it() {
    let mut world = World::default();
    let (digest, id) = enrolled(&mut world, "tablet", 1);
    let device = &world.devices[&world.enrollments[&id].device];
    assert_eq!(device.record.source.0, "tablet");
    assert_eq!(device.record.device_client_id, "tablet");
    assert_eq!(device.record.groups, ["kiosk"]);
    assert_eq!(device.record.user.as_deref(), Some("anna"));
    assert_eq!(device.record.certificates, [digest]);
    assert!(world.enrollments[&id].answer.is_none());
    assert!(!world.session(digest, "other"));
    assert!(!world.session(digest, "tablet"));
}

#[test]
fn the_name_of_a_live_device_is_a_conflict_that_an_operator_releases() {
    let mut world = World::default();
    let (old, first) = enrolled(&mut world, "tablet", 1);
    let token = world.make_token("anna");
    let new = world.issue(token, 2, 0).unwrap();
    let second = world.by_certificate(new).unwrap();
    assert!(world.session(new, "tablet"));
    let conflict = world.enrollments[&second].conflict.unwrap();
    assert_eq!(conflict.device, world.enrollments[&first].device);
    assert!(!world.session(new, "tablet"), "it is on record once");
    assert_eq!(world.enrollments[&second].phase(), Phase::Issued);
    assert!(!world.release(first), "it is in no conflict");

    assert!(world.release(second));
    assert_eq!(world.devices.len(), 1);
    let device = &world.devices[&conflict.device];
    assert_eq!(device.record.certificates, [new]);
    assert!(device.record.rotation.revoked.contains(&old));
    let EnrollmentState::Ended(end) = world.enrollments[&first].state else {
        panic!("it goes on");
    };
    assert_eq!(end.reason, EndReason::NewCertificate);
    assert!(world.session(new, "tablet"));
    assert_eq!(world.enrollments[&second].phase(), Phase::Active);
    assert_eq!(world.enrollments[&second].device, conflict.device);
}

#[test]
fn a_device_of_the_same_user_that_left_goes_on_under_its_record() {
    for (user, is_back) in [("anna", true), ("Anna", true), ("bob", false)] {
        let mut world = World::default();
        let (old, first) = enrolled(&mut world, "tablet", 1);
        let id = world.enrollments[&first].device;
        world.leave(id);
        assert_eq!(world.enrollments[&first].phase(), Phase::Ended);
        assert!(world.devices[&id].record.rotation.is_revoked(old));
        let token = world.make_token(user);
        let new = world.issue(token, 2, 0).unwrap();
        assert!(world.session(new, "tablet"));
        let second = &world.enrollments[&world.by_certificate(new).unwrap()];
        assert_eq!(second.phase() == Phase::Active, is_back, "{user}");
        assert_eq!(second.device == id, is_back, "{user}");
        assert_eq!(
            world.devices[&id].record.certificates.contains(&new),
            is_back
        );
    }
}

#[test]
fn both_certificates_prove_a_device_until_it_uses_the_renewed_one() {
    let mut world = World::default();
    let (old, id) = enrolled(&mut world, "tablet", 1);
    assert_eq!(world.renew(old, 2, 2), Err(RenewalFault::TooEarly));
    assert_eq!(world.enrollments[&id].expiry(world.now()), Expiry::None);
    world.now += 316 * DAY;
    assert_eq!(world.enrollments[&id].expiry(world.now()), Expiry::Due);
    let new = world.renew(old, 2, 2).unwrap();
    assert_eq!(world.renew(old, 2, 2), Ok(new), "the answer got lost");
    let newer = world.renew(old, 2, 3).unwrap();
    let device = world.enrollments[&id].device;
    let bound = |world: &World| world.devices[&device].record.certificates.clone();
    assert_eq!(bound(&world), [old, new, newer]);
    assert_eq!(world.enrollments[&id].phase(), Phase::Renewing);
    assert!(!world.session(newer, "other"));
    assert!(world.session(newer, "tablet"));
    assert_eq!(bound(&world), [newer]);
    assert_eq!(world.enrollments[&id].phase(), Phase::Active);
    assert_eq!(world.enrollments[&id].expiry(world.now()), Expiry::None);
    assert_eq!(world.renew(old, 3, 3), Err(RenewalFault::NotBound));
    world.now += 366 * DAY;
    assert_eq!(world.enrollments[&id].expiry(world.now()), Expiry::Late);
    assert_eq!(world.renew(newer, 3, 3), Err(RenewalFault::Expired));
}

#[test]
fn who_never_uses_what_was_issued_is_refused_in_the_end() {
    let mut world = World::default();
    let (old, id) = enrolled(&mut world, "tablet", 1);
    world.now += 320 * DAY;
    let mut issued = 0;
    while world.renew(old, 2, issued).is_ok() {
        issued += 1;
        let device = world.enrollments[&id].device;
        assert!(world.devices[&device].record.certificates.len() <= 5);
    }
    assert_eq!(issued, 12);
    assert_eq!(world.renew(old, 2, 99), Err(RenewalFault::TooOften));
}

#[test]
fn a_key_is_of_one_enrollment() {
    let mut world = World::default();
    let (old, _) = enrolled(&mut world, "tablet", 1);
    let (_, second) = enrolled(&mut world, "other", 2);
    let token = world.make_token("anna");
    assert_eq!(world.issue(token, 1, 5), None);
    world.now += 320 * DAY;
    assert_eq!(world.renew(old, 2, 5), Err(RenewalFault::KeyInUse));
    assert!(world.revoke(second));
    assert!(!world.revoke(second));
    assert!(world.renew(old, 2, 5).is_ok());
}

#[test]
fn a_revoked_or_expired_enrollment_is_not_claimed() {
    for revoked in [true, false] {
        let mut world = World::default();
        let token = world.make_token("anna");
        let digest = world.issue(token, 1, 0).unwrap();
        assert_eq!(world.issue(token, 1, 0), Some(digest));
        let id = world.by_certificate(digest).unwrap();
        match revoked {
            true => assert!(world.revoke(id)),
            false => world.now += 365 * DAY,
        }
        assert_eq!(world.issue(token, 1, 0), None);
        assert!(!world.session(digest, "tablet"));
        assert!(!world.session(digest, &world.enrollments[&id].provisional.0.clone()));
    }
}
