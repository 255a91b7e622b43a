//! Whom a page is for.

use crate::app::Principal;
use modegate_core::tokens::Access;
use modegate_core::web_session::Surface;

/// Whom a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Everybody.
    All(Surface),
    /// Who is signed in to the console and has this of the API.
    Console(Access),
    /// The person who is signed in to the portal.
    Person,
}

impl For {
    /// The site of the page.
    pub(super) fn surface(self) -> Surface {
        match self {
            For::All(surface) => surface,
            For::Console(_) => Surface::Console,
            For::Person => Surface::Portal,
        }
    }

    /// Whether a page is for this caller.
    pub(super) fn admits(self, principal: &Principal) -> bool {
        match self {
            For::All(_) => true,
            For::Console(access) => {
                principal.person().is_none() && access.roles().contains(&principal.role())
            }
            For::Person => principal.person().is_some(),
        }
    }
}

/// Everybody who may open the console at all.
pub(super) const READ: For = For::Console(Access::Audit);
/// Who changes devices and commands.
pub(super) const OPERATE: For = For::Console(Access::Operate);
/// Who administers the server.
pub(super) const ADMIN: For = For::Console(Access::Admin);
