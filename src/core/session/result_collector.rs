//! What answers bring besides a command's own state: values for the inventory,
//! children to read on from, and whether an unanswered command was done.

use crate::activity::Plan;
use crate::command::{CommandState, NodeResult, OpenCommand, ServerPurpose, Unanswered};
use crate::device::DeviceState;
use crate::ids::CommandSeq;
use crate::inventory::{Address, Change, Inventory, InventoryUpdate, Reading, Taken, known, names};
use crate::limits;
use crate::loc_uri::LocUri;
use crate::time::Timestamp;
use crate::wmi;

use super::answer_room::AnswerRoom;
use super::channel_report::ChannelReport;
use super::closing;
use super::dev_info::Reported;
use super::event_recorder::EventRecorder;

/// One node that named its children.
#[derive(Debug)]
pub(super) struct Named {
    /// The command that asked.
    pub(super) by: CommandSeq,
    /// The node.
    pub(super) loc_uri: LocUri,
    /// The names as they came.
    pub(super) names: String,
}

/// What one message's answers brought.
#[derive(Debug)]
pub(super) struct ResultCollector {
    /// The room for what is kept of it.
    pub(super) room: AnswerRoom,
    values: Vec<(CommandSeq, NodeResult)>,
    /// DevInfo that is news.
    pub(super) dev_info: Vec<Reported>,
    /// Nodes whose children are to be read.
    pub(super) named: Vec<Named>,
    /// The commands that asked for them, as they were.
    pub(super) parents: Vec<OpenCommand>,
    /// What was told of the push channel.
    pub(super) channel: ChannelReport,
    /// Whether the device has what a command was to do, and which.
    checks: Vec<(CommandSeq, u16)>,
}

/// What is to be recorded of it.
#[derive(Debug, Default)]
pub(super) struct InventoryChanges {
    /// The inventory, if it is worth writing.
    pub(super) inventory: Option<InventoryUpdate>,
    /// What changed in it.
    pub(super) changes: Vec<Change>,
    /// The device's clock and plan, where values came.
    pub(super) plan: Option<Plan>,
}

impl ResultCollector {
    /// Nothing yet, and this much room.
    pub(super) fn new(room: AnswerRoom) -> Self {
        ResultCollector {
            room,
            values: Vec::new(),
            dev_info: Vec::new(),
            named: Vec::new(),
            parents: Vec::new(),
            channel: ChannelReport::default(),
            checks: Vec::new(),
        }
    }

    /// Listens to one answer.
    pub(super) fn answer(&mut self, command: &OpenCommand, lease: usize, results: &[NodeResult]) {
        if let Some(ServerPurpose::Check(of)) = command.options.purpose {
            let codes = &command.leases[lease].statuses;
            if let Some(&code) = codes.first().filter(|&&code| code != 0) {
                self.checks.push((of, code));
            }
            return;
        }
        if !command.brings_inventory() {
            return;
        }
        for result in results {
            self.values.push((command.seq, result.clone()));
            let is_list = names::is_list(result.format.as_deref());
            if let (true, Some(data), true) = (is_list, &result.data, command.options.walk > 0) {
                if self
                    .parents
                    .last()
                    .is_none_or(|last| last.seq != command.seq)
                {
                    self.parents.push(command.clone());
                }
                self.named.push(Named {
                    by: command.seq,
                    loc_uri: result.loc_uri.clone(),
                    names: data.reveal().to_owned(),
                });
            }
        }
    }

    /// What Gets brought, in the order of the answers.
    pub(super) fn results(&self) -> impl Iterator<Item = &NodeResult> {
        self.values.iter().map(|(_, result)| result)
    }

    /// Puts the values into the inventory, which may take `most` bytes.
    pub(super) fn take_in(
        &self,
        (inventory, most): (Option<&Inventory>, u64),
        whole: bool,
        now: Timestamp,
        recorder: &mut EventRecorder,
    ) -> InventoryChanges {
        if self.values.is_empty() && self.dev_info.is_empty() {
            return InventoryChanges::default();
        }
        let mut inventory = inventory.cloned().unwrap_or_default();
        let mut taken = Taken::within(most);
        for (seq, result) in &self.values {
            let Some(address) = Address::from_loc_uri(&result.loc_uri) else {
                continue;
            };
            let is_list = names::is_list(result.format.as_deref());
            // A class or an instance has no value of its own, only children.
            if address.property.is_empty() && !is_list || !known::may_be_kept(&address) {
                continue;
            }
            let reading = Reading {
                address: &address,
                status: result.status,
                format: result.format.as_deref(),
                data: result
                    .data
                    .as_ref()
                    .map(super::super::secret::Secret::reveal),
                command: *seq,
                whole,
            };
            inventory.take(&reading, now, &mut taken);
        }
        for reported in &self.dev_info {
            if let Some(address) = Address::from_loc_uri(&reported.loc_uri) {
                let reading = Reading {
                    address: &address,
                    status: 0,
                    format: reported.format.as_deref(),
                    data: Some(&reported.data),
                    command: CommandSeq::NONE,
                    whole,
                };
                inventory.take(&reading, now, &mut taken);
            }
        }
        if taken.dropped > 0 {
            recorder.note(format!(
                "{} values were dropped: the inventory contains at most {} values of {most} bytes",
                taken.dropped,
                limits::INVENTORY_VALUES
            ));
        }
        InventoryChanges {
            plan: (!self.values.is_empty()).then(|| Plan::from_inventory(&inventory)),
            inventory: (!taken.touched.is_empty()).then_some(InventoryUpdate {
                inventory,
                touched: taken.touched,
            }),
            changes: taken.changes,
        }
    }

    /// The version of the system that the device answered.
    pub(super) fn system_version(&self) -> Option<&str> {
        let of_system = |address: Address| {
            address.class.eq_ignore_ascii_case("./DevDetail")
                && address.property.eq_ignore_ascii_case("SwV")
        };
        let mut values = self.results();
        let result =
            values.find(|one| Address::from_loc_uri(&one.loc_uri).is_some_and(of_system))?;
        Some(result.data.as_ref()?.reveal())
    }

    /// The key of MDM_Client, where the class named exactly one instance with
    /// another key than is known.
    pub(super) fn client_id(&self, known: &str, recorder: &mut EventRecorder) -> Option<String> {
        let (_, list) = self.values.iter().find(|(_, result)| {
            names::is_list(result.format.as_deref())
                && Address::from_loc_uri(&result.loc_uri).is_some_and(|address| {
                    address.is_class() && address.class.eq_ignore_ascii_case("MDM_Client")
                })
        })?;
        let mut named = names::split(list.data.as_ref()?.reveal());
        let (first, more) = (named.next()?, named.next());
        let instance = LocUri::class(wmi::CLIENT.name).child(&first);
        let (key, value) = instance.wmi()?.first_key()?;
        let is_key = key.eq_ignore_ascii_case("DeviceClientID") && more.is_none();
        let value = value.trim_matches(['"', '\'']);
        let usable = is_key
            && !value.is_empty()
            && value.len() <= 256
            && !value.contains(['"', '\'', ';', '%', '\\'])
            && !value
                .chars()
                .any(|c| c.is_control() || c == crate::command::CLIENT_ID);
        if !usable {
            recorder.note("MDM_Client does not name one usable key: it is not learned");
        }
        (usable && value != known).then(|| value.to_owned())
    }

    /// Settles what was unconfirmed by what the device says of it.
    pub(super) fn settle_checks(&self, state: &mut DeviceState, recorder: &mut EventRecorder) {
        for &(of, code) in &self.checks {
            let command = state.open_mut(of);
            let Some(command) = command.filter(|it| it.state == CommandState::Unconfirmed) else {
                continue;
            };
            let (state, reason) = match code {
                200..=299 if code != 202 => {
                    command.deadline = None;
                    let reason = "the device confirmed it when asked";
                    (CommandState::Succeeded, reason)
                }
                404 => {
                    command.put_back();
                    command.options.unanswered = Unanswered::Check;
                    let reason = "the device does not know it (404): it is sent again";
                    (CommandState::Queued, reason)
                }
                _ => continue,
            };
            let reason = Some(reason.to_owned());
            recorder.transition(command, state, Some(code), reason, Vec::new());
        }
        closing::close_finished(state, recorder);
    }
}
