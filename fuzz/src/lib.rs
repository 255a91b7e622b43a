//! What the fuzz targets do with bytes, and what must hold whatever they are.

mod drive;
mod enrollment;

pub use drive::{loc_uri, query, step, wbxml, xml};
pub use enrollment::enrollment;
