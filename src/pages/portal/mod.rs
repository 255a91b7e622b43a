//! Pages for the users of tablets.
