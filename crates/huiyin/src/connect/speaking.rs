//! Calls in the name of posts: a system that serves the desks of many organs says with each call for which it speaks.

use std::task::{Context, Poll};

use futures::future::BoxFuture;
use huiyin_service_kit::client::{CALLER, SpokenFor, TokenSource};
use tonic::body::Body;
use tonic::codegen::{StdError, http};
use tonic::transport::Channel;
use tonic::{Request, Status};
use tower::{Service, ServiceExt as _};

/// A call for a post of an organ: as this post, if whoever calls may speak for it. An organ that is no id is nobody.
pub fn by<M>(organ: &str, post: &str, message: M) -> Request<M> {
    let mut request = Request::new(message);
    if let Ok(organ) = organ.parse() {
        let post = post.to_owned();
        request.extensions_mut().insert(SpokenFor { organ, post });
    }
    request
}

/// A channel whose calls say for whom they are made, as far as [`by`] tells it.
#[derive(Clone, Debug)]
pub struct Speaking {
    channel: Channel,
    tokens: Option<TokenSource>,
}

impl Speaking {
    /// Over a channel whose other end believes what it is told: without TLS, in development alone.
    #[must_use]
    pub const fn over(channel: Channel) -> Self {
        Self {
            channel,
            tokens: None,
        }
    }

    /// Over a channel whose other end wants a token for each post.
    #[must_use]
    pub const fn by_tokens(channel: Channel, tokens: TokenSource) -> Self {
        Self {
            channel,
            tokens: Some(tokens),
        }
    }
}

/// Says for whom a call is made; nothing for one that is made by the caller itself.
async fn say(
    tokens: Option<&TokenSource>,
    request: &mut http::Request<Body>,
) -> Result<(), Status> {
    let Some(spoken_for) = request.extensions().get::<SpokenFor>().cloned() else {
        return Ok(());
    };
    let (name, value) = match tokens {
        Some(tokens) => {
            let token = tokens.authorization(&spoken_for).await;
            let token = token.map_err(|away| Status::unavailable(away.to_string()))?;
            ("authorization", token.to_str().map(str::to_owned).ok())
        }
        None => {
            let SpokenFor { organ, post } = spoken_for;
            (CALLER, Some(format!("organ/{organ}/post/{post}")))
        }
    };
    if let Some(Ok(value)) = value.map(http::HeaderValue::try_from) {
        request.headers_mut().insert(name, value);
    }
    Ok(())
}

impl Service<http::Request<Body>> for Speaking {
    type Response = http::Response<Body>;
    type Error = StdError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // each call waits for its own turn, after it knows for whom it is
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let Self { channel, tokens } = self.clone();
        Box::pin(async move {
            if let Err(status) = say(tokens.as_ref(), &mut request).await {
                return Ok(status.into_http());
            }
            Ok(channel.oneshot(request).await?)
        })
    }
}
