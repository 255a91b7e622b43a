//! Tiles: the hashes of the tree in groups of 256, by their names in C2SP tlog-tiles.
//!
//! Tile `index` of level `level` holds the roots of up to 256 perfect subtrees of
//! 256^level leaves each.

use std::fmt;

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: u64 = 256;
/// The height of a tile: 2^8 hashes stand under each hash of the level above.
pub const TILE_HEIGHT: u32 = 8;
/// The highest level that a tree of 2^64 leaves can have is 7; its root has none.
pub const LEVELS: u8 = 8;

/// Which tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    /// 0 for the tiles over leaves; each level above stands over 256 tiles.
    pub level: u8,
    /// Its number within the level, from 0.
    pub index: u64,
    /// How many hashes it has: 1 to 256.
    pub width: u16,
}

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TilePath {
    /// A tile of hashes.
    Hashes(TileId),
    /// A bundle of entries: that of the tile of level 0 with this index and width.
    Entries {
        /// Its number, from 0.
        index: u64,
        /// How many entries it has: 1 to 256.
        width: u16,
    },
}

impl TileId {
    /// How many hashes tile `index` of `level` has in a tree of `size` leaves; 0 where there
    /// is no such tile.
    pub fn width_in(size: u64, level: u8, index: u64) -> u16 {
        let in_level = size
            .checked_shr(TILE_HEIGHT * u32::from(level))
            .unwrap_or(0);
        let before = index.saturating_mul(TILE_WIDTH);
        let width = in_level.saturating_sub(before).min(TILE_WIDTH);
        // At most 256.
        u16::try_from(width).unwrap_or(0)
    }

    /// The tiles of `level` in a tree of `size` leaves, the partial one at the end too.
    pub fn of_level(size: u64, level: u8) -> impl Iterator<Item = TileId> {
        let width = move |index| TileId::width_in(size, level, index);
        (0..)
            .map(move |index| (index, width(index)))
            .take_while(|&(_, width)| width > 0)
            .map(move |(index, width)| TileId {
                level,
                index,
                width,
            })
    }

    /// Its path: `tile/1/x001/234.p/5`.
    pub fn path(&self) -> String {
        format!("tile/{}/{}", self.level, Name(self.index, self.width))
    }
}

/// The path of a bundle: `tile/entries/000`.
pub fn bundle_path(index: u64, width: u16) -> String {
    format!("tile/entries/{}", Name(index, width))
}

/// The index in groups of three digits, all but the last with an `x` in front, and the
/// width of what is not full.
struct Name(u64, u16);

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups = vec![self.0 % 1000];
        let mut rest = self.0 / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups[1..].iter().rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", groups[0])?;
        if u64::from(self.1) < TILE_WIDTH {
            write!(f, ".p/{}", self.1)?;
        }
        Ok(())
    }
}

impl TilePath {
    /// Reads a path back; only the one spelling that [`TileId::path`] and [`bundle_path`]
    /// give.
    pub fn parse(path: &str) -> Option<Self> {
        let (level, name) = path.strip_prefix("tile/")?.split_once('/')?;
        let (digits, width) = match name.split_once(".p/") {
            Some((digits, width)) => (digits, width.parse().ok()?),
            None => (name, 256),
        };
        let mut index: u64 = 0;
        for group in digits.split('/') {
            let group = group.strip_prefix('x').unwrap_or(group);
            index = index.checked_mul(1000)?.checked_add(group.parse().ok()?)?;
        }
        let parsed = match level {
            "entries" => TilePath::Entries { index, width },
            level => TilePath::Hashes(TileId {
                level: level.parse().ok().filter(|&level| level < LEVELS)?,
                index,
                width,
            }),
        };
        (width > 0 && parsed.to_string() == path).then_some(parsed)
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            TilePath::Hashes(tile) => f.write_str(&tile.path()),
            TilePath::Entries { index, width } => f.write_str(&bundle_path(index, width)),
        }
    }
}
