//! The server under faults and load, and what it says of itself.

mod clock;
mod crash;
mod faults;
mod log_lines;
mod metrics;
mod noisy;
mod secrets;
mod slow_reading;
mod worker_faults;
