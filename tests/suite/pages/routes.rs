//! Every route of the pages, asked for by everybody: what each caller gets is committed in
//! `tests/golden/page-routes.txt` and `page-forms.txt`, made from the running server.
//! `UPDATE_GOLDEN=1 cargo test --locked --test suite pages::routes` writes both.

mod callers;
mod contents;
mod table;

use reqwest::Method;
use serde_json::json;

use super::client::{Browser, FORM, Page};
use super::portal::person;
use callers::{Caller, Is, Verdict, csrf};
use contents::{Contents, Ids};
use table::{Route, Whom, routes};

const ROUTES: &str = "\
# Every route of the pages by six callers: the status, where a redirect leads, and who gets that.
# 'operator of south' is bound to a group to which nothing here belongs. {name} stands for what the
# address has there, {new} for the id of what the form made.
# UPDATE_GOLDEN=1 cargo test --locked --test suite pages::routes
";
const FORMS: &str = "\
# Every form of the pages as its own page does not send it; by somebody who may send it. Each is
# refused, and the log is as long as before. A GET is 405 where there is no page.
# UPDATE_GOLDEN=1 cargo test --locked --test suite pages::routes
";
/// What nobody gets through to here.
const NEVER_TAKEN: [&str; 3] = [
    // Its reason is one that the census of the queue has found: tests/suite/pages/commands.rs.
    "/console/queue/devices",
    // A batch over one device is over at once: tests/suite/pages/batches.rs stops a long one.
    "/console/batches/{batch}/stop",
    "/console/batches/{batch}/take-back",
];

#[tokio::test]
async fn every_route_answers_each_caller_as_the_table_says() {
    let contents = Contents::new();
    let callers = Caller::all(&contents.server).await;
    let (mut text, mut refused, mut lost) = (ROUTES.to_owned(), Vec::new(), Vec::new());
    for route in routes() {
        let mut results: Vec<(String, Vec<&str>)> = Vec::new();
        let shared = contents.fresh(&route, &callers[0]).await;
        for caller in &callers {
            let own = match route.is_form() {
                true => contents.fresh(&route, caller).await,
                false => shared.clone(),
            };
            let page = ask(&contents, &route, caller, &own).await;
            check(&route, caller, &page);
            let is_signed_in = caller.verdict(route.whom) != Verdict::SignIn;
            if route.is_form() && page.status == 403 && is_signed_in {
                refused.push(route.path.to_owned());
            }
            let result = format!("{} {}", page.status, nameless(page.location(), &own));
            match results.iter_mut().find(|(known, _)| *known == result) {
                Some((_, names)) => names.push(caller.name),
                None => results.push((result, vec![caller.name])),
            }
        }
        let is_taken = |(result, _): &(String, _)| {
            let leads_in = result.starts_with("303") && !result.contains("/sign-in?to=");
            result.starts_with("200") || leads_in
        };
        if !results.iter().any(is_taken) && !NEVER_TAKEN.contains(&route.path) {
            lost.push(format!("{route:?}: {results:?}"));
        }
        text += &format!("\n{} {} [{}]\n", route.method, route.path, route.named);
        for (result, names) in results {
            text += &format!("  {}: {}\n", result.trim_end(), names.join(", "));
        }
    }
    assert!(lost.is_empty(), "nobody gets through: {lost:#?}");
    assert_eq!(logged(&contents).await, refused);
    compare("page-routes.txt", &text);
}

/// The paths of the forms that the log has as refused for their sender's role or groups.
async fn logged(contents: &Contents) -> Vec<String> {
    let path = "/events?type=form.refused&limit=200";
    let logged = contents.server.get(path).await;
    let paths = logged["items"].as_array().unwrap().iter().map(|event| {
        assert!(event["actor"].as_str().unwrap().starts_with("console:"));
        let detail = event["detail"].as_str().unwrap();
        let (_, path) = detail.split_once("the form of ").unwrap();
        path.split(',').next().unwrap().to_owned()
    });
    paths.collect()
}

#[tokio::test]
async fn every_form_that_its_own_page_did_not_send_changes_nothing() {
    let contents = Contents::new();
    let callers = Caller::all(&contents.server).await;
    let all = routes();
    let mut text = FORMS.to_owned();
    for route in all.iter().filter(|route| route.is_form()) {
        let caller = callers.iter().find(|caller| match route.whom {
            Whom::All => caller.is == Is::Nobody,
            Whom::Person => caller.is == Is::Person,
            _ => caller.is == Is::Admin,
        });
        let has_page = all
            .iter()
            .any(|other| other.path == route.path && !other.is_form());
        let results = misused(&contents, route, caller.unwrap(), has_page).await;
        text += &format!("\npost {}\n", route.path);
        for (how, status) in results {
            text += &format!("  {status}: {how}\n");
        }
    }
    compare("page-forms.txt", &text);
}

#[tokio::test]
async fn what_is_out_of_scope_is_as_absent_as_what_never_was() {
    let contents = Contents::new();
    let callers = Caller::all(&contents.server).await;
    let [elsewhere, ann] = [Is::Elsewhere, Is::Person]
        .map(|is| callers.iter().find(|caller| caller.is == is).unwrap());
    let body = json!({"source": "EVES", "user": "eve@contoso.example", "groups": ["south"]});
    let eves = contents.server.register(body).await;
    let mut looked_at = 0;
    for route in routes() {
        // Baselines are everybody's; tokens and sessions are the administrator's or one's own.
        let is_bound = |name| !["baseline", "token", "session"].contains(&name);
        if !route.parameters().next().is_some_and(is_bound) {
            continue;
        }
        let caller = if route.is_portal() { ann } else { elsewhere };
        if caller.verdict(route.whom) != Verdict::Admitted {
            continue;
        }
        let real = contents.fresh(&route, caller).await;
        let absent = absent(&real);
        let mut browser = match route.is_portal() {
            true => person(&contents.server, &eves).await,
            false => elsewhere.browser(&contents, &eves).await,
        };
        let token = csrf(&mut browser, caller, &route).await;
        let mut pages = Vec::new();
        for ids in [&real, &absent] {
            let page = send(&contents, &mut browser, &route, caller, ids, &token).await;
            pages.push((
                page.status,
                page.location().to_owned(),
                comparable(&page, ids),
            ));
        }
        assert_eq!(pages[0], pages[1], "{route:?}");
        // What concerns all devices is refused before anything is looked for.
        assert!(matches!(pages[0].0, 404 | 403), "{route:?}: {:?}", pages[0]);
        looked_at += usize::from(pages[0].0 == 404);
    }
    assert!(looked_at >= 30, "only {looked_at} routes were looked at");
}

/// Asks in a new browser, with a good form where it is one.
async fn ask(contents: &Contents, route: &Route, caller: &Caller, ids: &Ids) -> Page {
    let mut browser = caller.browser(contents, &ids["device"]).await;
    let token = match route.is_form() {
        true => csrf(&mut browser, caller, route).await,
        false => String::new(),
    };
    send(contents, &mut browser, route, caller, ids, &token).await
}

async fn send(
    contents: &Contents,
    browser: &mut Browser,
    route: &Route,
    caller: &Caller,
    ids: &Ids,
    csrf: &str,
) -> Page {
    let path = path_of(route, ids);
    if !route.is_form() {
        return browser.get(&path).await;
    }
    let fields = contents.fields(route, caller, ids).await;
    let mut all = vec![("csrf", csrf)];
    all.extend(fields.iter().map(|(name, text)| (*name, text.as_str())));
    browser.post(&path, &all).await
}

/// What a caller gets by the table, whatever the committed file says.
fn check(route: &Route, caller: &Caller, page: &Page) {
    let (is, name) = (page.status, caller.name);
    let site = if route.is_portal() {
        "/portal"
    } else {
        "/console"
    };
    let to_sign_in = page.location().starts_with(&format!("{site}/sign-in?to="));
    match caller.verdict(route.whom) {
        Verdict::SignIn if route.is_form() => assert_eq!(is, 401, "{route:?} {name}"),
        Verdict::SignIn => assert!(is == 303 && to_sign_in, "{route:?} {name}: {page:?}"),
        Verdict::Forbidden => {
            assert_eq!(is, 403, "{route:?} {name}");
            let words = page.words();
            assert!(words.contains("this needs the role"), "{route:?}: {words}");
        }
        Verdict::Admitted => {
            assert!(
                is < 500 && is != 401 && !to_sign_in,
                "{route:?} {name}: {page:?}"
            );
            let may_be_bound = caller.is == Is::Elsewhere;
            assert!(is != 403 || may_be_bound, "{route:?} {name}: {page:?}");
        }
    }
}

/// A good form sent in every wrong way: how, and the status. The log stays as long as it was.
async fn misused(
    contents: &Contents,
    route: &Route,
    caller: &Caller,
    has_page: bool,
) -> Vec<(&'static str, u16)> {
    let ids = contents.fresh(route, caller).await;
    let mut browser = caller.browser(contents, &ids["device"]).await;
    let mut other = caller.browser(contents, &ids["device"]).await;
    let own = csrf(&mut browser, caller, route).await;
    let foreign = csrf(&mut other, caller, route).await;
    assert_ne!(own, foreign, "{route:?}");
    let fields = contents.fields(route, caller, &ids).await;
    let body = |csrf: Option<&str>| {
        let csrf = csrf.map(|csrf| ("csrf", csrf.to_owned()));
        let all: Vec<_> = csrf.into_iter().chain(fields.iter().cloned()).collect();
        serde_urlencoded::to_string(all).unwrap()
    };
    let (good, large) = (body(Some(&own)), "x".repeat(256 * 1024));
    let large = format!("{good}&x={large}");
    type Sent<'a> = (
        &'a str,
        &'a str,
        Option<(&'static str, &'a str)>,
        String,
        u16,
    );
    let forms: [Sent<'_>; 8] = [
        ("no token", FORM, None, body(None), 403),
        (
            "the token of another session",
            FORM,
            None,
            body(Some(&foreign)),
            403,
        ),
        (
            "Sec-Fetch-Site: cross-site",
            FORM,
            Some(("sec-fetch-site", "cross-site")),
            good.clone(),
            403,
        ),
        (
            "Origin of another site",
            FORM,
            Some(("origin", "https://evil.example")),
            good.clone(),
            403,
        ),
        ("as text/plain", "text/plain", None, good.clone(), 415),
        (
            "as application/json",
            "application/json",
            None,
            "{}".to_owned(),
            415,
        ),
        (
            "as multipart/form-data",
            "multipart/form-data; boundary=x",
            None,
            good,
            415,
        ),
        ("more than 256 KiB", FORM, None, large, 413),
    ];
    let before = contents.done().await;
    let path = path_of(route, &ids);
    let usual = browser.headers.clone();
    let mut results = Vec::new();
    for (how, kind, header, body, expected) in forms {
        browser
            .headers
            .extend(header.map(|(name, value)| (name, value.to_owned())));
        let page = browser.send_as(Method::POST, &path, kind, Some(body)).await;
        assert_eq!(page.status, expected, "{route:?}, {how}: {page:?}");
        results.push((how, page.status));
        browser.headers.clone_from(&usual);
    }
    let page = browser.get(&path).await;
    assert_eq!(page.status == 405, !has_page, "{route:?}: {page:?}");
    results.push(("GET", page.status));
    let after = contents.done().await;
    assert_eq!(before.len(), after.len(), "{route:?}: {:?}", after.last());
    results
}

fn path_of(route: &Route, ids: &Ids) -> String {
    let fill = |path: String, name| path.replace(&format!("{{{name}}}"), &ids[name]);
    route.parameters().fold(route.path.to_owned(), fill)
}

/// Ids of the same form that nothing has.
fn absent(real: &Ids) -> Ids {
    let other = |(&name, id): (&&'static str, &String)| {
        let id = match name {
            "app" => "erp-999999999".to_owned(),
            "place" => "999999999".to_owned(),
            _ => id
                .chars()
                .enumerate()
                .map(|(at, c)| if at < 32 && c != '-' { '0' } else { c })
                .collect(),
        };
        (name, id)
    };
    real.iter().map(other).collect()
}

/// A page without what belongs to the request itself: ids in its address, the request's id, and
/// the foot, which has address and time.
fn comparable(page: &Page, ids: &Ids) -> String {
    // Short ones stand in no page but in its address, and by chance in anything.
    let long = ids.iter().filter(|(_, id)| id.len() >= 32);
    let named = long.fold(page.text.clone(), |text, (name, id)| text.replace(id, name));
    let page = named.split("<footer").next().unwrap();
    let (before, rest) = page
        .split_once("<span class=\"code\">")
        .unwrap_or((page, "</span>"));
    let (_, after) = rest.split_once("</span>").unwrap();
    format!("{before}{after}")
}

/// Where a page leads, with names instead of ids.
fn nameless(location: &str, ids: &Ids) -> String {
    let mut plain = location.to_owned();
    for (code, character) in [
        ("%2F", "/"),
        ("%2D", "-"),
        ("%3F", "?"),
        ("%3D", "="),
        ("%2E", "."),
    ] {
        plain = plain.replace(code, character);
    }
    let is_end = |character: char| "/?#&=".contains(character);
    let words = plain.split_inclusive(is_end).map(|word| {
        let end = word.chars().last().filter(|&last| is_end(last));
        let word = word.trim_end_matches(is_end);
        let known = ids.iter().find(|(_, id)| *id == word);
        let is_new = word.chars().any(|c| c.is_ascii_digit());
        let word = match known {
            Some((name, _)) => format!("{{{name}}}"),
            None if is_new => "{new}".to_owned(),
            None => word.to_owned(),
        };
        word + &end.map(String::from).unwrap_or_default()
    });
    words.collect()
}

/// Compares with a committed file, or writes it.
fn compare(name: &str, text: &str) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differing: Vec<String> = committed
        .split("\n\n")
        .filter(|part| !text.split("\n\n").any(|now| now.trim() == part.trim()))
        .map(|part| format!("- {part}"))
        .chain(
            text.split("\n\n")
                .filter(|part| !committed.split("\n\n").any(|was| was.trim() == part.trim()))
                .map(|part| format!("+ {part}")),
        )
        .collect();
    assert!(
        committed == text,
        "{name} is another; look at the difference after UPDATE_GOLDEN=1:\n{}",
        differing.join("\n")
    );
}
