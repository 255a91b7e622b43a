//! The types of events.

use serde::{Deserialize, Serialize};

use crate::named::named;

named! {
    documented
    /// The types of events.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    pub enum EventType {
        /// A device was registered.
        DeviceRegistered = "device.registered",
        /// A device's record was changed.
        DeviceChanged = "device.changed",
        /// A device was retired.
        DeviceRetired = "device.retired",
        /// A command was queued.
        CommandQueued = "command.queued",
        /// A command was cancelled.
        CommandCancelled = "command.cancelled",
        /// A command was put back into the queue because somebody asked for it again.
        CommandRetried = "command.retried",
        /// The key of MDM_Client was learned from the device.
        KeyLearned = "device.key_learned",
        /// The device shows another family than its record says.
        FamilyShown = "device.family_shown",
        /// One request and its reply.
        Exchange = "exchange",
        /// What the exchange right before it had no room for.
        ExchangeMore = "exchange.more",
        /// The encoder's guard stopped a command (the Machine-mode guarantee).
        GuardRefused = "guard.refused",
        /// The device said that its user unenrolled it (alert 1226).
        DeviceUnenrolled = "device.unenrolled",
        /// A message that named the device could not be read.
        MessageRefused = "message.refused",
        /// Requests named the device and did not prove to be it: at most once an hour.
        DeviceRefused = "device.refused",
        /// The device's exchanges wrote more than they may within an hour: it is answered
        /// 429 for the rest of it.
        DeviceLimited = "device.limited",
        /// Requests of strangers, counted together.
        StrangerRefused = "stranger.refused",
        /// A command was asked for, for many devices.
        BatchCreated = "batch.created",
        /// A batch was stopped.
        BatchStopped = "batch.stopped",
        /// A batch came to its end.
        BatchEnded = "batch.ended",
        /// A token of the API was made.
        TokenCreated = "token.created",
        /// A token of the API was revoked.
        TokenRevoked = "token.revoked",
        /// A device's push channel came into another state.
        ChannelChanged = "channel.changed",
        /// A device named a channel URI that may not be sent to.
        ChannelUriRefused = "channel.uri_refused",
        /// Somebody wants the device to begin a session.
        WakeWanted = "wake.wanted",
        /// WNS took a notification.
        WakeSent = "wake.sent",
        /// A wake came to its end.
        WakeEnded = "wake.ended",
        /// A push profile was made.
        PushProfileCreated = "push_profile.created",
        /// A push profile was changed.
        PushProfileChanged = "push_profile.changed",
        /// A push profile was deleted.
        PushProfileDeleted = "push_profile.deleted",
        /// A push profile fares otherwise than before.
        PushProfileHealth = "push_profile.health",
        /// The server came up.
        ServerStarted = "server.started",
        /// What was older than the retention was deleted.
        RetentionApplied = "retention.applied",
        /// Everything sealed was sealed with a new key.
        KeyRotated = "key.rotated",
        /// The database was put back from a backup: what came after it is not here.
        DatabaseRestored = "database.restored",
        /// A policy set came into force.
        PolicyLoaded = "policy.loaded",
        /// A policy set was refused; the old one stays.
        PolicyRefused = "policy.refused",
        /// An app was put into the catalogue or changed.
        AppChanged = "app.changed",
        /// An app was taken out of the catalogue.
        AppDeleted = "app.deleted",
        /// An install was asked for, or came to another step.
        InstallMoved = "install.moved",
        /// A webhook was made.
        WebhookCreated = "webhook.created",
        /// A webhook was deleted.
        WebhookDeleted = "webhook.deleted",
        /// A webhook did not take an event, and it is given up.
        WebhookGivenUp = "webhook.given_up",
        /// A webhook was changed: its URL, its events, its groups or its secret.
        WebhookChanged = "webhook.changed",
        /// Somebody asked for a delivery: a test, or an earlier one once more.
        WebhookDeliveryRequested = "webhook.delivery_requested",
        /// A notification that WNS did not take, or of which it said nothing.
        WakeNotTaken = "wake.not_taken",
        /// The device reported something of its own accord, by an alert.
        DeviceAlert = "device.alert",
        /// A device's enrollment ended: what belonged to it is no more.
        EnrollmentEnded = "device.enrollment_ended",
        /// Stands in place of an event whose text was redacted.
        Redacted = "redacted",
        /// The text of an entry of the log was redacted, with the reason.
        AuditRedacted = "audit.redacted",
        /// The log was exported.
        AuditExported = "audit.exported",
        /// Another key signs the log's checkpoints.
        AuditKeyChanged = "audit.key_changed",
        /// The database is older than what was published of its log, or has other entries:
        /// the log goes on under another origin.
        LogForked = "log.forked",
        /// The server found something that an operator should act on.
        AlertRaised = "alert.raised",
        /// What an alert was raised for is over.
        AlertCleared = "alert.cleared",
        /// Baselines of compliance came into force.
        BaselineLoaded = "baseline.loaded",
        /// Verdicts on a device are others than before.
        ComplianceChanged = "compliance.changed",
        /// All devices that a baseline covers were listed with their states.
        ComplianceSnapshot = "compliance.snapshot",
        /// A one-time link to the portal was made for a device's user.
        PortalLinkCreated = "portal_link.created",
        /// Somebody signed in to the portal with a one-time link.
        PortalLinkUsed = "portal_link.used",
        /// A one-time link was ended before it was used.
        PortalLinkEnded = "portal_link.ended",
        /// Somebody signed in to the pages.
        SessionOpened = "session.opened",
        /// A session of the pages was ended before its time.
        SessionEnded = "session.ended",
        /// Somebody who is signed in sent a form of the pages that is not for their role or
        /// groups: at most 30 a minute of one session.
        FormRefused = "form.refused",
        /// An operator made a one-time token by which one device can enroll.
        EnrollmentTokenMade = "enrollment.token_made",
        /// A one-time token for an enrollment was withdrawn before it was used.
        EnrollmentTokenWithdrawn = "enrollment.token_withdrawn",
        /// Somebody signed in to enroll a device.
        EnrollmentSignedIn = "enrollment.signed_in",
        /// A certificate was issued to a device that enrolls.
        EnrollmentIssued = "enrollment.issued",
        /// A device was not enrolled.
        EnrollmentRefused = "enrollment.refused",
        /// A device began its first session with the certificate that it enrolled by: from
        /// then on its record has the name that it said there.
        EnrollmentClaimed = "enrollment.claimed",
        /// A device that enrolled named itself as another device that is on record. It is
        /// refused until an operator releases it.
        EnrollmentConflict = "enrollment.conflict",
        /// The record of a device was given to a later enrollment.
        EnrollmentReleased = "enrollment.released",
        /// A device was issued the certificate that follows its present one.
        EnrollmentRenewed = "enrollment.renewed",
        /// An operator revoked an enrollment.
        EnrollmentRevoked = "enrollment.revoked",
        /// An enrollment ended: its certificates prove nothing any more.
        EnrollmentClosed = "enrollment.ended",
    }
}
