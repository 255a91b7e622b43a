//! The codecs from outside: XML, WBXML, and the corpus of the fuzz targets.

mod corpus;
mod models;
mod values;
mod wbxml;
mod wbxml_refused;
mod wbxml_tools;
mod xml;
