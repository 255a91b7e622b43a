//! `/portal/link/{token}`: a one-time link. Looking at it changes nothing, since programs that
//! check mail look at every link; the person's tap takes it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::portal_links;
use crate::app::web_sessions::NewSession;
use crate::http::pages::sign_in;
use crate::http::pages::visitor::{Guest, Page, page, render};
use modegate_core::portal_link::{LinkDigest, LinkFault, LinkProof, PortalLink};
use modegate_core::tokens::Role;
use modegate_core::web_session::{SessionDigest, Subject, Surface};
use modegate_pages::Shell;
use modegate_pages::portal::{LinkPage, UnusableLinkPage};
use modegate_pages::words::{PortalWord, Text as _};

/// Longest text of a link that is looked up, bytes.
const TEXT_BYTES: usize = 128;

/// `GET /portal/link/{token}`: whose it is.
pub(in crate::http::pages) async fn show(
    guest: Guest,
    request: HttpRequest,
    path: web::Path<String>,
) -> Page {
    let app = &guest.shared.app;
    let found = match proof(&path) {
        Some(proof) => portal_links::look(app, proof).await?,
        None => Err(LinkFault::Unknown),
    };
    let link = match found {
        Ok(link) => link,
        Err(fault) => return unusable(&guest, &request, fault),
    };
    let tablet = portal_links::tablet(app, &link).await?;
    page(&LinkPage {
        shell: shell(&guest, PortalWord::LinkTitle),
        token: path.into_inner(),
        user: link.user,
        tablet,
    })
}

/// `POST /portal/link/{token}`: takes it, once.
pub(in crate::http::pages) async fn take(
    guest: Guest,
    request: HttpRequest,
    path: web::Path<String>,
) -> Page {
    let taken = match proof(&path) {
        Some(proof) => portal_links::take(&guest.shared.app, proof).await?,
        None => Err(LinkFault::Unknown),
    };
    match taken {
        Ok(link) => sign_in::begin(&guest, session(link), "").await,
        Err(fault) => unusable(&guest, &request, fault),
    }
}

fn proof(text: &str) -> Option<LinkProof> {
    let is_one = !text.is_empty() && text.len() <= TEXT_BYTES;
    is_one.then(|| LinkProof::Text(LinkDigest::from_text(text)))
}

/// The session of whom a link lets in.
pub(super) fn session(link: PortalLink) -> impl FnOnce(SessionDigest) -> NewSession {
    let person = link.person();
    move |key| NewSession {
        key,
        surface: Surface::Portal,
        subject: Subject::Person(person.id()),
        name: link.user,
        role: Role::Portal,
        groups: None,
        person: Some(person),
        by: "a one-time link",
    }
}

/// Why a link lets nobody in, in words.
pub(super) fn fault_word(fault: LinkFault) -> PortalWord {
    match fault {
        LinkFault::Unknown => PortalWord::LinkUnknown,
        LinkFault::Used => PortalWord::LinkUsed,
        LinkFault::Expired => PortalWord::LinkExpired,
        LinkFault::Ended => PortalWord::LinkEnded,
        LinkFault::TooManyTries => PortalWord::LinkTries,
        LinkFault::OtherUser => PortalWord::LinkOtherUser,
    }
}

fn unusable(guest: &Guest, request: &HttpRequest, fault: LinkFault) -> Page {
    let status = match fault {
        LinkFault::Unknown => {
            let address = guest.shared.identifier.client_address(request);
            guest.shared.rates.admit_sign_in(address)?;
            StatusCode::NOT_FOUND
        }
        _ => StatusCode::GONE,
    };
    let text = render(&UnusableLinkPage {
        shell: shell(guest, PortalWord::LinkUnusable),
        why: fault_word(fault).text(guest.language),
    })?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(text))
}

/// Without the link in it: pages are printed with their address.
fn shell(guest: &Guest, title: PortalWord) -> Shell {
    let shell = guest.shell(title.text(guest.language));
    Shell {
        address: "/portal/link".to_owned(),
        ..shell
    }
}
