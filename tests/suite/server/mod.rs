//! The server under faults and load, and what it says of itself.

mod clock;
mod crash;
mod faults;
mod log_lines;
pub mod metrics;
mod noisy;
mod scrapes;
mod secrets;
mod slow_reading;
mod worker_faults;
