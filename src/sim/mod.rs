//! Simulated MDMAgents: independent clients that decide nothing with the server's code.
