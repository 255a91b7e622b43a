//! Enrollment against a server written from the texts for these tests.

mod documents;
mod fleet;
mod flows;
mod refusals;
mod refused_documents;
mod renewals;
mod site;
