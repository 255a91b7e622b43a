//! QR codes as pictures: SVG of rectangles, without styles, which pages forbid.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// Modules without ink around the code (ISO/IEC 18004).
const QUIET: usize = 4;

/// The code of a text; `None` where the text is too long for one.
pub(crate) fn svg(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = width + 2 * QUIET;
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{pixels}" height="{pixels}" viewBox="0 0 {side} {side}" shape-rendering="crispEdges" role="img" aria-label="QR code" focusable="false"><rect width="{side}" height="{side}" fill="#fff"/>"##,
        pixels = side * 6,
    );
    for (row, line) in modules.chunks(width).enumerate() {
        let mut at = 0;
        for run in line.chunk_by(|one, next| one == next) {
            if run.first() == Some(&Color::Dark) {
                let (x, y, length) = (at + QUIET, row + QUIET, run.len());
                // Written to memory: it cannot fail.
                let _ = write!(
                    svg,
                    r#"<rect x="{x}" y="{y}" width="{length}" height="1"/>"#
                );
            }
            at += run.len();
        }
    }
    svg.push_str("</svg>");
    Some(svg)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The modules that the rectangles of a picture cover.
    fn drawn(svg: &str, width: usize) -> Vec<Color> {
        let mut modules = vec![Color::Light; width * width];
        for rect in svg.split("<rect x=\"").skip(1) {
            let numbers = rect.split('"').step_by(2).take(4);
            let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
            let [x, y, length, 1] = numbers[..] else {
                panic!("{rect}");
            };
            let from = (y - QUIET) * width + x - QUIET;
            modules[from..from + length].fill(Color::Dark);
        }
        modules
    }

    #[test]
    fn it_is_drawn_as_it_is_coded() {
        let text = format!(
            "https://mdm.contoso.test:8444/portal/link/{}",
            "4f".repeat(32)
        );
        let code = QrCode::with_error_correction_level(&text, EcLevel::M).unwrap();
        let svg = svg(&text).unwrap();
        assert_eq!(drawn(&svg, code.width()), code.to_colors());
        assert!(svg.len() < 24 * 1024 && !svg.contains("style"), "{svg}");
        let side = code.width() + 2 * QUIET;
        let frame = format!(r#"viewBox="0 0 {side} {side}""#);
        assert!(svg.contains(&frame), "{svg}");
    }

    #[test]
    fn what_is_too_long_has_none() {
        assert!(svg(&"x".repeat(4_000)).is_none());
    }
}
