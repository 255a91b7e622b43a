//! The misbehaviour that HTTP frameworks do not offer.

use std::any::Any;
use std::convert::Infallible;
use std::io::Write;
use std::net::{Shutdown, TcpStream as StdStream};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Extensions;
use actix_web::http::StatusCode;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use super::reply::Reply;

/// A second hold on the connection's socket, and how many notifications came by it.
struct Socket(StdStream, AtomicUsize);

/// actix's hook for a new connection.
pub(super) fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    let tcp = match connection.downcast_ref::<TlsStream<TcpStream>>() {
        Some(tls) => Some(tls.get_ref().0),
        None => connection.downcast_ref::<TcpStream>(),
    };
    if let Some(socket) = tcp.and_then(|tcp| tcp.as_fd().try_clone_to_owned().ok()) {
        data.insert(Socket(StdStream::from(socket), AtomicUsize::new(0)));
    }
}

/// Whether a notification came by this request's connection before.
pub(super) fn is_reused(request: &HttpRequest) -> bool {
    let socket = request.conn_data::<Socket>();
    socket.is_some_and(|Socket(_, before)| before.fetch_add(1, Ordering::Relaxed) > 0)
}

/// Does what a reply says. `None`: the usual is to be answered.
pub(super) async fn play(reply: Reply, request: &HttpRequest) -> Option<HttpResponse> {
    match reply {
        Reply::Says {
            code,
            headers,
            body,
        } => {
            let mut answer = HttpResponse::build(status(code));
            for header in headers {
                answer.append_header(header);
            }
            Some(answer.body(body))
        }
        Reply::Late(time) => {
            tokio::time::sleep(time).await;
            None
        }
        Reply::Held(permits) => {
            if let Ok(permit) = permits.acquire().await {
                permit.forget();
            }
            None
        }
        Reply::HangsUp => Some(cut(request, b"")),
        Reply::Garbage(bytes) => Some(cut(request, &bytes)),
        Reply::Endless(code) => Some(HttpResponse::build(status(code)).body(Endless)),
        Reply::Stalls(code) => Some(HttpResponse::build(status(code)).body(Stalled(false))),
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Writes past the framework and closes the connection; the answer that is
/// returned for the framework's sake goes nowhere.
fn cut(request: &HttpRequest, bytes: &[u8]) -> HttpResponse {
    if let Some(Socket(socket, _)) = request.conn_data::<Socket>() {
        let mut writer = socket;
        // The other side may be gone already, which is as good.
        let _ = writer.write_all(bytes);
        let _ = socket.shutdown(Shutdown::Both);
    }
    HttpResponse::InternalServerError().finish()
}

/// A body without end.
struct Endless;

impl MessageBody for Endless {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        const PIECE: &[u8] = &[b' '; 4096];
        Poll::Ready(Some(Ok(Bytes::from_static(PIECE))))
    }
}

/// A body that begins and does not go on; whether it has begun.
struct Stalled(bool);

impl MessageBody for Stalled {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(1_000)
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        if self.0 {
            // Nobody wakes it, which is the point.
            return Poll::Pending;
        }
        self.0 = true;
        Poll::Ready(Some(Ok(Bytes::from_static(b"{"))))
    }
}
