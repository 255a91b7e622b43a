//! What makes the pages those of an organisation: name, logo, accent colour.

use std::fmt::Write as _;
use std::str::FromStr;

/// The least contrast of text (WCAG 2.2, success criterion 1.4.3).
const CONTRAST: f64 = 4.5;

/// A colour, `#rrggbb`, on which white text can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accent([u8; 3]);

/// Why a text is no accent colour.
#[derive(Debug, Clone, PartialEq)]
pub enum AccentFault {
    /// It has another form.
    Form,
    /// White text on it has this contrast, which is too little.
    Contrast(f64),
}

impl std::fmt::Display for AccentFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AccentFault::Form => f.write_str("no colour of the form #rrggbb"),
            AccentFault::Contrast(contrast) => {
                write!(
                    f,
                    "a colour on which white text has a contrast of {contrast:.1}:1 only"
                )
            }
        }
    }
}

impl FromStr for Accent {
    type Err = AccentFault;

    fn from_str(text: &str) -> Result<Self, AccentFault> {
        let digits = text.strip_prefix('#').ok_or(AccentFault::Form)?;
        let digits = digits.to_ascii_lowercase();
        let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes());
        let bytes = bytes.map_err(|_| AccentFault::Form)?;
        let accent = Accent(bytes.try_into().map_err(|_| AccentFault::Form)?);
        match accent.contrast_with_white() {
            contrast if contrast < CONTRAST => Err(AccentFault::Contrast(contrast)),
            _ => Ok(accent),
        }
    }
}

impl std::fmt::Display for Accent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Default for Accent {
    /// A blue.
    fn default() -> Self {
        Accent([0x0b, 0x5c, 0xad])
    }
}

impl Accent {
    /// By the formula of WCAG 2.2, "contrast ratio".
    fn contrast_with_white(self) -> f64 {
        let linear = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        let [red, green, blue] = self.0;
        let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        1.05 / (luminance + 0.05)
    }
}

/// What makes the pages those of an organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Brand {
    /// Its name, in the bar at the top.
    pub name: String,
    /// The address of its logo, if it has one.
    pub logo: Option<String>,
    /// Its colour.
    pub accent: Accent,
}

impl Brand {
    /// The style sheet with what depends on the colour. Internet Explorer 11 knows no variables.
    pub fn theme(&self) -> String {
        let accent = self.accent;
        let mut css = String::new();
        // Writing to a String does not fail.
        let _ = write!(css, include_str!("assets/theme.css.txt"), accent = accent);
        css
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_accent_is_a_colour_that_white_text_can_be_read_on() {
        assert_eq!("#0B5CAD".parse(), Ok(Accent::default()));
        assert_eq!("#000000".parse::<Accent>().unwrap().to_string(), "#000000");
        for text in [
            "", "0b5cad", "#0b5ca", "#0b5cad0", "#0b5cag", "red", "#0b5cad;",
        ] {
            assert_eq!(text.parse::<Accent>(), Err(AccentFault::Form), "{text}");
        }
        let too_light = "#ffcc00".parse::<Accent>().unwrap_err();
        assert!(matches!(too_light, AccentFault::Contrast(of) if (1.0..2.0).contains(&of)));
    }

    #[test]
    fn the_theme_names_the_colour_and_no_place_is_left() {
        let css = Brand::default().theme();
        assert!(css.contains("#0b5cad"));
        assert_eq!(css.matches('{').count(), css.matches('}').count());
    }
}
