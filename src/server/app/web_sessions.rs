//! Who is signed in to the pages. The store keeps sessions, so that a restart signs nobody out;
//! those in use are in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{App, AppError, Principal, to_the_end};
use modegate_core::event::{Event, EventType};
use modegate_core::time::Timestamp;
use modegate_core::tokens::person::Person;
use modegate_core::tokens::{Role, Token, TokenDigest, TokenId};
use modegate_core::web_session::{
    SESSIONS, SESSIONS_OF_SUBJECT, SessionDigest, Subject, Surface, WebSession, WebSessionId,
};

const MINUTE: i64 = 60_000;

/// When sessions end, in milliseconds: without use, and in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) idle_ms: i64,
    pub(crate) whole_ms: i64,
}

impl Lifetime {
    /// So many minutes without use, and so many in all.
    pub(crate) fn of_minutes(idle: u32, whole: u32) -> Self {
        Lifetime {
            idle_ms: i64::from(idle) * MINUTE,
            whole_ms: i64::from(whole) * MINUTE,
        }
    }
}

/// The sessions in use, and when new ones end.
#[derive(Debug)]
pub(crate) struct WebSessions {
    /// Of the console.
    pub(crate) console: Lifetime,
    /// Of the portal.
    pub(crate) portal: Lifetime,
    in_use: RwLock<InUse>,
}

#[derive(Debug, Default)]
struct InUse {
    sessions: HashMap<SessionDigest, Arc<WebSession>>,
    /// How often some were ended: what was read from the store before may be one of them.
    ended: u64,
}

impl WebSessions {
    /// None in use yet.
    pub(crate) fn new(console: Lifetime, portal: Lifetime) -> Self {
        WebSessions {
            console,
            portal,
            in_use: RwLock::default(),
        }
    }

    fn lifetime(&self, surface: Surface) -> Lifetime {
        match surface {
            Surface::Console => self.console,
            Surface::Portal => self.portal,
        }
    }

    /// The session with this key, if it is in use, and how often some were ended until now.
    fn find(&self, key: SessionDigest) -> (Option<Arc<WebSession>>, u64) {
        let in_use = self.in_use.read().unwrap_or_else(PoisonError::into_inner);
        (in_use.sessions.get(&key).cloned(), in_use.ended)
    }

    /// Takes over a session that was found when some had been ended so often: one that may
    /// have been ended since is not taken over, and is read again when it is next asked for.
    fn keep(&self, session: Arc<WebSession>, ended: u64, now: Timestamp) {
        let mut in_use = self.in_use.write().unwrap_or_else(PoisonError::into_inner);
        if in_use.ended != ended {
            in_use.sessions.remove(&session.key);
            return;
        }
        if in_use.sessions.len() as u64 >= SESSIONS {
            in_use.sessions.retain(|_, session| session.is_live(now));
        }
        if (in_use.sessions.len() as u64) < SESSIONS {
            in_use.sessions.insert(session.key, session);
        }
    }

    fn forget(&self, is_ended: impl Fn(&WebSession) -> bool) {
        let mut in_use = self.in_use.write().unwrap_or_else(PoisonError::into_inner);
        in_use.ended += 1;
        in_use.sessions.retain(|_, session| !is_ended(session));
    }

    /// The sessions of a subject were ended.
    pub(super) fn forget_of(&self, subject: Subject) {
        self.forget(|session| session.subject == subject);
    }

    /// The session with this key has ended by itself: it needs no place any more.
    fn expired(&self, key: SessionDigest) {
        let mut in_use = self.in_use.write().unwrap_or_else(PoisonError::into_inner);
        in_use.sessions.remove(&key);
    }
}

/// Who is to be signed in.
#[derive(Debug, Clone)]
pub(crate) struct NewSession {
    /// The digest of the key that the browser is given.
    pub(crate) key: SessionDigest,
    /// What they sign in to.
    pub(crate) surface: Surface,
    /// Who it is.
    pub(crate) subject: Subject,
    /// How pages name them.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// The groups that they are bound to.
    pub(crate) groups: Option<Vec<String>>,
    /// The person for whom the session acts.
    pub(crate) person: Option<Person>,
    /// By what they showed who they are, for the log: "a token".
    pub(crate) by: &'static str,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn {
    /// Their session.
    pub(crate) session: Arc<WebSession>,
    /// What they may do, for use cases.
    pub(crate) principal: Principal,
}

/// Begins a session.
///
/// # Errors
/// There are too many.
pub(crate) async fn begin(app: &Arc<App>, new: NewSession) -> Result<(), AppError> {
    let now = app.now();
    let lifetime = app.web_sessions.lifetime(new.surface);
    let session = WebSession {
        id: WebSessionId(app.new_id()),
        key: new.key,
        surface: new.surface,
        subject: new.subject,
        name: new.name,
        role: new.role,
        groups: new.groups,
        person: new.person,
        language: None,
        made_at: now,
        seen_at: now,
        ends_at: now.plus_ms(lifetime.whole_ms),
        idle_ms: lifetime.idle_ms,
    };
    let detail = format!(
        "session {} of the {}, by {}",
        session.id,
        session.surface.name(),
        new.by
    );
    let opened = Event::new(now, actor(app, &session), None, EventType::SessionOpened);
    let event = opened.detail(detail);
    app.store.put_web_session(session, Some(event), now).await?;
    Ok(())
}

/// Who is signed in with this key, if its session has not ended. `is_use`: somebody asks, and
/// not a page that looks for news by itself.
pub(crate) async fn find(
    app: &App,
    key: SessionDigest,
    surface: Surface,
    is_use: bool,
) -> Result<Option<SignedIn>, AppError> {
    let now = app.now();
    let (in_use, ended) = app.web_sessions.find(key);
    let is_kept = in_use.is_some();
    let session = match in_use {
        Some(session) => session,
        None => match app.store.web_session(key).await? {
            None => return Ok(None),
            Some(session) => Arc::new(session),
        },
    };
    let token = token(app, &session, now).filter(|_| session.is_live(now));
    let Some(token) = token else {
        if is_kept {
            app.web_sessions.expired(key);
        }
        return Ok(None);
    };
    if session.surface != surface {
        return Ok(None);
    }
    if !is_kept {
        app.web_sessions.keep(Arc::clone(&session), ended, now);
    }
    if is_use && session.is_seen_anew(now) {
        let seen = WebSession {
            seen_at: now,
            ..(*session).clone()
        };
        app.store.web_session_seen(session.id, now).await?;
        app.web_sessions.keep(Arc::new(seen), ended, now);
    }
    let principal = Principal::of_session(token, &actor(app, &session));
    Ok(Some(SignedIn { session, principal }))
}

/// The language that somebody chose.
pub(crate) async fn speak(app: &App, session: &WebSession, tag: &str) -> Result<(), AppError> {
    let (now, (_, ended)) = (app.now(), app.web_sessions.find(session.key));
    let session = WebSession {
        language: Some(tag.to_owned()),
        ..session.clone()
    };
    app.store
        .put_web_session(session.clone(), None, now)
        .await?;
    if app.web_sessions.find(session.key).1 != ended {
        // It may have been ended meanwhile, and must not come back by what was written.
        app.store.end_web_session(session.id, None).await?;
    }
    app.web_sessions.keep(Arc::new(session), ended, now);
    Ok(())
}

/// Up to `limit` sessions with numbers below `before`, the newest first, with their numbers; of
/// one subject only, where one is named. Those that have ended are left out.
pub(crate) async fn list(
    app: &App,
    of: Option<Subject>,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, WebSession)>, AppError> {
    let now = app.now();
    let mut found = app.store.web_sessions(of, before, limit).await?;
    found.retain(|(_, session)| session.is_live(now) && token(app, session, now).is_some());
    Ok(found)
}

/// Ends a session; `false` where there is none of this id.
pub(crate) async fn end(
    app: &Arc<App>,
    by: &Principal,
    id: WebSessionId,
) -> Result<bool, AppError> {
    let event = Event::new(app.now(), by.actor(), None, EventType::SessionEnded);
    let (app, event) = (Arc::clone(app), event.detail(format!("session {id}")));
    // A session that was ended must not live on in memory.
    to_the_end(async move {
        let ended = app.store.end_web_session(id, Some(event)).await?;
        app.web_sessions.forget(|session| session.id == id);
        Ok(ended.is_some())
    })
    .await
}

/// The sessions of one subject, the newest first, and how pages name it: `None` where it is
/// nobody that could be signed in.
pub(crate) async fn of_subject(
    app: &App,
    subject: Subject,
) -> Result<Option<(String, Vec<WebSession>)>, AppError> {
    let most = usize::try_from(SESSIONS_OF_SUBJECT).unwrap_or(usize::MAX);
    let found = list(app, Some(subject), i64::MAX.unsigned_abs(), most).await?;
    let sessions: Vec<WebSession> = found.into_iter().map(|(_, session)| session).collect();
    let token = match subject {
        Subject::Token(id) => app.tokens.by_id(id, app.now()),
        Subject::Person(_) => None,
    };
    let named = sessions.first().map(|session| session.name.clone());
    let name = token.map(|token| token.name.clone()).or(named);
    Ok(name.map(|name| (name, sessions)))
}

/// Ends all sessions of a subject, of which there are at most [`SESSIONS_OF_SUBJECT`]; how many.
/// One event says so.
pub(crate) async fn end_all(
    app: &Arc<App>,
    by: &Principal,
    subject: Subject,
) -> Result<u64, AppError> {
    let of = match subject {
        Subject::Token(id) => format!("sessions of the token {id}"),
        Subject::Person(id) => format!("sessions of the person {id}"),
    };
    let event = Event::new(app.now(), by.actor(), None, EventType::SessionEnded);
    let (app, event) = (Arc::clone(app), event.detail(of));
    // A session that was ended must not live on in memory.
    to_the_end(async move {
        let ended = app.store.end_web_sessions_of(subject, Some(event)).await?;
        app.web_sessions.forget_of(subject);
        Ok(ended)
    })
    .await
}

/// Logs that somebody sent a form that is not for them.
///
/// # Errors
/// The log could not be written.
pub(crate) async fn log_refused_form(
    app: &App,
    by: &Principal,
    detail: String,
) -> Result<(), AppError> {
    let event = Event::new(app.now(), by.actor(), None, EventType::FormRefused);
    app.store.log(vec![event.detail(detail)]).await?;
    Ok(())
}

/// What the session may do. That of a token ends with the token.
fn token(app: &App, session: &WebSession, now: Timestamp) -> Option<Arc<Token>> {
    match session.subject {
        Subject::Token(id) => app.tokens.by_id(id, now),
        Subject::Person(_) => Some(Arc::new(Token {
            id: TokenId(session.id.0),
            name: session.name.clone(),
            role: session.role,
            groups: session.groups.clone(),
            digest: TokenDigest(session.key.0),
            created_at: session.made_at,
            created_by: "server".to_owned(),
            expires_at: Some(session.ends_at),
            person: session.person.clone(),
        })),
    }
}

/// How the log names who uses a session: a token by its name, which the log has anyway, a
/// person by a digest, since events stay for ever.
fn actor(app: &App, session: &WebSession) -> String {
    let token = match session.subject {
        Subject::Token(id) => app.tokens.by_id(id, app.now()),
        Subject::Person(_) => None,
    };
    token.map_or_else(
        || session.actor(),
        |token| format!("{}:{}", session.surface.name(), token.name),
    )
}
