//! An export that is there already: whether it is of the same log, and how far it goes.
//!
//! Its manifest says so: whatever it covers was made durable before it was written.

use super::Source;
use super::about::About;
use super::directory::Directory;
use super::error::ExportError;
use modegate_core::audit::manifest::{CHECKPOINT, MANIFEST, Manifest, digest};
use modegate_core::tlog::Origin;
use modegate_core::tlog::proof::root_of;

/// What earlier runs wrote.
#[derive(Debug)]
pub(super) struct Existing {
    pub(super) manifest: Manifest,
    pub(super) about: About,
}

impl Existing {
    /// Reads it; `None` where there is none. It must be of the log that is exported, begin
    /// where that is asked for, and be continued without a gap.
    pub(super) fn read(
        directory: &Directory,
        source: &Source<'_>,
        since: Option<u64>,
    ) -> Result<Option<Self>, ExportError> {
        let other = |why: String| ExportError::Other {
            path: directory.path().to_owned(),
            why,
        };
        let Some(text) = directory.read(MANIFEST)? else {
            return match directory.read(CHECKPOINT)? {
                Some(_) => Err(other(format!("it has no {MANIFEST}"))),
                None => Ok(None),
            };
        };
        let unreadable = |what: &str, why: &dyn std::fmt::Display| {
            other(format!("its {what} cannot be read: {why}"))
        };
        let manifest = Manifest::parse(&text).map_err(|why| unreadable(MANIFEST, &why))?;
        let name = About::file(manifest.size);
        let text = directory.read(&name)?.unwrap_or_default();
        if manifest.files.get(&name) != Some(&digest(&text)) {
            return Err(other(format!(
                "its {name} is not the one that it was made with"
            )));
        }
        let about = serde_json::from_slice(&text).map_err(|why| unreadable(&name, &why))?;
        if let Some(why) = differs(source, &manifest)? {
            return Err(other(why));
        }
        match since.filter(|since| *since != manifest.first) {
            Some(_) => Err(other(format!("it begins with entry {}", manifest.first))),
            None => Ok(Some(Existing { manifest, about })),
        }
    }

    /// The smallest size whose tiles that were not full may be there still.
    pub(super) fn oldest_replaced(&self) -> u64 {
        self.about.previous.unwrap_or(self.manifest.first)
    }
}

/// Why the log that is exported is no later state of what the export is of.
fn differs(source: &Source<'_>, there: &Manifest) -> Result<Option<String>, ExportError> {
    let (now, minimum) = (&source.checkpoint, source.log.tree()?.minimum);
    let origin = there.origin.parse::<Origin>();
    if !origin.is_ok_and(|origin| origin.same_log(&now.origin)) {
        return Ok(Some(format!("it is of the log {}", there.origin)));
    }
    if there.size > now.size {
        let (found, expected) = (there.size, now.size);
        let why = format!(
            "it has the log up to entry {found}, and the database only up to {expected}: the database is an older one"
        );
        return Ok(Some(why));
    }
    if there.size < minimum {
        let (first, last) = (there.size, minimum - 1);
        return Ok(Some(format!(
            "the entries {first} to {last} were deleted since"
        )));
    }
    let root = root_of(there.size, &mut source.tiles())?;
    let why = "at its size the log of the database has another root: the database was restored or changed";
    Ok((root.base64() != there.root).then(|| why.to_owned()))
}
