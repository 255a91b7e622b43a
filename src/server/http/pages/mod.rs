//! The pages: the console for operators and auditors, the portal for the users of tablets. What
//! pages there are, and for whom, is said in `table` and nowhere else.
//!
//! A page is thin: its handler parses the request, calls the use cases that the API calls, and
//! fills a struct of `modegate_pages`, which renders it.

mod assets;
mod audience;
mod console;
mod cookies;
mod errors;
mod form;
mod guard;
mod headers;
mod language;
mod navigation;
mod origin;
mod portal;
mod routes;
mod sign_in;
mod table;
mod visitor;

pub(super) use routes::routes;

use form::Form;
use visitor::{Page, Visitor};
