//! What the audit log says about itself: the files that go with an export, and the
//! verifier of a whole log. Pure: whoever calls it reads the files.

pub mod manifest;
pub mod policy_file;
pub mod verify;
