//! Logs, traces and how a trace travels: W3C `traceparent` through gRPC metadata and events.

use std::time::Duration;

use futures::future::BoxFuture;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::server::call;
use crate::settings::{Address, LogFormat, Settings, TelemetrySettings};

/// How long the collector may take to accept a batch of spans.
const EXPORT_WITHIN: Duration = Duration::from_secs(5);
/// Libraries whose own talk hides ours at the levels debug and trace.
const TALKATIVE: &str = "h2=info,hyper=info,hyper_util=info,tower=info,tonic=info,sqlx=info,opentelemetry=info,\
opentelemetry_sdk=info,opentelemetry-otlp=info";

/// Telemetry of a process while it runs.
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporter was not built.
    #[error("[telemetry] otlp_endpoint cannot be used: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// Something else already logs in this process.
    #[error("telemetry was started before in this process: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
    /// The filter of the log level.
    #[error("[telemetry] log_level cannot be used: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
}

/// Starts logs and traces for a process: `huiyin-intake` when it runs one service, `huiyin` when it
/// runs several (their spans carry `service`). Call it inside the runtime.
///
/// # Errors
/// When the collector's address cannot be used, or telemetry was started before.
pub fn start(settings: &Settings, process: &str) -> Result<Telemetry, TelemetryError> {
    let settings = &settings.telemetry;
    let traces = match &settings.otlp_endpoint {
        Some(endpoint) => Some(tracer_provider(endpoint, settings.trace_ratio, process)?),
        None => None,
    };
    let spans = traces.as_ref().map(|provider| {
        // spans of ours are written at info; the log level has no say in traces
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("huiyin"))
            .with_filter(LevelFilter::INFO)
    });
    tracing_subscriber::registry()
        .with(log_layer(settings)?)
        .with(spans)
        .try_init()?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let words = crate::lifecycle::panic_words(panic.payload());
        tracing::error!(panic = words, place, trace = trace_or_request(), "panicked");
    }));
    Ok(Telemetry { traces })
}

impl Telemetry {
    /// Sends the spans that still wait.
    pub fn shutdown(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Some(traces) = self.traces else { return };
            // the exporter needs the runtime that a blocking wait would hold up
            match tokio::task::spawn_blocking(move || traces.shutdown()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "the last spans were not sent"),
                Err(error) => tracing::warn!(%error, "the last spans were not sent"),
            }
        })
    }
}

/// The `traceparent` of the current span; empty when there is none or traces are off.
#[must_use]
pub fn trace_parent() -> String {
    trace_parent_of(&tracing::Span::current())
}

/// The `traceparent` of a span; empty when it is in no trace.
#[must_use]
pub fn trace_parent_of(span: &tracing::Span) -> String {
    let context = span.context();
    let span = context.span();
    let known = span.span_context();
    if !known.is_valid() {
        return String::new();
    }
    format!(
        "00-{}-{}-{:02x}",
        known.trace_id(),
        known.span_id(),
        known.trace_flags().to_u8()
    )
}

/// The trace the current span belongs to, as 32 hexadecimal digits.
#[must_use]
pub fn trace_id() -> Option<String> {
    trace_parent().split('-').nth(1).map(str::to_owned)
}

/// What leads from an answer to the log: the trace, or else the id of the call.
#[must_use]
pub fn trace_or_request() -> String {
    trace_id()
        .or_else(call::request_id)
        .unwrap_or_else(|| "none".to_owned())
}

/// Makes a span a child of the one a `traceparent` names; before the span is entered. What is no
/// `traceparent` changes nothing.
pub fn set_parent(span: &tracing::Span, trace_parent: &str) {
    let Some(parent) = parse(trace_parent) else {
        return;
    };
    let parent = opentelemetry::Context::new().with_remote_span_context(parent);
    if let Err(error) = span.set_parent(parent) {
        tracing::trace!(%error, "a span goes without its parent");
    }
}

/// Whether a `traceparent` names a trace that is recorded.
#[must_use]
pub fn is_sampled(trace_parent: &str) -> bool {
    parse(trace_parent).is_some_and(|parent| parent.is_sampled())
}

/// <https://www.w3.org/TR/trace-context/#traceparent-header>
fn parse(trace_parent: &str) -> Option<SpanContext> {
    let mut parts = trace_parent.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let whole = version.len() == 2 && trace.len() == 32 && span.len() == 16 && flags.len() == 2;
    // only later versions may add parts, and ff is none
    let closed = parts.next().is_none() || version != "00";
    if !whole || !closed || version == "ff" {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

fn tracer_provider(
    endpoint: &Address,
    ratio: f64,
    process: &str,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint.to_string())
        .with_timeout(EXPORT_WITHIN)
        .build()?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            ratio,
        ))))
        .with_resource(
            Resource::builder()
                .with_service_name(process.to_owned())
                .build(),
        )
        .build())
}

fn log_layer(
    settings: &TelemetrySettings,
) -> Result<Box<dyn Layer<Registry> + Send + Sync>, TelemetryError> {
    let level = settings.log_level.to_string().to_lowercase();
    let directives = if settings.log_level > tracing::Level::INFO {
        format!("{level},{TALKATIVE}")
    } else {
        level
    };
    let filter = EnvFilter::try_new(directives)?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    Ok(match settings.log_format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
        LogFormat::Text => lines.with_target(false).with_filter(filter).boxed(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn with_traces<T>(act: impl FnOnce() -> T) -> T {
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
            .build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), act)
    }

    #[test]
    fn a_trace_goes_through_a_span() {
        with_traces(|| {
            let span = tracing::info_span!("work");
            set_parent(&span, PARENT);
            span.in_scope(|| {
                let child = trace_parent();
                assert!(is_sampled(&child), "{child}");
                assert_eq!(
                    trace_id().as_deref(),
                    Some("4bf92f3577b34da6a3ce929d0e0e4736")
                );
                assert_ne!(child, PARENT);
            });
        });
    }

    #[test]
    fn a_trace_that_is_not_recorded_stays_so() {
        with_traces(|| {
            let span = tracing::info_span!("work");
            set_parent(&span, &PARENT.replace("-01", "-00"));
            span.in_scope(|| {
                let child = trace_parent();
                assert!(
                    child.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")
                        && !is_sampled(&child),
                    "{child}"
                );
            });
        });
    }

    #[test]
    fn without_traces_there_is_no_parent() {
        assert_eq!(trace_parent(), "");
        assert_eq!(trace_or_request(), "none");
        set_parent(&tracing::Span::none(), PARENT);
    }

    #[test]
    fn what_is_no_traceparent_is_not_sampled() {
        assert!(is_sampled(PARENT));
        for wrong in [
            "",
            "00-4bf9-00f0-01",
            &PARENT.replace("00-4", "ff-4"),
            &format!("{PARENT}-x"),
            &PARENT.replace('b', "x"),
        ] {
            assert!(!is_sampled(wrong), "{wrong}");
        }
        assert!(!is_sampled(
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01"
        ));
    }
}
