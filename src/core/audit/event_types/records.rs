//! The records of which events consist.

use super::{Field, Record};

/// Declares records: the name and what it is, then its fields, each with what it means and,
/// in brackets, the record of which it consists.
macro_rules! records {
    ($($record:ident $name:literal $about:literal {
        $($field:literal $([$of:ident])? : $meaning:expr;)+
    })+) => {
        $(pub(super) static $record: Record = Record {
            name: $name,
            about: $about,
            fields: &[$(Field {
                name: $field,
                about: $meaning,
                record: records!(@of $($of)?),
            }),+],
        };)+
    };
    (@of $of:ident) => { Some(&$of) };
    (@of) => { None };
}

// What a command touched is a record of its own, and a part of another.
const LEAVES: &str = "What the command touches, by the classification that is built in: the verb, the kind and, where it is known, the WMI class of each. Beside a `partial` one, as the policy set in force classified it";
const UNKNOWN: &str =
    "The nodes that this classification does not know, and a policy file may classify";
const PARTIAL: &str = "Whether such nodes are left out, since there are too many. Then replay by another policy set counts the decision as without inputs";
const APP: &str = "Beside a decision: the app of the catalogue that the command installs";

records! {
    EVENT "Event"
    "Fields that are absent are left out. Times are milliseconds since 1970-01-01T00:00:00Z."
    {
        "v": "The version of the event's form: 2, or 1 in events that version 0.1.0 wrote";
        "seq": "The event's number: it counts for each device by itself, and once more for what concerns none";
        "at": "When it happened";
        "actor": "Who caused it: `device`, `server`, `operator`, or `api:` and the name of a token";
        "device": "The id of the device that it concerns";
        "type": "Its type";
        "exchange" [EXCHANGE]: "The request and its reply";
        "command": "The number of the command that it is about";
        "kind": "That command's kind";
        "detail": "More, in words";
        "count": "How many equal ones it stands for, where they were counted together";
        "forecast": "When the command could go, as it looked then";
        "alert" [DEVICE_ALERT]: "What the device reported";
        "steps" [STEP]: "What the command does, node by node; at most 32";
        "app": "The app of the catalogue that the command installs";
        "refusals" [REFUSAL]: "The requests that it stands for, by reason and certificate";
        "touched" [TOUCHED]: "What a policy set looks at to decide on the command";
        "change" [CHANGE]: "What of the device's record was set, or is another";
        "commands": "The numbers of other commands of the device that ended with it";
        "more" [MORE]: "What the exchange right before it had no room for";
        "log" [LOG]: "What it says about the log itself: one of these fields";
        "raised" [RAISED]: "The alert";
        "baselines" [BASELINE]: "Every baseline of compliance that is in force from then on";
        "compliance" [COMPLIANCE]: "The verdicts that are others than before";
        "snapshot" [SNAPSHOT]: "The list of all devices that a baseline covers";
        "enrollment" [ENROLLMENT]: "The enrollment, and what of it";
    }

    EXCHANGE "Exchange"
    "One request of a device and its reply. Together with the events before it, this is all that its decisions depended on."
    {
        "session": "The number of the session on the device";
        "session_id": "The device's SessionID";
        "message": "The device's MsgID";
        "query": "The query as it was sent, without `?`";
        "mode": "The mode that the query named, as it was read";
        "platform": "The platform that the query named";
        "login": "The login status last reported in the session";
        "contexts" [CONTEXT]: "Every context that the session had named by then: a command goes only if each of them allows it. Left out where the session had named only the one above";
        "proof" [PROOF]: "How the device proved who it is. Left out where that is as in the session's message before";
        "subject" [SUBJECT]: "What of the device's record decisions depend on. Left out where that is as in the device's exchange before";
        "policy_set": "The digest of the policy set that decided";
        "status": "The Status of the message's header";
        "delivered" [DELIVERED]: "The commands that the reply carries";
        "reply_sha256": "SHA-256 of the reply's bytes, where it carries commands";
        "withheld" [WITHHELD]: "The commands that were withheld, by kind and reason";
        "withheld_as": "The number of the device's event that lists the same commands, withheld for the same reasons";
        "outcomes" [OUTCOME]: "What became of commands";
        "notes": "What else is worth knowing, in words";
        "woken": "Whether a push had been sent for it";
        "by_hand": "Whether the agent looked as if somebody ran it by hand";
        "ended": "Whether the session ended with it";
        "trigger" [TRIGGER]: "What likely began the session";
    }

    DEVICE_ALERT "Device alert"
    "What a device reported of its own accord. Long texts are cut."
    {
        "code": "The alert's code; 0 where it was no number";
        "type": "Its type";
        "source": "The node that it is about";
        "mark": "How important the device takes it to be";
        "data": "Its data; `***` where that is neither a result code nor a GUID, and may be a secret or a name";
    }

    STEP "Step"
    "One node that a command works on."
    {
        "verb": "The verb";
        "loc_uri": "The node. `{device}` stands for the device's own key";
    }

    REFUSAL "Refusal"
    "Requests that named a device and were refused for one reason."
    {
        "reason": "The reason";
        "certificate_sha256": "SHA-256 of the certificate that they showed";
        "count": "How many they were";
    }

    TOUCHED "Touched"
    "What a decision on a command depends on, besides the device and the session."
    {
        "leaves": LEAVES;
        "unknown" [STEP]: UNKNOWN;
        "partial": PARTIAL;
        "app": APP;
    }

    ENROLLMENT "Enrollment"
    "Of `enrollment.…`. It contains no names and no secrets."
    {
        "id": "The enrollment's id";
        "token": "The id of the token that it was made by";
        "family": "The family of the device";
        "rule": "The rule of the enrollment file that decided";
        "reason": "Why, in words";
        "other_device": "The device on record that the enrolled one named itself as";
        "certificate_sha256": "SHA-256 of the certificate, 64 hexadecimal digits";
        "not_after": "When that certificate expires";
    }
    CHANGE "Record change"
    "Fields are named, and of those that decide anything, the values. Names, serial numbers and secrets are never on record."
    {
        "fields": "The fields that are others than before, by their names in the API";
        "family": "The family afterwards, where it is another or new";
        "family_was": "The family before";
        "groups": "The groups afterwards, where they are others or new";
        "groups_were": "The groups before";
        "certificates_added": "SHA-256 of the certificates that prove the device now and did not before";
        "certificates_removed": "SHA-256 of the certificates that proved it before and do not now";
        "certificates_revoked": "SHA-256 of the certificates that can never prove it again";
    }

    MORE "Exchange continued"
    "An event has at most 65,518 bytes. An exchange that needs more goes on in events of type `exchange.more` that follow it."
    {
        "session": "The exchange's session";
        "message": "The exchange's message";
        "withheld" [WITHHELD]: "More commands that were withheld";
        "delivered" [DELIVERED]: "More commands that the reply carries";
        "outcomes" [OUTCOME]: "What became of more commands";
        "notes": "More that is worth knowing";
    }

    LOG "Statement about the log"
    "Which field there is follows from the event's type."
    {
        "redaction" [REDACTION]: "Of `audit.redacted`: the entry whose text was removed";
        "export" [TREE]: "Of `audit.exported`: the tree up to which the log was exported";
        "epoch" [EPOCH]: "Of `log.forked` and `database.restored`: where the log goes on under another origin";
        "key" [KEY]: "Of `audit.key_changed`: the key that signs from now on";
        "pruned" [PRUNED]: "Of `retention.applied`: what was deleted from the beginning of the log";
    }

    RAISED "Alert"
    "What an operator should act on."
    {
        "id": "Its id";
        "kind": "Its kind";
        "subject": "What it is about";
        "severity": "How urgent it is";
    }

    BASELINE "Baseline"
    "A baseline of compliance by its id and the text that it had."
    {
        "id": "Its id";
        "digest": "SHA-256 of the text of its file";
    }

    COMPLIANCE "Compliance"
    "What changed in the verdicts on a device by one baseline. Only values that a control reads are on record. That a value was read again is no change."
    {
        "baseline" [BASELINE]: "The baseline";
        "controls" [CONTROL]: "The controls whose state, reason or value is another, or that are new";
        "ended": "The ids of the controls that are judged no longer: all, where the baseline covers the device no longer";
    }

    CONTROL "Control"
    "The verdict on a device by one control, with its evidence."
    {
        "control": "The control's id";
        "state": "`compliant`, `exempt`, `in_grace`, `unknown` or `not_compliant`";
        "since": "Since when it is in this state";
        "beneath": "For one that is exempt: the state that it would have";
        "reason": "Why nothing is known: `never_read`, `stale`, `absent`, `null`, `needs_user` or `unreadable`";
        "until": "When the grace or the exemption ends";
        "value": "The value that decided, where it has at most 64 bytes";
        "value_sha256": "SHA-256 of a value that is longer";
        "read_at": "When the value was read";
        "command": "The number of the command that read it; none for what the server itself knows";
        "event": "The number of the device's event of the exchange that brought it: it has the session, the mode, the login status and the policy set";
    }

    SNAPSHOT "Snapshot"
    "The list of all devices that a baseline covers, with their states."
    {
        "baseline" [BASELINE]: "The baseline";
        "at": "When the list was begun";
        "devices": "How many devices it has";
        "lines": "How many lines it has: one for each device and control";
        "counts" [COUNTS]: "How many devices are in each state";
        "root": "The root of the RFC 6962 tree whose leaves are its lines, in base64";
    }

    COUNTS "Counts"
    "How many devices are in each state; a device is as its worst control is."
    {
        "compliant": "Compliant by every control";
        "exempt": "At the worst exempt";
        "in_grace": "At the worst in grace";
        "unknown": "At the worst unknown";
        "not_compliant": "Not compliant by some control";
    }

    CONTEXT "Context"
    "What one message of a session said."
    {
        "mode": "The mode";
        "platform": "The platform";
        "login": "The login status";
    }

    PROOF "Proof"
    "How a device proved who it is."
    {
        "by": "`certificate`: a certificate that is bound to the device. `issuer`: one from a trusted issuer with the device's name. `basic`, `digest`, `hmac`: user name and password, beside a certificate where one is bound. `source`: its Source alone, since nothing is on record to prove and the server accepts that";
        "certificate_sha256": "SHA-256 of the certificate that counted";
    }

    SUBJECT "Subject"
    "What of a device's record decisions depend on."
    {
        "family": "The family";
        "groups": "The groups";
    }

    DELIVERED "Delivered"
    "A command that the reply carries."
    {
        "command": "Its number";
        "kind": "Its kind";
        "rules": "The rules that delivered it";
        "touched" [TOUCHED]: "What it touched as it went out, where that is not as its `command.queued` has it";
    }

    WITHHELD "Withheld"
    "Commands that were withheld for one reason."
    {
        "kind": "Their kind";
        "rules": "The rules that withheld them. `queue.…`: the rules deliver them, and they wait for their time (`not-before`), a later session (`later-session`) or another command (`after`). `guard.machine`: the encoder stopped it";
        "modes": "The modes that would deliver them";
        "count": "How many they are";
        "commands": "Their numbers";
        "touched" [TOUCHED_BY]: "What some of them touched, where that is not as their `command.queued` has it";
    }

    OUTCOME "Outcome"
    "What became of a command."
    {
        "command": "Its number";
        "kind": "Its kind";
        "state": "The state that it is in now";
        "status": "The worst Status, where one came";
        "reason": "Why, in words";
        "rules": "The rules that refused it, where it failed for them";
        "touched" [TOUCHED]: "What it touched, where rules refused it and that is not as its `command.queued` has it";
    }

    TRIGGER "Trigger"
    "What likely began a session."
    {
        "likely": "What";
        "because": "Why that is likely, in words";
    }

    TOUCHED_BY "Touched by a command"
    "What one of several commands touched."
    {
        "command": "Its number";
        "leaves": LEAVES;
        "unknown" [STEP]: UNKNOWN;
        "partial": PARTIAL;
        "app": APP;
    }

    REDACTION "Redaction"
    "An entry whose text was removed."
    {
        "entry": "The entry's number in the tree, from 0";
        "leaf_hash": "Its leaf hash, which stays, in base64";
        "device": "The device that its event concerned";
        "seq": "The number that its event had there";
    }

    TREE "Tree head"
    "A tree by its size and its root."
    {
        "size": "How many entries it has";
        "root": "Its root in base64";
    }

    EPOCH "Epoch"
    "Where the log goes on under another origin."
    {
        "old_origin": "The origin that signs nothing any more";
        "origin": "The origin from now on";
        "kept" [TREE]: "The last checkpoint of the old origin's tree that this database kept";
        "known" [TREE]: "A checkpoint that is known elsewhere and is not in this database";
        "lost": "How many entries were lost, where that is known";
    }

    KEY "Audit key"
    "A key that signs checkpoints."
    {
        "vkey": "The verifier key";
        "both_until": "Until when the key before signs too";
    }

    PRUNED "Pruned"
    "What retention left."
    {
        "minimum": "The number of the first entry that is left";
        "sealed" [TREE]: "The newest tree that was sealed";
    }
}
