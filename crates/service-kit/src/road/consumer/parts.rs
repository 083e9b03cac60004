//! Runs of entries: decoded, and cut so that what is traced stands alone.

use huiyin_proto::events::v1::Event;
use prost::Message as _;

use super::Via;
use crate::road::sequencer::Sequenced;
use crate::status::Problem;
use crate::telemetry;

/// The events of a run.
pub(crate) fn decode(part: &[Sequenced]) -> Result<Vec<Event>, Problem> {
    part.iter()
        .map(|entry| {
            Event::decode(entry.payload.as_slice()).map_err(|error| {
                Problem::Unexpected(format!("entry {} does not decode: {error}", entry.seq))
            })
        })
        .collect()
}

/// Cuts a run so that every traced event stands alone and gets its own span.
pub(super) fn parts(run: Vec<Sequenced>) -> Vec<Vec<Sequenced>> {
    let mut parts: Vec<Vec<Sequenced>> = Vec::new();
    let mut last_was_traced = true;
    for entry in run {
        let traced = is_traced(&entry);
        match parts.last_mut() {
            Some(part) if !traced && !last_was_traced => part.push(entry),
            Some(_) | None => parts.push(vec![entry]),
        }
        last_was_traced = traced;
    }
    parts
}

fn trace_of(entry: &Sequenced) -> String {
    Event::decode(entry.payload.as_slice())
        .map(|event| event.trace_parent)
        .unwrap_or_default()
}

fn is_traced(entry: &Sequenced) -> bool {
    telemetry::is_sampled(&trace_of(entry))
}

/// The span of a part that is traced; none of others.
pub(super) fn span_of(part: &[Sequenced], stream: &str, via: Via) -> tracing::Span {
    let traced = part
        .first()
        .map(trace_of)
        .filter(|trace| telemetry::is_sampled(trace));
    let Some(trace_parent) = traced else {
        return tracing::Span::none();
    };
    let seq = part.first().map_or(0, |entry| entry.seq);
    let span = tracing::info_span!(
        "react",
        otel.name = %format!("react {stream}"),
        messaging.system = via.system(),
        stream,
        seq
    );
    telemetry::set_parent(&span, &trace_parent);
    span
}
