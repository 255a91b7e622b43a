//! Charts: SVG that the server draws, each with the table of what it shows below it. Numbers
//! come in, text goes out. Coordinates are whole numbers, so that nothing is ever `NaN`, and
//! colours are classes of the style sheet, since the content security policy forbids others.
//! Beside its colour everything has a hatch, a letter or its name.

mod ages;
mod calendar;
mod draw;
mod installs;
mod queue;
mod scale;
mod sessions;
mod table;
#[cfg(test)]
mod tests;
mod time_axis;

use std::fmt;

use askama::filters::HtmlSafe;

pub use ages::channel_ages;
pub use calendar::mode_calendar;
pub use installs::installs;
pub use queue::queues;
pub use sessions::sessions;

use draw::Svg;
use modegate_core::context::Mode;
use table::Table;

/// Most columns of a chart: where there are more hours or days, several share one.
const COLUMNS: usize = 60;

/// How a chart is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    /// Its name within its page: other charts of the page have others.
    pub id: &'static str,
    /// What it shows. Any text.
    pub title: &'a str,
}

/// A chart with the table of what it shows: there is no way to show the one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    svg: Svg,
    table: Table,
    /// Whether its letters would be too small to read where the page is narrow: it is scrolled
    /// there, and not made smaller.
    keeps_size: bool,
}

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Chart { svg, table, .. } = self;
        let title = table.caption();
        let (begin, end) = match self.keeps_size {
            true => (r#"<div class="calendar" tabindex="0">"#, "</div>"),
            false => ("", ""),
        };
        write!(
            f,
            "<figure class=\"chart\"><figcaption><bdi>{title}</bdi></figcaption>{begin}{svg}{end}\
             <div class=\"scroll\" tabindex=\"0\">{table}</div></figure>"
        )
    }
}

// Every text in it went through `draw::escaped`.
impl HtmlSafe for Chart {}

/// The letter that stands for a mode where there is no room for its name. Maintenance has
/// another than Machine.
fn letter(mode: Mode) -> char {
    match mode {
        Mode::Machine => 'M',
        Mode::Maintenance => 'N',
        Mode::Apps => 'A',
        Mode::Unspecified => 'U',
    }
}

/// The class that colours a mode.
fn class(mode: Mode) -> &'static str {
    match mode {
        Mode::Machine => "c-machine",
        Mode::Maintenance => "c-maintenance",
        Mode::Apps => "c-apps",
        Mode::Unspecified => "c-unspecified",
    }
}
