//! A browser without script, by hand: it keeps cookies and sends the forms of pages.

use std::collections::BTreeMap;
use std::net::TcpStream;

use super::client::{HttpReply, connect, exchange};

/// One browser, and what it is signed in to.
pub(crate) struct Browser {
    address: String,
    stream: Option<TcpStream>,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// One that has been nowhere yet.
    pub(crate) fn new(address: &str) -> Browser {
        Browser {
            address: address.to_owned(),
            stream: None,
            cookies: BTreeMap::new(),
        }
    }

    /// One that signed in to the console with this token.
    pub(crate) fn in_console(address: &str, token: &str) -> Browser {
        let mut browser = Browser::new(address);
        let page = browser.get("/console/sign-in");
        let fields = [
            ("csrf", field(&page.body, "csrf")),
            ("to", ""),
            ("token", token),
        ];
        let led_to = browser.post("/console/sign-in", &fields);
        assert_eq!(led_to, "/console");
        browser
    }

    /// One that took this one-time link to the portal.
    pub(crate) fn in_portal(address: &str, link: &str) -> Browser {
        let mut browser = Browser::new(address);
        let page = browser.get(link);
        browser.post(link, &[("csrf", field(&page.body, "csrf"))]);
        browser
    }

    /// Opens a page that must be there.
    pub(crate) fn get(&mut self, path: &str) -> HttpReply {
        let page = self.look(path);
        assert_eq!(page.status, 200, "{path}: {} {}", page.head, page.body);
        page
    }

    /// The same, whatever the answer.
    pub(crate) fn look(&mut self, path: &str) -> HttpReply {
        self.send(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    /// Sends a form; where the answer leads.
    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> String {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        let head =
            format!("POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n");
        let answer = self.send(&head, &body);
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        let location = headers(&answer.head, "location").next();
        location.expect("a place").to_owned()
    }

    /// Ends the connection, as browsers do with one that is not in use.
    pub(crate) fn hang_up(&mut self) {
        self.stream = None;
    }

    fn send(&mut self, head: &str, body: &str) -> HttpReply {
        let pairs = self.cookies.iter();
        let cookies: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let head = format!("{head}Cookie: {}\r\n", cookies.join("; "));
        // The server ends connections that were idle for long: then on a new one.
        let kept = self.stream.take().and_then(|mut stream| {
            let answer = exchange(&mut stream, &head, body)?;
            Some((stream, answer))
        });
        let (stream, answer) = kept.unwrap_or_else(|| {
            let mut stream = connect(&self.address);
            let answer = exchange(&mut stream, &head, body).expect("an answer");
            (stream, answer)
        });
        self.stream = Some(stream);
        for cookie in headers(&answer.head, "set-cookie") {
            let pair = cookie.split(';').next().unwrap_or_default();
            match pair.split_once('=') {
                Some((name, "")) => drop(self.cookies.remove(name)),
                Some((name, value)) => {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
                None => {}
            }
        }
        answer
    }
}

fn headers<'a>(head: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    lines
        .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// The value of the first field of this name.
pub(crate) fn field<'a>(page: &'a str, name: &str) -> &'a str {
    attribute(page, &format!("name=\"{name}\" value"))
}

/// The value of the first attribute of this name; empty where there is none.
pub(crate) fn attribute<'a>(page: &'a str, name: &str) -> &'a str {
    let rest = page.split_once(&format!("{name}=\""));
    rest.and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or_default()
}

/// Where the link to the next page of a list leads.
pub(crate) fn next_page(page: &str) -> Option<String> {
    let (before, _) = page.split_once("\" rel=\"next\"")?;
    let (_, place) = before.rsplit_once("href=\"")?;
    Some(place.replace("&#38;", "&").replace("&amp;", "&"))
}

/// The files that a page has a browser load.
pub(crate) fn files(page: &str) -> Vec<String> {
    let parts = page.split("=\"/assets/").skip(1);
    let mut files: Vec<String> = parts
        .filter_map(|rest| rest.split('"').next())
        .map(|rest| format!("/assets/{rest}"))
        .collect();
    files.sort();
    files.dedup();
    files
}
