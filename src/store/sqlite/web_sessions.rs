//! Sessions of people in a browser. When one was used last and when it ends stand in columns
//! of their own, so that writing them down seals nothing anew.

use rusqlite::{Connection, Params, Row, params};

use super::error::failed;
use super::events;
use super::query::{self, run, value};
use super::rows::{self, signed, unsigned};
use crate::seal::{Keys, SealContext};
use crate::{Purged, StoreError};
use modegate_core::event::Event;
use modegate_core::time::Timestamp;
use modegate_core::web_session::{
    SESSIONS_OF_SUBJECT, SessionDigest, Subject, WebSession, WebSessionId, check_room,
};

pub(super) fn put(
    db: &Connection,
    keys: &Keys,
    session: &WebSession,
    event: Option<Event>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT number FROM web_session WHERE id = ?1";
    let known = query::first(db, sql, [session.id.0.as_bytes()], |row| row.get(0))?;
    let number: i64 = match known {
        Some(number) => number,
        None => make_room(db, session.subject, now)?,
    };
    let sealed = rows::seal(keys, SealContext::WebSession(unsigned(number)), session)?;
    let row = params![
        number,
        session.id.0.as_bytes(),
        session.key.0,
        session.subject.to_bytes(),
        session.seen_at.0,
        session.ends_unused_at().0,
        sealed
    ];
    let sql = "INSERT OR REPLACE INTO web_session VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    run(db, sql, row)?;
    log(db, event)
}

/// The number of a new session of a subject. What has ended, and what the subject has too
/// many of, goes.
fn make_room(db: &Connection, subject: Subject, now: Timestamp) -> Result<i64, StoreError> {
    let (count, last) = rows::count_and_last(db, "web_session")?;
    if check_room(count).is_err() {
        run(db, "DELETE FROM web_session WHERE ends <= ?1", [now.0])?;
        check_room(rows::count_and_last(db, "web_session")?.0)?;
    }
    let sql = "DELETE FROM web_session WHERE number IN (SELECT number FROM web_session \
               WHERE subject = ?1 ORDER BY seen DESC, number DESC LIMIT -1 OFFSET ?2)";
    let stay = signed(SESSIONS_OF_SUBJECT - 1);
    run(db, sql, params![subject.to_bytes(), stay])?;
    Ok(signed(last + 1))
}

fn log(db: &Connection, event: Option<Event>) -> Result<(), StoreError> {
    match event {
        Some(event) => events::log(db, &mut [event]),
        None => Ok(()),
    }
}

pub(super) fn by_key(
    db: &Connection,
    keys: &Keys,
    key: SessionDigest,
) -> Result<Option<WebSession>, StoreError> {
    let sql = "SELECT number, sealed, seen FROM web_session WHERE key = ?1";
    let found = select(db, keys, sql, [key.0])?.pop();
    Ok(found.map(|(_, session)| session))
}

fn by_id(
    db: &Connection,
    keys: &Keys,
    id: WebSessionId,
) -> Result<Option<(u64, WebSession)>, StoreError> {
    let sql = "SELECT number, sealed, seen FROM web_session WHERE id = ?1";
    Ok(select(db, keys, sql, [id.0.as_bytes()])?.pop())
}

/// Sessions with their numbers, from rows of a number, the sealed session and when it was used.
fn select(
    db: &Connection,
    keys: &Keys,
    sql: &str,
    params: impl Params,
) -> Result<Vec<(u64, WebSession)>, StoreError> {
    let read = |row: &Row<'_>| {
        let (number, sealed) = rows::numbered(row)?;
        Ok((number, sealed, Timestamp(row.get(2)?)))
    };
    let found = query::all(db, sql, params, read)?.into_iter();
    found
        .map(|(number, sealed, seen_at)| {
            let session = rows::open(keys, SealContext::WebSession(number), &sealed)?;
            Ok((number, WebSession { seen_at, ..session }))
        })
        .collect()
}

pub(super) fn seen(
    db: &Connection,
    keys: &Keys,
    id: WebSessionId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let Some((number, session)) = by_id(db, keys, id)? else {
        return Ok(());
    };
    if at <= session.seen_at {
        return Ok(());
    }
    let session = WebSession {
        seen_at: at,
        ..session
    };
    let row = params![signed(number), at.0, session.ends_unused_at().0];
    let sql = "UPDATE web_session SET seen = ?2, ends = ?3 WHERE number = ?1";
    run(db, sql, row)
}

pub(super) fn list(
    db: &Connection,
    keys: &Keys,
    of: Option<Subject>,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, WebSession)>, StoreError> {
    let (before, limit) = (signed(before), signed(limit as u64));
    match of {
        None => {
            let sql = "SELECT number, sealed, seen FROM web_session WHERE number < ?1 \
                       ORDER BY number DESC LIMIT ?2";
            select(db, keys, sql, [before, limit])
        }
        Some(subject) => {
            let sql = "SELECT number, sealed, seen FROM web_session WHERE subject = ?1 AND number < ?2 \
                       ORDER BY number DESC LIMIT ?3";
            select(db, keys, sql, params![subject.to_bytes(), before, limit])
        }
    }
}

pub(super) fn end(
    db: &Connection,
    keys: &Keys,
    id: WebSessionId,
    event: Option<Event>,
) -> Result<Option<WebSession>, StoreError> {
    let Some((number, session)) = by_id(db, keys, id)? else {
        return Ok(None);
    };
    let sql = "DELETE FROM web_session WHERE number = ?1";
    run(db, sql, [signed(number)])?;
    log(db, event)?;
    Ok(Some(session))
}

pub(super) fn end_of(
    db: &Connection,
    subject: Subject,
    event: Option<Event>,
) -> Result<u64, StoreError> {
    let sql = "SELECT count(*) FROM web_session WHERE subject = ?1";
    let count = unsigned(value(db, sql, [subject.to_bytes()])?);
    if count == 0 {
        return Ok(0);
    }
    let sql = "DELETE FROM web_session WHERE subject = ?1";
    run(db, sql, [subject.to_bytes()])?;
    let counted = event.map(|event| {
        let detail = format!("{count} {}", event.detail.as_deref().unwrap_or_default());
        event.detail(detail)
    });
    log(db, counted)?;
    Ok(count)
}

/// The first rows of a table that `column` says are old are deleted, at most `most`.
pub(super) fn purge(
    db: &Connection,
    sql: &'static str,
    until: Timestamp,
    most: usize,
) -> Result<Purged, StoreError> {
    let mut statement = db.prepare_cached(sql).map_err(failed)?;
    let which = params![until.0, signed(most as u64)];
    let deleted = statement.execute(which).map_err(failed)?;
    Ok(Purged {
        count: deleted as u64,
        more: deleted == most,
    })
}
