//! The HTTP pages of a process: `/metrics`, `/live` and `/ready`.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use futures::future::BoxFuture;
use http::{StatusCode, header};
use tokio::net::TcpListener;

use super::{ServeError, refusal};
use crate::lifecycle::Stopper;
use crate::metrics;

/// What Prometheus reads.
const TEXT: [(header::HeaderName, &str); 1] = [(
    header::CONTENT_TYPE,
    "text/plain; version=0.0.4; charset=utf-8",
)];
/// How long a page may take after everything else has ended.
const END_WITHIN: Duration = Duration::from_millis(500);

/// Listens at `[telemetry] metrics_listen`.
///
/// # Errors
/// [`ServeError::Taken`] when another process listens there.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, ServeError> {
    let refused = |error| refusal(listen, "[telemetry] metrics_listen".to_owned(), error);
    TcpListener::bind(listen).await.map_err(refused)
}

/// Serves the pages until the servers of the process have drained.
pub fn serve(listener: TcpListener, stopper: Stopper) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let router = Router::new()
            .route("/metrics", get(async || (TEXT, metrics::render())))
            .route("/live", get(async || "live\n"))
            .route("/ready", get(ready))
            .with_state(stopper.clone());
        let ending = stopper.clone();
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(async move { ending.drained().await });
        let late = async {
            stopper.drained().await;
            tokio::time::sleep(END_WITHIN).await;
        };
        tokio::select! {
            ended = served => if let Err(error) = ended {
                tracing::error!(%error, "the pages cannot be served");
            },
            () = late => {}
        }
    })
}

/// Ready when every gRPC service of the process is serving; says which are not.
async fn ready(State(stopper): State<Stopper>) -> (StatusCode, String) {
    let readiness = stopper.readiness();
    let status = if readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, readiness.to_string())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_pages_tell_metrics_and_readiness() {
        let stopper = Stopper::new();
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(serve(listener, stopper.clone()));
        metrics::count("huiyin_test_pages", 1, &[]);
        assert!(
            get(address, "/metrics")
                .await
                .contains("huiyin_test_pages_total 1")
        );
        assert!(get(address, "/live").await.starts_with("HTTP/1.1 200"));
        stopper
            .readiness()
            .set("huiyin.intake.v1.IntakeService", false);
        let answer = get(address, "/ready").await;
        assert!(
            answer.starts_with("HTTP/1.1 503") && answer.contains("IntakeService not serving"),
            "{answer}"
        );
        stopper
            .readiness()
            .set("huiyin.intake.v1.IntakeService", true);
        assert!(get(address, "/ready").await.starts_with("HTTP/1.1 200"));
        stopper.stop();
        served.await.unwrap();
    }
}
