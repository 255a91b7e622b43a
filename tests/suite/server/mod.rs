//! The server under faults and load, and what it says of itself.

mod clock;
mod crash;
mod enrollment;
mod faults;
mod local_only;
mod log_lines;
pub mod metrics;
mod noisy;
mod scrapes;
mod secrets;
mod silent;
mod slow_bodies;
mod slow_reading;
mod stalled;
mod strangers;
mod worker_faults;
