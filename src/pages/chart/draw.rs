//! SVG as text: a few shapes, on whole numbers.

use std::fmt::{self, Write as _};

use super::Head;

/// A finished drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Svg(String);

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Lines that lie over a colour, so that it is not needed to tell things apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hatch {
    /// Rising lines.
    Rising,
    /// Upright lines.
    Upright,
    /// Level lines.
    Level,
}

impl Hatch {
    const ALL: [Hatch; 3] = [Hatch::Rising, Hatch::Upright, Hatch::Level];

    fn name(self) -> &'static str {
        match self {
            Hatch::Rising => "r",
            Hatch::Upright => "u",
            Hatch::Level => "l",
        }
    }

    fn lines(self) -> &'static str {
        match self {
            Hatch::Rising => "M0 6L6 0",
            Hatch::Upright => "M3 0V6",
            Hatch::Level => "M0 3H6",
        }
    }
}

/// Which end of a text its place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Rectangles that look alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes(String);

impl Shapes {
    /// Adds one, unless it is empty.
    pub(super) fn rectangle(&mut self, x: i32, y: i32, width: i32, height: i32) {
        if width > 0 && height > 0 {
            // Writing to memory does not fail.
            let _ = write!(self.0, "M{x} {y}h{width}v{height}h-{width}z");
        }
    }

    /// Adds a line from left to right.
    pub(super) fn level(&mut self, x: i32, y: i32, length: i32) {
        let _ = write!(self.0, "M{x} {y}h{length}");
    }

    /// Adds a line downwards.
    pub(super) fn upright(&mut self, x: i32, y: i32, length: i32) {
        let _ = write!(self.0, "M{x} {y}v{length}");
    }
}

/// A drawing under way.
#[derive(Debug)]
pub(super) struct Drawing {
    id: String,
    width: i32,
    height: i32,
    head: String,
    hatches: Vec<Hatch>,
    body: String,
}

impl Drawing {
    /// An empty one of this size, with what it says to who does not see it.
    pub(super) fn new(head: Head<'_>, description: &str, (width, height): (i32, i32)) -> Self {
        let id = escaped(head.id);
        let (title, description) = (escaped(head.title), escaped(description));
        Drawing {
            head: format!(
                "<title id=\"{id}-t\">{title}</title><desc id=\"{id}-d\">{description}</desc>"
            ),
            id,
            width,
            height,
            hatches: Vec::new(),
            body: String::new(),
        }
    }

    /// Shapes of this class.
    pub(super) fn shapes(&mut self, class: &str, shapes: &Shapes) {
        if !shapes.0.is_empty() {
            let _ = write!(self.body, r#"<path class="{class}" d="{}"/>"#, shapes.0);
        }
    }

    /// The same with lines over them.
    pub(super) fn hatched(&mut self, class: &str, hatch: Option<Hatch>, shapes: &Shapes) {
        self.shapes(class, shapes);
        if let Some(hatch) = hatch.filter(|_| !shapes.0.is_empty()) {
            if !self.hatches.contains(&hatch) {
                self.hatches.push(hatch);
            }
            let (id, name) = (&self.id, hatch.name());
            let _ = write!(
                self.body,
                r##"<path fill="url(#{id}-{name})" d="{}"/>"##,
                shapes.0
            );
        }
    }

    /// A text whose line stands on `y`.
    pub(super) fn text(&mut self, anchor: Anchor, (x, y): (i32, i32), text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => r#" text-anchor="middle""#,
            Anchor::End => r#" text-anchor="end""#,
        };
        let text = escaped(text);
        let _ = write!(
            self.body,
            r#"<text class="c-label"{anchor} x="{x}" y="{y}">{text}</text>"#
        );
    }

    /// Letters of a row, each in the middle of its place.
    pub(super) fn letters(&mut self, class: &str, y: i32, letters: &[(i32, char)]) {
        if letters.is_empty() {
            return;
        }
        let places: Vec<String> = letters.iter().map(|(x, _)| x.to_string()).collect();
        let text: String = letters.iter().map(|(_, letter)| letter).collect();
        let (places, text) = (places.join(" "), escaped(&text));
        let _ = write!(
            self.body,
            r#"<text class="{class}" font-size="10" text-anchor="middle" x="{places}" y="{y}">{text}</text>"#
        );
    }

    /// A sample of each of these with its name, in a row that begins there.
    pub(super) fn legend<'a>(
        &mut self,
        (x, y): (i32, i32),
        entries: impl IntoIterator<Item = (&'a str, Option<Hatch>, String)>,
    ) {
        let mut x = x;
        for (class, hatch, name) in entries {
            let mut sample = Shapes::default();
            sample.rectangle(x, y, 12, 12);
            self.hatched(class, hatch, &sample);
            self.text(Anchor::Start, (x + 17, y + 10), &name);
            // About the width of the name.
            x += 17 + 7 * i32::try_from(name.chars().count()).unwrap_or(0) + 14;
        }
    }

    /// The finished drawing.
    pub(super) fn finish(self) -> Svg {
        let Drawing {
            id,
            width,
            height,
            head,
            hatches,
            body,
        } = self;
        let mut defs = String::new();
        for hatch in Hatch::ALL.into_iter().filter(|one| hatches.contains(one)) {
            let (name, lines) = (hatch.name(), hatch.lines());
            let _ = write!(
                defs,
                r#"<pattern id="{id}-{name}" width="6" height="6" patternUnits="userSpaceOnUse"><path class="c-ink" d="{lines}"/></pattern>"#
            );
        }
        if !defs.is_empty() {
            defs = format!("<defs>{defs}</defs>");
        }
        Svg(format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"{id}-t {id}-d\" focusable=\"false\">{head}{defs}{body}</svg>"
        ))
    }
}

/// A text as it may stand between tags and in attributes. What no document may hold, and what
/// would turn the direction of what follows, is replaced.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                safe.push('\u{fffd}');
            }
            '\t' | '\n' | '\r' => safe.push(' '),
            one if one.is_control() => safe.push('\u{fffd}'),
            one => safe.push(one),
        }
    }
    safe
}
