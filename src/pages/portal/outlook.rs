//! From the core's closed words to sentences: how an app and an install stand.

use modegate_core::catalogue::Version;
use modegate_core::installs::fault::JobFault;
use modegate_core::installs::offer::{Obstacle, Offer, OfferState};
use modegate_core::installs::standing::{Hold, Standing};
use modegate_core::installs::{Install, InstallState};
use modegate_core::time::Timestamp;

use super::Clock;
use crate::words::{Language, PortalWord, Text as _};

/// How an app stands for a tablet, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferWords {
    /// The word for its state.
    pub state: &'static str,
    /// The end of the class of its badge.
    pub tone: &'static str,
    /// More of it: since when, or why not.
    pub more: Option<String>,
    /// What the button says that asks for it, where it can be asked for.
    pub verb: Option<&'static str>,
    /// Whether it can be asked for only in place of what is there already.
    pub is_again: bool,
}

impl OfferWords {
    /// Of this offer; of a request that is under way, with where it stands.
    pub fn new(offer: &Offer, standing: Option<&Standing>, clock: &Clock) -> Self {
        let say = |word: PortalWord| word.text(clock.language);
        let obstacle = offer.obstacle.map(|one| say(obstacle_word(one)).to_owned());
        let have = |at: &(Version, Option<Timestamp>)| {
            PortalWord::UpdateFrom.filled(clock.language, &[&at.0.as_str()])
        };
        let (state, tone, more, verb) = match offer.state {
            OfferState::Available => {
                let verb = Some(PortalWord::Install);
                (PortalWord::NotInstalled, "quiet", None, verb)
            }
            OfferState::Update => {
                let have = offer.installed.as_ref().map(have);
                (PortalWord::UpdateIs, "info", have, Some(PortalWord::Update))
            }
            OfferState::Installed => {
                let at = offer.installed.as_ref().and_then(|(_, at)| *at);
                let at = at.map(|at| clock.text(at));
                (
                    PortalWord::Installed,
                    "good",
                    at,
                    Some(PortalWord::InstallAgain),
                )
            }
            OfferState::UnderWay => {
                let brief = standing.and_then(|standing| brief(standing, clock.language));
                (PortalWord::UnderWay, "info", brief.map(str::to_owned), None)
            }
            OfferState::Failed => {
                let verb = Some(PortalWord::TryAgain);
                (PortalWord::WasNotInstalled, "bad", None, verb)
            }
            OfferState::NotYet => (PortalWord::NotYet, "warn", obstacle, None),
        };
        OfferWords {
            state: say(state),
            tone,
            more,
            verb: verb.map(say),
            is_again: offer.state == OfferState::Installed,
        }
    }
}

/// Why an install is where it is, in words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutlookWords {
    /// What is so now.
    pub now: String,
    /// What is to be known besides, or to be done.
    pub more: Vec<String>,
    /// When it comes further.
    pub when: Vec<String>,
}

impl OutlookWords {
    /// Of an install that stands so.
    pub fn new(install: &Install, standing: &Standing, clock: &Clock) -> Self {
        match standing.hold {
            Some(hold) => waiting(hold, standing, clock),
            None => ended(install, clock.language),
        }
    }
}

/// In a few words, for lists.
pub(super) fn brief(standing: &Standing, language: Language) -> Option<&'static str> {
    let word = match standing.hold? {
        Hold::PushDue => PortalWord::BriefPushDue,
        Hold::NoPush if standing.visits.sign_in => PortalWord::BriefNoPush,
        Hold::NoPush => PortalWord::BriefNoPushOther,
        Hold::VisitDue => PortalWord::BriefVisitDue,
        Hold::NoVisit => PortalWord::BriefNoVisit,
        Hold::InSession => PortalWord::BriefInSession,
        Hold::Time => PortalWord::BriefTime,
        Hold::Commands => PortalWord::BriefCommands,
        Hold::Rules => PortalWord::BriefRules,
        Hold::Answer => PortalWord::BriefAnswer,
        Hold::Job => PortalWord::BriefJob,
    };
    Some(word.text(language))
}

/// The word and the tone for the state of a request, for lists.
pub fn request_state(
    install: &Install,
    standing: &Standing,
    language: Language,
) -> (&'static str, &'static str) {
    let (word, tone) = match install.state {
        InstallState::Installed => (PortalWord::Installed, "good"),
        InstallState::Failed => (PortalWord::WasNotInstalled, "bad"),
        InstallState::Cancelled => (PortalWord::EndCancelled, "quiet"),
        InstallState::Superseded => (PortalWord::EndSuperseded, "quiet"),
        InstallState::Ended => (PortalWord::EndEnded, "warn"),
        _ => {
            let words = brief(standing, language).unwrap_or_default();
            return (words, "info");
        }
    };
    (word.text(language), tone)
}

fn obstacle_word(obstacle: Obstacle) -> PortalWord {
    match obstacle {
        Obstacle::Unenrolled => PortalWord::Unenrolled,
        Obstacle::NoAppJobs => PortalWord::NoAppJobs,
        Obstacle::NotCompliant => PortalWord::NotCompliant,
        Obstacle::Incomplete => PortalWord::Incomplete,
        Obstacle::AnotherRequest => PortalWord::AnotherRequest,
        Obstacle::TooMany => PortalWord::TooMany,
    }
}

fn waiting(hold: Hold, standing: &Standing, clock: &Clock) -> OutlookWords {
    let language = clock.language;
    let now = match hold {
        Hold::PushDue => PortalWord::HoldPushDue,
        Hold::NoPush => PortalWord::HoldNoPush,
        Hold::VisitDue => PortalWord::HoldVisitDue,
        Hold::NoVisit => PortalWord::HoldNoVisit,
        Hold::InSession => PortalWord::HoldInSession,
        Hold::Time => PortalWord::HoldTime,
        Hold::Commands => PortalWord::HoldCommands,
        Hold::Rules => PortalWord::HoldRules,
        Hold::Answer => PortalWord::HoldAnswer,
        Hold::Job => PortalWord::HoldJob,
    };
    let mut when = Vec::new();
    if let Some(until) = standing.until {
        let word = match hold {
            Hold::Time => PortalWord::NotBefore,
            _ => PortalWord::UntilVisit,
        };
        when.push(word.filled(language, &[&clock.text(until)]));
    }
    let visits = &standing.visits;
    let waits_for_a_visit = !matches!(hold, Hold::Rules | Hold::InSession);
    match (&visits.usual_sign_in, visits.sign_in) {
        (Some(at), true) => when.push(PortalWord::AtSignInUsually.filled(language, &[at])),
        (None, true) => when.push(PortalWord::AtSignIn.text(language).to_owned()),
        (_, false) if waits_for_a_visit => {
            when.push(PortalWord::AtItsTime.text(language).to_owned());
        }
        (_, false) => {}
    }
    if let Some((from, to)) = visits.night {
        let span = clock.span(from, to);
        when.push(PortalWord::AtNight.filled(language, &[&span]));
    }
    OutlookWords {
        now: now.text(language).to_owned(),
        more: vec![PortalWord::Hint.text(language).to_owned()],
        when,
    }
}

fn ended(install: &Install, language: Language) -> OutlookWords {
    let say = |word: PortalWord| word.text(language).to_owned();
    let was_sent = install
        .steps
        .iter()
        .any(|step| (InstallState::Delivered..=InstallState::Progress).contains(&step.state));
    let may_come = || was_sent.then(|| say(PortalWord::MayStillInstall));
    let (now, more) = match install.state {
        InstallState::Failed => (PortalWord::EndFailed, failure(install, language)),
        InstallState::Cancelled => (PortalWord::EndCancelled, may_come().into_iter().collect()),
        InstallState::Superseded => (PortalWord::EndSuperseded, may_come().into_iter().collect()),
        InstallState::Ended => (PortalWord::EndEnded, Vec::new()),
        _ => (PortalWord::AllDone, Vec::new()),
    };
    OutlookWords {
        now: say(now),
        more,
        when: Vec::new(),
    }
}

/// What is known of why it failed, and what to do.
fn failure(install: &Install, language: Language) -> Vec<String> {
    let Some(number) = install.last_error.filter(|number| *number != 0) else {
        return vec![PortalWord::ErrorNone.text(language).to_owned()];
    };
    let shown = format!("0x{number:08X}");
    let meaning = match JobFault::from_number(number) {
        Some(JobFault::Package) => PortalWord::FaultPackage,
        Some(JobFault::Dependency) => PortalWord::FaultDependency,
        Some(JobFault::DiskSpace) => PortalWord::FaultDisk,
        Some(JobFault::Network) => PortalWord::FaultNetwork,
        Some(JobFault::Sideloading) => PortalWord::FaultSideloading,
        Some(JobFault::InUse) => PortalWord::FaultInUse,
        None => PortalWord::ErrorUnknown,
    };
    vec![
        PortalWord::ErrorNumber.filled(language, &[&shown]),
        meaning.text(language).to_owned(),
    ]
}
