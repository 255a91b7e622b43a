//! TLS: what is refused, and a proxy that ends it.

mod proxy;
mod refusals;
