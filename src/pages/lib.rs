//! What the pages look like: templates, words in two languages, pictures, style sheets and the
//! script. Pure: what is shown and the time are arguments, and the result is text.
//!
//! A page is a struct with what it shows, its template beside it under `templates/`. Every
//! text that goes into a template is escaped; only the types that implement askama's
//! `HtmlSafe` are not, and they escape what they were given.

pub mod address;
pub mod assets;
pub mod brand;
pub mod chart;
pub mod console;
pub mod error;
pub mod pager;
pub mod portal;
pub mod shell;
pub mod sign_in;
pub mod when;
pub mod words;

pub use askama::Template;
pub use shell::Shell;
