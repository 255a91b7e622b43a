//! The types whose nodes differ by family, or that only phones and Windows 10
//! have: DMClient, RemoteLock and RemoteWipe.

use super::entry::{ALL, Type, of, plain, superseding};
use super::form::Form::{Boolean, Line, OneOf, Safe, Settings};
use super::form::{Argument, Property, flag, needed, number, optional};
use super::types::ARGUMENT;
use super::{device, dmclient};
use crate::context::Family;

/// The families with these configuration service providers.
const CSP: &[Family] = &[Family::Windows10, Family::WindowsPhone81];

const PROVIDER: Argument = optional(
    "provider_id",
    Line(128),
    "the PROVIDER-ID that the device was enrolled with, on phones and Windows 10 (the template provider_id if left out)",
);

pub(super) const UNENROLL: Type = of(
    ALL,
    plain(
        "unenroll",
        "ends the device's enrolment; allowed in every mode; its queue is closed after it",
        &[PROVIDER],
        device::unenroll,
    ),
);

pub(super) const WNS_UPDATE_CONFIGURATION: Type = of(
    ALL,
    superseding(
        "wns_update_configuration",
        "sets or renews the push channel: on Windows 8.1 by MDM_WNSConfiguration, Maintenance only; on phones and Windows 10 by DMClient's Push/PFN",
        &[
            optional(
                "app_id",
                Safe(ARGUMENT),
                "the AppId of the channel; needed on Windows 8.1",
            ),
            needed(
                "package_family_name",
                Safe(ARGUMENT),
                "the package family name (PFN)",
            ),
            PROVIDER,
        ],
        device::update_configuration,
    ),
);

pub(super) const WNS_READ_CHANNEL: Type = of(
    ALL,
    superseding(
        "wns_read_channel",
        "reads the push channel: URI and status, on Windows 8.1 expiry and last error too",
        &[
            optional(
                "app_id",
                Safe(ARGUMENT),
                "the AppId of the channel; needed on Windows 8.1",
            ),
            PROVIDER,
        ],
        device::read_channel,
    ),
);

/// Minutes of four weeks, and attempts of a lifetime: no device needs more.
const MINUTES: i64 = 40_320;
const TIMES: i64 = 1_000_000;

/// DMClient's Poll nodes, as the CSP reference spells them.
const POLL: &[Property] = &[
    number("IntervalForFirstSetOfRetries", 0, MINUTES),
    number("NumberOfFirstRetries", 0, TIMES),
    number("IntervalForSecondSetOfRetries", 0, MINUTES),
    number("NumberOfSecondRetries", 0, TIMES),
    number("IntervalForRemainingScheduledRetries", 0, MINUTES),
    number("NumberOfRemainingScheduledRetries", 0, TIMES),
    flag("PollOnLogin"),
    flag("AllUsersPollOnFirstLogin"),
];

pub(super) const POLL_SCHEDULE: Type = of(
    CSP,
    superseding(
        "poll_schedule",
        "sets how often the device polls (DMClient's Poll nodes)",
        &[
            needed("settings", Settings(POLL), "names and values"),
            optional(
                "add_node",
                Boolean,
                "true: the Poll node is added first, for a device that was set up by registry keys",
            ),
            PROVIDER,
        ],
        dmclient::poll,
    ),
);

pub(super) const REMOTE_LOCK: Type = of(
    CSP,
    plain(
        "remote_lock",
        "locks the device's screen if a PIN is set (RemoteLock; on Windows 10, Mobile above all)",
        &[],
        dmclient::lock,
    ),
);

pub(super) const REMOTE_WIPE: Type = of(
    CSP,
    plain(
        "remote_wipe",
        "resets the device and deletes what is on it (RemoteWipe); sent once: where no answer comes its outcome stays unconfirmed",
        &[
            optional(
                "keep",
                OneOf(&[
                    ("nothing", "doWipe"),
                    ("provisioned_data", "doWipePersistProvisionedData"),
                    ("user_data", "doWipePersistUserData"),
                ]),
                "what outlasts it: nothing (default), provisioned_data or user_data (Windows 10)",
            ),
            optional(
                "protected",
                Boolean,
                "true: cannot be got around by power-cycling, may leave the device unable to boot (Windows 10)",
            ),
        ],
        dmclient::wipe,
    ),
);
