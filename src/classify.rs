//! Verb and LocURI to a kind (law 2).
