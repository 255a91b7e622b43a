//! Directories of baselines of compliance: read here, understood in
//! [`modegate_core::compliance`].

use std::path::Path;

use crate::policy_files::read_dir;
use modegate_core::compliance::BaselineSet;
use modegate_core::policy::Fault;
use modegate_core::time::Timestamp;

/// The directory of baselines in a directory of policy files.
const BASELINES: &str = "compliance";

/// The baselines of a directory of policy files: those in its `compliance/`, or the shipped
/// ones where it has no such directory, or where there is no directory of policy files.
///
/// # Errors
/// Every fault of every file.
pub fn load(policies: Option<&Path>, now: Timestamp) -> Result<BaselineSet, Vec<Fault>> {
    let own = policies.map(|policies| policies.join(BASELINES));
    match own.filter(|own| own.exists()) {
        Some(own) => {
            let files = read_dir(&own).map_err(|fault| vec![fault])?;
            BaselineSet::from_texts(files, now)
        }
        None => BaselineSet::builtin(),
    }
}
