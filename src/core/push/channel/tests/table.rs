//! The table of states and signals.

use crate::push::channel::ChannelState;
use crate::push::channel::table::{Act, Signal, cell};

/// One letter per state, in the order of [`ChannelState::ALL`].
const LETTERS: [char; 8] = ['N', 'S', 'A', '+', 'R', 'E', 'D', 'F'];

fn letter(state: ChannelState) -> char {
    let place = ChannelState::ALL.iter().position(|s| *s == state).unwrap();
    LETTERS[place]
}

/// Each cell: the new state's letter, and what is done.
#[test]
fn every_cell_of_the_table() {
    // from:      NeedsSet    SetSent     AwaitingUri Active      Refreshing  Expired     Dead        SetFailed
    let rows = [
        "SessionDue   N:Set N:Set A:Ask +:Ask R:Set N:Set N:Set N:Set",
        "SessionEarly N:Ask F:Ask A:Ask +:Ask R:Ask E:Ask D:Ask F:Ask",
        "Delivered    S:Count S:Count S:Count R:Count R:Count S:Count S:Count S:Count",
        "SetOk        N A:Confirm A:Ask +:Ask A:Confirm A:Confirm A:Confirm A:Confirm",
        "SetExists    N S:Turn A + R:Turn E D F",
        "SetMissing   N S:Turn A + R:Turn E D F",
        "SetRefused   N F F + R E D F",
        "SetSilent    N F A + R E D F",
        "PfnForeign   N S F N:Lapse N:Lapse E D F",
        "UriNew       +:Take +:Take +:Take +:Take +:Take +:Take +:Take +:Take",
        "UriRenewed   +:Take +:Take +:Take +:Take +:Take +:Take +:Take +:Take",
        "UriKnown     +:Take +:Take +:Take +:Take R:Take +:Take +:Take +:Take",
        "UriSame      N S A +:Seen R:Seen E D F",
        "UriDead      N S A:Empty + R E D F",
        "UriAbsent    N S A:Empty +:Empty R:Empty E D F",
        "NotConfigured N F F R:Doubt R E D F",
        "NotRegistered N F F R:Doubt R E D F",
        "Taken        N S A +:Proven R:Proven E D F",
        "Gone         N S A D:Bury D:Bury E D F",
        "Refused      N S A R:Doubt R E D F",
        "AgeRefresh   N S A R R E D F",
        "AgeExpired   N S A E:Lapse E:Lapse E D F",
        "PfnChanged   N:Forget N:Forget N:Forget N:Forget N:Forget N:Forget N:Forget N:Forget",
    ];
    assert_eq!(rows.len(), Signal::ALL.len());
    for (signal, row) in Signal::ALL.into_iter().zip(rows) {
        let mut words = row.split_whitespace();
        assert_eq!(words.next().unwrap(), format!("{signal:?}"));
        let expected: Vec<&str> = words.collect();
        let got: Vec<String> = ChannelState::ALL
            .into_iter()
            .map(|state| match cell(state, signal) {
                (to, Act::Stay) => letter(to).to_string(),
                (to, act) => format!("{}:{act:?}", letter(to)),
            })
            .collect();
        assert_eq!(got, expected, "{signal:?}");
    }
}
