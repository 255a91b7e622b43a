//! What the application tells a connection of its requests: when one begins, when its
//! answer has left, and whether the request was read to its end.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_core::Stream;

use super::arrival::{Arrival, BodyPatience};
use super::progress::Progress;

/// Follows one request. A HEAD is answered without a body.
pub(in crate::http) async fn follow<B: MessageBody + Unpin + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Followed<B>>, Error> {
    let has_body = request.method() != Method::HEAD;
    let progress = request.conn_data::<Rc<Progress>>().map(Rc::clone);
    let body = RequestBody::of(&mut request, progress.clone());
    let mut following = progress.map(|progress| {
        progress.begun(body.is_some());
        Following {
            progress,
            is_read: true,
        }
    });
    let response = next.call(request).await;
    let is_read = match body {
        None => true,
        Some(body) => body.read_rest().await,
    };
    if let Some(following) = &mut following {
        following.is_read = is_read;
    }
    let mut response = response?;
    if !is_read {
        // What is left of the request would have to be waited for.
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    Ok(response.map_body(|_, body| Followed {
        size: body.size(),
        body: has_body.then_some(body),
        _following: following,
    }))
}

/// A request in progress, until this is dropped.
struct Following {
    progress: Rc<Progress>,
    is_read: bool,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.progress.answered(self.is_read);
    }
}

/// The body of an answer; with its end the request is over.
pub(in crate::http) struct Followed<B> {
    size: BodySize,
    body: Option<B>,
    _following: Option<Following>,
}

impl<B: MessageBody + Unpin> MessageBody for Followed<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, B::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_next(context),
            None => Poll::Ready(None),
        }
    }
}

/// The body of a request, and whether its end was seen.
struct RequestBody {
    payload: Rc<RefCell<Payload>>,
    is_read: Rc<Cell<bool>>,
}

impl RequestBody {
    /// Stands between the request and its body; `None` where there is none.
    fn of(request: &mut ServiceRequest, progress: Option<Rc<Progress>>) -> Option<Self> {
        let payload = match request.take_payload() {
            Payload::None => return None,
            payload => Rc::new(RefCell::new(payload)),
        };
        let is_read = Rc::new(Cell::new(false));
        let stream = Reading {
            payload: Rc::clone(&payload),
            is_read: Rc::clone(&is_read),
            patience: progress.as_deref().map(Progress::body_patience),
            progress,
            arrival: None,
        };
        request.set_payload(Payload::Stream {
            payload: Box::pin(stream),
        });
        Some(RequestBody { payload, is_read })
    }

    /// Whether all of it has arrived. What nobody asked for is read as far as it is there.
    async fn read_rest(self) -> bool {
        if self.is_read.get() {
            return true;
        }
        // What came with the head is handed over once it is waited for.
        tokio::task::yield_now().await;
        let mut context = Context::from_waker(Waker::noop());
        let mut payload = self.payload.borrow_mut();
        loop {
            match Pin::new(&mut *payload).poll_next(&mut context) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(None) => return true,
                Poll::Ready(Some(Err(_))) | Poll::Pending => return false,
            }
        }
    }
}

struct Reading {
    payload: Rc<RefCell<Payload>>,
    is_read: Rc<Cell<bool>>,
    progress: Option<Rc<Progress>>,
    patience: Option<BodyPatience>,
    /// Since it is waited for.
    arrival: Option<Arrival>,
}

impl Stream for Reading {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let next = Pin::new(&mut *this.payload.borrow_mut()).poll_next(context);
        if let Some(patience) = this.patience {
            let arrival = this.arrival.get_or_insert_with(|| Arrival::begin(patience));
            if let Poll::Ready(Some(Ok(chunk))) = &next {
                arrival.arrived(chunk.len());
            }
            if !matches!(next, Poll::Ready(None | Some(Err(_))))
                && let Poll::Ready(late) = arrival.poll_late(context)
            {
                return Poll::Ready(Some(Err(late.into_error())));
            }
        }
        if let Poll::Ready(None) = next {
            this.is_read.set(true);
            if let Some(progress) = &this.progress {
                progress.complete();
            }
        }
        next
    }
}
