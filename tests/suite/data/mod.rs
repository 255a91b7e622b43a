//! The data directory over its life: backup, keys, retention, upgrade.

mod backup;
mod backup_harm;
mod key_rotation;
mod private_files;
mod retention;
mod upgrade;
