//! The model to bytes, past the second guard (the Machine-mode guarantee).

use modegate_core::session::Exchange;
use modegate_wire::encoding::Encoding;
use modegate_wire::guard;

/// Encodes the reply. In a session that named Machine mode, what the guard does
/// not know is taken out first: it stays queued, and that it came so far is an event.
pub(super) fn guarded(exchange: &mut Exchange, encoding: Encoding) -> Vec<u8> {
    if exchange.names_machine() {
        let stopped: Vec<_> = exchange
            .carried()
            .iter()
            .filter(|&&carried| {
                !exchange
                    .elements(carried)
                    .iter()
                    .all(guard::machine_may_carry)
            })
            .map(|carried| carried.seq)
            .collect();
        for seq in stopped {
            tracing::error!(
                command = seq.0,
                "the guard blocked a command that the policy delivers in Machine mode"
            );
            exchange.withdraw(seq);
        }
    }
    encoding.encode(exchange.reply())
}
