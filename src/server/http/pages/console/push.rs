//! `/console/push`: push profiles, and whether pushes work.

use actix_web::web;
use uuid::Uuid;

use super::path_id;
use crate::app::{AppError, fleet, push_profiles};
use crate::http::pages::audience::ADMIN;
use crate::http::pages::visitor::page;
use crate::http::pages::{Page, Visitor};
use crate::http::problem::Problem;
use modegate_core::fleet::Census;
use modegate_core::push::advice::profile_advice;
use modegate_core::push::channel::ChannelState;
use modegate_core::push::profile::{Health, TokenForm};
use modegate_core::push::record::PushProfile;
use modegate_pages::chart::{Head, channel_ages};
use modegate_pages::console::confirm::ConfirmPage;
use modegate_pages::console::push::{Channels, ProfilePage, ProfileRow, PushPage};
use modegate_pages::shell::Tone;

/// `GET /console/push`.
pub(in crate::http::pages) async fn list(visitor: Visitor) -> Page {
    visitor
        .read(|visitor| async move {
            let (app, by) = (visitor.app(), visitor.by());
            let census = match fleet::census(app, by).await {
                Ok(census) => Some(census),
                Err(AppError::Missing(_) | AppError::Forbidden(_)) => None,
                Err(error) => return Err(error.into()),
            };
            let profiles = push_profiles::list(app, by);
            let answers = match by.sees_all() {
                true => app.metrics.push_answers(),
                false => Vec::new(),
            };
            Ok(PushPage {
                shell: visitor.shell("Push"),
                rows: profiles.iter().map(|one| row(&visitor, one)).collect(),
                may_change: ADMIN.admits(by),
                channels: census.map(|census| channels(&census)),
                answers,
            })
        })
        .await
}

fn channels(census: &Census) -> Channels {
    let of = |state| census.channels.get(&state).copied().unwrap_or(0);
    let with = census
        .channel_days
        .iter()
        .fold(0_u64, |sum, n| sum.saturating_add(*n));
    let without = census.devices.saturating_sub(with);
    let head = Head {
        id: "channel-ages",
        title: "Channels by their age",
    };
    Channels {
        at: census.ended_at,
        by_state: ChannelState::ALL
            .map(|state| (state.name(), of(state)))
            .into(),
        chart: channel_ages(head, &census.channel_days, without),
    }
}

fn row(visitor: &Visitor, profile: &PushProfile) -> ProfileRow {
    let health = profile.health.health;
    ProfileRow {
        id: profile.id.simple().to_string(),
        pfn: profile.pfn.as_str().to_owned(),
        health: health.name(),
        tone: match health {
            Health::Healthy => Tone::Good,
            Health::Unchecked => Tone::Info,
            Health::Degraded => Tone::Warn,
            Health::Misconfigured | Health::Blocked => Tone::Bad,
        },
        since: profile.health_at,
        reason: profile.reason.clone(),
        advice: profile_advice(health, profile.reason.as_deref()),
        groups: visitor.by().known_groups(&profile.groups),
    }
}

/// The profile that a path names.
pub(super) fn named(visitor: &Visitor, path: &str) -> Result<PushProfile, Problem> {
    let id: Uuid = path_id(path, "push profile")?;
    Ok(push_profiles::one(visitor.app(), visitor.by(), id)?)
}

/// `GET /console/push/{profile}`.
pub(in crate::http::pages) async fn show(visitor: Visitor, path: web::Path<String>) -> Page {
    let profile = named(&visitor, &path)?;
    let fits = profile.sid.is_none_or(|sid| sid.belongs_to(&profile.pfn));
    let warning = "This SID is not the one that follows from the PFN: WNS will most likely answer 403 for every channel.";
    let groups = visitor.by().known_groups(&profile.groups);
    let form = match profile.form {
        TokenForm::Legacy => "legacy",
        TokenForm::Entra => "entra",
    };
    let mut facts = vec![
        (
            "For groups",
            match profile.groups.is_empty() {
                true => "all devices".to_owned(),
                false => groups.join(", "),
            },
        ),
        ("AppId", profile.app_id.clone()),
        ("Token service", form.to_owned()),
    ];
    facts.extend(profile.sid.map(|sid| ("SID", sid.to_string())));
    facts.extend(profile.tenant.clone().map(|tenant| ("Tenant", tenant)));
    facts.extend(profile.client_id.clone().map(|id| ("Application id", id)));
    facts.push(("Secret", "***".to_owned()));
    page(&ProfilePage {
        shell: visitor
            .shell(format!("Push profile {}", profile.pfn.as_str()))
            .below("/console/push", "Push"),
        row: row(&visitor, &profile),
        facts,
        warning: (!fits).then_some(warning),
        may_change: ADMIN.admits(visitor.by()),
        once: visitor.once(),
    })
}

/// Where a profile is shown, after this was done.
pub(super) fn place(notice: &'static str) -> impl Fn(&PushProfile) -> String + Clone + Send {
    move |profile| format!("/console/push/{}?notice={notice}", profile.id.simple())
}

/// `POST /console/push/{profile}/check`.
pub(in crate::http::pages) async fn check(visitor: Visitor, path: web::Path<String>) -> Page {
    let id = named(&visitor, &path)?.id;
    visitor
        .write(place("checked"), async |app, by, options| {
            push_profiles::try_anew(app, by, id, options).await
        })
        .await
}

/// `GET /console/push/{profile}/delete`: asks once more.
pub(in crate::http::pages) async fn ask_delete(visitor: Visitor, path: web::Path<String>) -> Page {
    let profile = named(&visitor, &path)?;
    let here = format!("/console/push/{}", profile.id.simple());
    let pfn = profile.pfn.as_str();
    page(&ConfirmPage {
        shell: visitor
            .shell(format!("Delete the push profile {pfn}"))
            .below(&*here, pfn),
        heading: "Delete this push profile?".to_owned(),
        text: "Devices that use it have no channel any more: nothing wakes them, and apps wait \
               for their own schedule."
            .to_owned(),
        facts: vec![("PFN", pfn.to_owned())],
        action: format!("{here}/delete"),
        button: "Delete the push profile",
        once: visitor.once(),
        fields: Vec::new(),
        back: here,
    })
}

/// `POST /console/push/{profile}/delete`.
pub(in crate::http::pages) async fn delete(visitor: Visitor, path: web::Path<String>) -> Page {
    let id = named(&visitor, &path)?.id;
    let place = |_: &PushProfile| "/console/push?notice=deleted".to_owned();
    visitor
        .write(place, async |app, by, options| {
            push_profiles::delete(app, by, id, options).await
        })
        .await
}
