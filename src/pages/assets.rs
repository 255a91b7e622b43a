//! The files that the pages name: style sheets and the script. Their addresses hold a digest of
//! what they are, so that a browser may keep them for ever.

use sha2::{Digest as _, Sha256};

use crate::brand::Brand;

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

const CSS: &str = "text/css; charset=utf-8";

/// All files, and under which part of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    files: Vec<Asset>,
    digest: String,
}

impl Assets {
    /// The files, with the theme of this brand.
    pub fn new(brand: &Brand) -> Self {
        let file = |name, content_type, bytes: &[u8]| Asset {
            name,
            content_type,
            bytes: bytes.to_vec(),
        };
        let files = vec![
            file("ui.css", CSS, include_bytes!("assets/ui.css")),
            file("dark.css", CSS, include_bytes!("assets/dark.css")),
            file(
                "icon.svg",
                "image/svg+xml",
                include_bytes!("assets/icon.svg"),
            ),
            file("theme.css", CSS, brand.theme().as_bytes()),
            file(
                "ui.js",
                "application/javascript; charset=utf-8",
                include_bytes!("assets/ui.js"),
            ),
        ];
        let mut hasher = Sha256::new();
        for file in &files {
            hasher.update(&file.bytes);
        }
        let digest = data_encoding::HEXLOWER.encode(&hasher.finalize()[..8]);
        Assets { files, digest }
    }

    /// The part of their addresses that changes when one of them does.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The file of this name.
    pub fn find(&self, name: &str) -> Option<&Asset> {
        self.files.iter().find(|file| file.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_brand_has_another_address() {
        let (one, other) = (Brand::default(), "#333333".parse());
        let other = Brand {
            accent: other.unwrap_or_default(),
            ..one.clone()
        };
        assert_ne!(Assets::new(&one).digest(), Assets::new(&other).digest());
        assert!(
            Assets::new(&one)
                .find("ui.js")
                .is_some_and(|file| !file.bytes.is_empty())
        );
    }

    #[test]
    fn the_files_stay_small() {
        let assets = Assets::new(&Brand::default());
        for (name, most) in [("ui.js", 4_096), ("ui.css", 12_288), ("dark.css", 3_072)] {
            let bytes = assets
                .find(name)
                .map_or(usize::MAX, |file| file.bytes.len());
            assert!(
                bytes <= most,
                "{name} has {bytes} bytes, at most {most} are meant"
            );
        }
    }
}
