//! The data directory over its life: backup, keys, retention, upgrade.

mod backup;
mod key_rotation;
mod retention;
mod upgrade;
