//! What the fuzz targets do with bytes, and what must hold whatever they are.

mod drive;

pub use drive::{loc_uri, query, step, wbxml, xml};
