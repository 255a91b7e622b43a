//! A browser without script: keeps cookies, follows nothing by itself, sends forms as pages
//! have them.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::{LOCATION, SET_COOKIE};

use crate::harness::Server;
use crate::wait::DEADLINE;

/// The type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A page, or what came instead.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

impl Page {
    /// Where it leads.
    pub fn location(&self) -> &str {
        self.headers
            .get(LOCATION.as_str())
            .map_or("", String::as_str)
    }

    /// The value of the first hidden or other field of this name.
    pub fn field(&self, name: &str) -> String {
        let begin = format!("name=\"{name}\" value=\"");
        let rest = self.text.split_once(&begin);
        let (_, rest) = rest.unwrap_or_else(|| panic!("no field {name}: {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    /// The value of the first attribute of this name.
    pub fn attribute(&self, name: &str) -> String {
        let rest = self.text.split_once(&format!("{name}=\""));
        let (_, rest) = rest.unwrap_or_else(|| panic!("no {name}: {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    /// What stands between `<main` and `</main>`.
    pub fn main(&self) -> &str {
        let (_, rest) = self.text.split_once("<main").expect("a page");
        rest.split("</main>").next().unwrap()
    }

    pub fn contains(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// The same without markup, each run of white space as one blank.
    pub fn words(&self) -> String {
        let mut words = String::new();
        let mut inside = false;
        for character in self.main().chars() {
            match character {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    words.push(' ');
                }
                other if !inside => words.push(other),
                _ => {}
            }
        }
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let entities = [
            ("&#39;", "'"),
            ("&#34;", "\""),
            ("&#60;", "<"),
            ("&#62;", ">"),
            ("&#38;", "&"),
        ];
        entities.iter().fold(words, |words, (entity, character)| {
            words.replace(entity, character)
        })
    }
}

/// One browser.
pub struct Browser {
    pub base: String,
    pub cookies: BTreeMap<String, String>,
    pub headers: Vec<(&'static str, String)>,
    client: reqwest::Client,
}

impl Browser {
    /// One that has been nowhere yet.
    pub fn new(base: &str) -> Browser {
        let client = reqwest::Client::builder()
            .timeout(DEADLINE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        Browser {
            base: base.to_owned(),
            cookies: BTreeMap::new(),
            headers: Vec::new(),
            client: client.build().unwrap(),
        }
    }

    /// One that signed in to the console with this token.
    pub async fn signed_in(server: &Server, token: &str) -> Browser {
        let mut browser = Browser::new(&server.http);
        let page = browser.sign_in(token).await;
        assert_eq!(
            (page.status, page.location()),
            (303, "/console"),
            "{page:?}"
        );
        browser
    }

    /// Sends the form of the console's sign-in.
    pub async fn sign_in(&mut self, token: &str) -> Page {
        let page = self.get("/console/sign-in").await;
        let csrf = page.field("csrf");
        let fields = [("csrf", csrf.as_str()), ("to", ""), ("token", token)];
        self.post("/console/sign-in", &fields).await
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Method::GET, path, None).await
    }

    /// Sends these fields, and nothing else.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = serde_urlencoded::to_string(fields).unwrap();
        self.send(Method::POST, path, Some(body)).await
    }

    /// Opens a page and sends a form of it: with the fields that the server put into it, and
    /// these.
    pub async fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.get(page).await;
        assert_eq!(page.status, 200, "{page:?}");
        let (_, form) = page
            .text
            .split_once(&format!("action=\"{action}\""))
            .unwrap_or_else(|| panic!("no form for {action}: {}", page.main()));
        let form = Page {
            text: form.split("</form>").next().unwrap().to_owned(),
            ..page.clone()
        };
        let (csrf, mut all) = (form.field("csrf"), Vec::new());
        let once = form
            .text
            .contains("name=\"once\"")
            .then(|| form.field("once"));
        all.push(("csrf", csrf.as_str()));
        all.extend(once.as_deref().map(|once| ("once", once)));
        all.extend_from_slice(fields);
        self.post(action, &all).await
    }

    pub async fn send(&mut self, method: Method, path: &str, body: Option<String>) -> Page {
        self.send_as(method, path, FORM, body).await
    }

    /// Sends a body of this type.
    pub async fn send_as(
        &mut self,
        method: Method,
        path: &str,
        kind: &str,
        body: Option<String>,
    ) -> Page {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.header("content-type", kind).body(body);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let pairs = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let cookies = pairs.collect::<Vec<_>>().join("; ");
        if !cookies.is_empty() {
            request = request.header("cookie", cookies);
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, rest) = cookie.split_once('=').unwrap();
            match rest.split(';').next().unwrap() {
                "" => drop(self.cookies.remove(name)),
                value => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
            }
        }
        Page {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            text: response.text().await.unwrap(),
        }
    }
}
