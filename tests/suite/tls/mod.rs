//! TLS: what is refused, and a proxy that ends it.

mod proxies;
mod proxy;
mod refusals;
mod reported_names;
