//! The portal.

use modegate_pages::words::Word;

/// The links of the navigation.
pub(super) const NAVIGATION: &[(&str, Word)] = &[];
