//! The records of which events consist.

use super::{Field, Record};

const fn field(name: &'static str, about: &'static str) -> Field {
    Field {
        name,
        about,
        record: None,
    }
}

const fn with(name: &'static str, about: &'static str, record: &'static Record) -> Field {
    Field {
        name,
        about,
        record: Some(record),
    }
}

pub(super) static EVENT: Record = Record {
    name: "Event",
    about: "Fields that are absent are left out. Times are milliseconds since 1970-01-01T00:00:00Z.",
    fields: &[
        field(
            "v",
            "The version of the event's form: 2, or 1 in events that version 0.1.0 wrote",
        ),
        field(
            "seq",
            "The event's number: it counts for each device by itself, and once more for what concerns none",
        ),
        field("at", "When it happened"),
        field(
            "actor",
            "Who caused it: `device`, `server`, `operator`, or `api:` and the name of a token",
        ),
        field("device", "The id of the device that it concerns"),
        field("type", "Its type"),
        with("exchange", "The request and its reply", &EXCHANGE),
        field("command", "The number of the command that it is about"),
        field("kind", "That command's kind"),
        field("detail", "More, in words"),
        field(
            "count",
            "How many equal ones it stands for, where they were counted together",
        ),
        field("forecast", "When the command could go, as it looked then"),
        with("alert", "What the device reported", &DEVICE_ALERT),
        with(
            "steps",
            "What the command does, node by node; at most 32",
            &STEP,
        ),
        field("app", "The app of the catalogue that the command installs"),
        with(
            "refusals",
            "The requests that it stands for, by reason and certificate",
            &REFUSAL,
        ),
        with(
            "touched",
            "What a policy set looks at to decide on the command",
            &TOUCHED,
        ),
        with(
            "change",
            "What of the device's record was set, or is another",
            &CHANGE,
        ),
        field(
            "commands",
            "The numbers of other commands of the device that ended with it",
        ),
        with(
            "more",
            "What the exchange right before it had no room for",
            &MORE,
        ),
        with(
            "log",
            "What it says about the log itself: one of these fields",
            &LOG,
        ),
        with("raised", "The alert", &RAISED),
    ],
};

pub(super) static EXCHANGE: Record = Record {
    name: "Exchange",
    about: "One request of a device and its reply. Together with the events before it, this is all that its decisions depended on.",
    fields: &[
        field("session", "The number of the session on the device"),
        field("session_id", "The device's SessionID"),
        field("message", "The device's MsgID"),
        field("query", "The query as it was sent, without `?`"),
        field("mode", "The mode that the query named, as it was read"),
        field("platform", "The platform that the query named"),
        field("login", "The login status last reported in the session"),
        with(
            "contexts",
            "Every context that the session had named by then: a command goes only if each of them allows it. Left out where the session had named only the one above",
            &CONTEXT,
        ),
        with(
            "proof",
            "How the device proved who it is. Left out where that is as in the session's message before",
            &PROOF,
        ),
        with(
            "subject",
            "What of the device's record decisions depend on. Left out where that is as in the device's exchange before",
            &SUBJECT,
        ),
        field("policy_set", "The digest of the policy set that decided"),
        field("status", "The Status of the message's header"),
        with(
            "delivered",
            "The commands that the reply carries",
            &DELIVERED,
        ),
        field(
            "reply_sha256",
            "SHA-256 of the reply's bytes, where it carries commands",
        ),
        with(
            "withheld",
            "The commands that were withheld, by kind and reason",
            &WITHHELD,
        ),
        field(
            "withheld_as",
            "The number of the device's event that lists the same commands, withheld for the same reasons",
        ),
        with("outcomes", "What became of commands", &OUTCOME),
        field("notes", "What else is worth knowing, in words"),
        field("woken", "Whether a push had been sent for it"),
        field(
            "by_hand",
            "Whether the agent looked as if somebody ran it by hand",
        ),
        field("ended", "Whether the session ended with it"),
        with("trigger", "What likely began the session", &TRIGGER),
    ],
};

pub(super) static DEVICE_ALERT: Record = Record {
    name: "Device alert",
    about: "What a device reported of its own accord. Long texts are cut.",
    fields: &[
        field("code", "The alert's code; 0 where it was no number"),
        field("type", "Its type"),
        field("source", "The node that it is about"),
        field("mark", "How important the device takes it to be"),
        field("data", "Its data; `***` where that may be a secret"),
    ],
};

pub(super) static STEP: Record = Record {
    name: "Step",
    about: "One node that a command works on.",
    fields: &[
        field("verb", "The verb"),
        field(
            "loc_uri",
            "The node. `{device}` stands for the device's own key",
        ),
    ],
};

pub(super) static REFUSAL: Record = Record {
    name: "Refusal",
    about: "Requests that named a device and were refused for one reason.",
    fields: &[
        field("reason", "The reason"),
        field(
            "certificate_sha256",
            "SHA-256 of the certificate that they showed",
        ),
        field("count", "How many they were"),
    ],
};

pub(super) static TOUCHED: Record = Record {
    name: "Touched",
    about: "What a decision on a command depends on, besides the device and the session.",
    fields: &[
        field(
            "leaves",
            "What the command touches, by the classification that is built in: the verb, the kind and, where it is known, the WMI class of each. Beside a `partial` one, as the policy set in force classified it",
        ),
        with(
            "unknown",
            "The nodes that this classification does not know, and a policy file may classify",
            &STEP,
        ),
        field(
            "partial",
            "Whether such nodes are left out, since there are too many. Then replay by another policy set counts the decision as without inputs",
        ),
        field(
            "app",
            "Beside a decision: the app of the catalogue that the command installs",
        ),
    ],
};

pub(super) static CHANGE: Record = Record {
    name: "Record change",
    about: "Fields are named, and of those that decide anything, the values. Names, serial numbers and secrets are never on record.",
    fields: &[
        field(
            "fields",
            "The fields that are others than before, by their names in the API",
        ),
        field(
            "family",
            "The family afterwards, where it is another or new",
        ),
        field("family_was", "The family before"),
        field(
            "groups",
            "The groups afterwards, where they are others or new",
        ),
        field("groups_were", "The groups before"),
        field(
            "certificates_added",
            "SHA-256 of the certificates that prove the device now and did not before",
        ),
        field(
            "certificates_removed",
            "SHA-256 of the certificates that proved it before and do not now",
        ),
        field(
            "certificates_revoked",
            "SHA-256 of the certificates that can never prove it again",
        ),
    ],
};

pub(super) static MORE: Record = Record {
    name: "Exchange continued",
    about: "An event has at most 65,518 bytes. An exchange that needs more goes on in events of type `exchange.more` that follow it.",
    fields: &[
        field("session", "The exchange's session"),
        field("message", "The exchange's message"),
        with("withheld", "More commands that were withheld", &WITHHELD),
        with(
            "delivered",
            "More commands that the reply carries",
            &DELIVERED,
        ),
        with("outcomes", "What became of more commands", &OUTCOME),
        field("notes", "More that is worth knowing"),
    ],
};

pub(super) static LOG: Record = Record {
    name: "Statement about the log",
    about: "Which field there is follows from the event's type.",
    fields: &[
        with(
            "redaction",
            "Of `audit.redacted`: the entry whose text was removed",
            &REDACTION,
        ),
        with(
            "export",
            "Of `audit.exported`: the tree up to which the log was exported",
            &TREE,
        ),
        with(
            "epoch",
            "Of `log.forked` and `database.restored`: where the log goes on under another origin",
            &EPOCH,
        ),
        with(
            "key",
            "Of `audit.key_changed`: the key that signs from now on",
            &KEY,
        ),
        with(
            "pruned",
            "Of `retention.applied`: what was deleted from the beginning of the log",
            &PRUNED,
        ),
    ],
};

pub(super) static RAISED: Record = Record {
    name: "Alert",
    about: "What an operator should act on.",
    fields: &[
        field("id", "Its id"),
        field("kind", "Its kind"),
        field("subject", "What it is about"),
        field("severity", "How urgent it is"),
    ],
};

pub(super) static CONTEXT: Record = Record {
    name: "Context",
    about: "What one message of a session said.",
    fields: &[
        field("mode", "The mode"),
        field("platform", "The platform"),
        field("login", "The login status"),
    ],
};

pub(super) static PROOF: Record = Record {
    name: "Proof",
    about: "How a device proved who it is.",
    fields: &[
        field(
            "by",
            "`certificate`: a certificate that is bound to the device. `issuer`: one from a trusted issuer with the device's name. `basic`, `digest`, `hmac`: user name and password, beside a certificate where one is bound. `source`: its Source alone, since nothing is on record to prove and the server accepts that",
        ),
        field(
            "certificate_sha256",
            "SHA-256 of the certificate that counted",
        ),
    ],
};

pub(super) static SUBJECT: Record = Record {
    name: "Subject",
    about: "What of a device's record decisions depend on.",
    fields: &[field("family", "The family"), field("groups", "The groups")],
};

pub(super) static DELIVERED: Record = Record {
    name: "Delivered",
    about: "A command that the reply carries.",
    fields: &[
        field("command", "Its number"),
        field("kind", "Its kind"),
        field("rules", "The rules that delivered it"),
        with(
            "touched",
            "What it touched as it went out, where that is not as its `command.queued` has it",
            &TOUCHED,
        ),
    ],
};

pub(super) static WITHHELD: Record = Record {
    name: "Withheld",
    about: "Commands that were withheld for one reason.",
    fields: &[
        field("kind", "Their kind"),
        field(
            "rules",
            "The rules that withheld them. `queue.…`: the rules deliver them, and they wait for their time (`not-before`), a later session (`later-session`) or another command (`after`). `guard.machine`: the encoder stopped it",
        ),
        field("modes", "The modes that would deliver them"),
        field("count", "How many they are"),
        field("commands", "Their numbers"),
        with(
            "touched",
            "What some of them touched, where that is not as their `command.queued` has it",
            &TOUCHED_BY,
        ),
    ],
};

pub(super) static OUTCOME: Record = Record {
    name: "Outcome",
    about: "What became of a command.",
    fields: &[
        field("command", "Its number"),
        field("kind", "Its kind"),
        field("state", "The state that it is in now"),
        field("status", "The worst Status, where one came"),
        field("reason", "Why, in words"),
        field(
            "rules",
            "The rules that refused it, where it failed for them",
        ),
        with(
            "touched",
            "What it touched, where rules refused it and that is not as its `command.queued` has it",
            &TOUCHED,
        ),
    ],
};

pub(super) static TRIGGER: Record = Record {
    name: "Trigger",
    about: "What likely began a session.",
    fields: &[
        field("likely", "What"),
        field("because", "Why that is likely, in words"),
    ],
};

pub(super) static TOUCHED_BY: Record = Record {
    name: "Touched by a command",
    about: "What one of several commands touched.",
    fields: &[
        field("command", "Its number"),
        field(
            "leaves",
            "What the command touches, by the classification that is built in: the verb, the kind and, where it is known, the WMI class of each. Beside a `partial` one, as the policy set in force classified it",
        ),
        with(
            "unknown",
            "The nodes that this classification does not know, and a policy file may classify",
            &STEP,
        ),
        field(
            "partial",
            "Whether such nodes are left out, since there are too many. Then replay by another policy set counts the decision as without inputs",
        ),
        field(
            "app",
            "Beside a decision: the app of the catalogue that the command installs",
        ),
    ],
};

pub(super) static REDACTION: Record = Record {
    name: "Redaction",
    about: "An entry whose text was removed.",
    fields: &[
        field("entry", "The entry's number in the tree, from 0"),
        field("leaf_hash", "Its leaf hash, which stays, in base64"),
        field("device", "The device that its event concerned"),
        field("seq", "The number that its event had there"),
    ],
};

pub(super) static TREE: Record = Record {
    name: "Tree head",
    about: "A tree by its size and its root.",
    fields: &[
        field("size", "How many entries it has"),
        field("root", "Its root in base64"),
    ],
};

pub(super) static EPOCH: Record = Record {
    name: "Epoch",
    about: "Where the log goes on under another origin.",
    fields: &[
        field("old_origin", "The origin that signs nothing any more"),
        field("origin", "The origin from now on"),
        with(
            "kept",
            "The last checkpoint of the old origin's tree that this database kept",
            &TREE,
        ),
        with(
            "known",
            "A checkpoint that is known elsewhere and is not in this database",
            &TREE,
        ),
        field("lost", "How many entries were lost, where that is known"),
    ],
};

pub(super) static KEY: Record = Record {
    name: "Audit key",
    about: "A key that signs checkpoints.",
    fields: &[
        field("vkey", "The verifier key"),
        field("both_until", "Until when the key before signs too"),
    ],
};

pub(super) static PRUNED: Record = Record {
    name: "Pruned",
    about: "What retention left.",
    fields: &[
        field("minimum", "The number of the first entry that is left"),
        with("sealed", "The newest tree that was sealed", &TREE),
    ],
};
