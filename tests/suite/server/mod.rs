//! The server under faults and load, and what it says of itself.

mod clock;
mod crash;
mod faults;
mod metrics;
mod noisy;
mod secrets;
mod worker_faults;
