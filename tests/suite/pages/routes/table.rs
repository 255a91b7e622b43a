//! The table of the pages as its source has it, so that no route can be left out here.

/// The source of the table.
const SOURCE: &str = include_str!("../../../../src/server/http/pages/table.rs");

/// Whom a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    All,
    Read,
    Operate,
    Admin,
    Person,
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub whom: Whom,
    /// What the table says between brackets.
    pub named: &'static str,
}

impl Route {
    pub fn is_form(&self) -> bool {
        self.method == "post"
    }

    /// The names of what stands in the path.
    pub fn parameters(&self) -> impl Iterator<Item = &'static str> {
        let parts = self.path.split('{').skip(1);
        parts.filter_map(|part| part.split('}').next())
    }

    pub fn is_portal(&self) -> bool {
        self.path.starts_with("/portal")
    }
}

/// Every route, in the order of the table.
///
/// # Panics
/// A line of the table is none that is understood here.
pub fn routes() -> Vec<Route> {
    let (_, rows) = SOURCE.split_once("static TABLE;").expect("the table");
    let rows = rows.split("\n}").next().unwrap().lines().map(str::trim);
    rows.filter(|row| !row.is_empty() && !row.starts_with("//"))
        .map(|row| route(row).unwrap_or_else(|| panic!("expected a route, found '{row}'")))
        .collect()
}

fn route(row: &'static str) -> Option<Route> {
    let (method, rest) = row.split_once(" \"")?;
    let (path, rest) = rest.split_once("\" [")?;
    let (named, handler) = rest.split_once("] ")?;
    let whom = match named {
        "READ" => Whom::Read,
        "OPERATE" => Whom::Operate,
        "ADMIN" => Whom::Admin,
        "For::Person" => Whom::Person,
        "For::All(Surface::Console)" | "For::All(Surface::Portal)" => Whom::All,
        _ => return None,
    };
    let is_whole = matches!(method, "get" | "post") && handler.ends_with(';');
    is_whole.then_some(Route {
        method,
        path,
        whom,
        named,
    })
}
