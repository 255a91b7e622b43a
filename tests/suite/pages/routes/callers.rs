//! Who asks for the routes.

use serde_json::{Value, json};

use super::contents::Contents;
use super::table::{Route, Whom};
use crate::harness::Server;
use crate::pages::client::Browser;
use crate::pages::portal::person;

/// One of those who ask.
#[derive(Debug)]
pub struct Caller {
    pub name: &'static str,
    pub is: Is,
    /// Of those who sign in to the console.
    token: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    Nobody,
    Admin,
    Operator,
    Auditor,
    Person,
    /// An operator bound to a group that nothing here belongs to.
    Elsewhere,
}

/// What a caller has to be answered by the table alone, whatever a handler makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// By the handler.
    Admitted,
    /// 303 to the sign-in; a form 401.
    SignIn,
    /// 403.
    Forbidden,
}

impl Caller {
    /// Everybody.
    pub async fn all(server: &Server) -> Vec<Caller> {
        let mut callers = vec![
            Caller::new("nobody", Is::Nobody, None),
            Caller::new("admin", Is::Admin, Some(server.token.clone())),
        ];
        for (name, is, token) in [
            ("operator", Is::Operator, json!({"role": "operator"})),
            ("auditor", Is::Auditor, json!({"role": "auditor"})),
            ("person", Is::Person, Value::Null),
            (
                "operator of south",
                Is::Elsewhere,
                json!({"role": "operator", "groups": ["south"]}),
            ),
        ] {
            let made = match token {
                Value::Null => None,
                mut token => {
                    token["name"] = json!(name);
                    Some(server.make_token(token).await.1)
                }
            };
            callers.push(Caller::new(name, is, made));
        }
        callers
    }

    fn new(name: &'static str, is: Is, token: Option<String>) -> Caller {
        Caller { name, is, token }
    }

    /// The text of the token to sign in with; of who has none, one that nobody has.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or("none")
    }

    /// A browser in which the caller is signed in anew; the person as the user of that device.
    pub async fn browser(&self, contents: &Contents, device: &str) -> Browser {
        let server = &contents.server;
        let mut browser = match self.is {
            Is::Nobody => Browser::new(&server.http),
            Is::Person => person(server, device).await,
            _ => Browser::signed_in(server, self.token()).await,
        };
        // Failed sign-ins and codes are counted by address.
        browser.headers = vec![("x-forwarded-for", contents.new_address())];
        browser
    }

    /// What the table says of this caller.
    pub fn verdict(&self, whom: Whom) -> Verdict {
        let is_console = !matches!(self.is, Is::Nobody | Is::Person);
        let needed = match whom {
            Whom::All => return Verdict::Admitted,
            Whom::Person if self.is == Is::Person => return Verdict::Admitted,
            Whom::Person => return Verdict::SignIn,
            _ if !is_console => return Verdict::SignIn,
            Whom::Read => true,
            Whom::Operate => self.is != Is::Auditor,
            Whom::Admin => self.is == Is::Admin,
        };
        match needed {
            true => Verdict::Admitted,
            false => Verdict::Forbidden,
        }
    }
}

/// The token of the caller's forms on this route; of who has no session there, any text.
pub async fn csrf(browser: &mut Browser, caller: &Caller, route: &Route) -> String {
    let page = match (route.whom, route.is_portal(), caller.is) {
        (Whom::All, true, _) => "/portal/sign-in",
        (Whom::All, false, _) => "/console/sign-in",
        (_, true, Is::Person) => "/portal/apps",
        (_, false, Is::Admin | Is::Operator | Is::Auditor | Is::Elsewhere) => "/console/me",
        _ => return "none".to_owned(),
    };
    browser.get(page).await.field("csrf")
}
