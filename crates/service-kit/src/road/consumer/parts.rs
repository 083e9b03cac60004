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

/// Cuts a run so that what is traced gets its own span. What one call told stays together: a warning to thousands of offices is
/// received in runs whether it is traced or not.
pub(super) fn parts(run: Vec<Sequenced>) -> Vec<Vec<Sequenced>> {
    let mut parts: Vec<(Option<String>, Vec<Sequenced>)> = Vec::new();
    for entry in run {
        let trace = sampled(&entry);
        match parts.last_mut() {
            Some((last, part)) if *last == trace => part.push(entry),
            Some(_) | None => parts.push((trace, vec![entry])),
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

/// The trace of an entry that is traced.
fn sampled(entry: &Sequenced) -> Option<String> {
    Some(trace_of(entry)).filter(|trace| telemetry::is_sampled(trace))
}

fn trace_of(entry: &Sequenced) -> String {
    Event::decode(entry.payload.as_slice())
        .map(|event| event.trace_parent)
        .unwrap_or_default()
}

/// The span of a part that is traced; none of others.
pub(super) fn span_of(part: &[Sequenced], stream: &str, via: Via) -> tracing::Span {
    let Some(trace_parent) = part.first().and_then(sampled) else {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: i64, trace_parent: &str) -> Sequenced {
        let event = Event {
            trace_parent: trace_parent.to_owned(),
            ..Event::default()
        };
        Sequenced {
            stream: "alerts:{village:0}".to_owned(),
            epoch: 1,
            seq,
            event_id: uuid::Uuid::nil(),
            payload: event.encode_to_vec(),
        }
    }

    #[test]
    fn what_one_traced_call_told_stays_together_and_apart_from_others() {
        let call = |number: u8| format!("00-{number:032x}-{number:016x}-01");
        let traces = ["", "", &call(1), &call(1), &call(1), &call(2), "", ""];
        let run = traces.iter().zip(1..);
        let run = run.map(|(trace, seq)| entry(seq, trace)).collect();
        let cut: Vec<Vec<i64>> = parts(run)
            .iter()
            .map(|part| part.iter().map(|entry| entry.seq).collect())
            .collect();
        assert_eq!(cut, [vec![1, 2], vec![3, 4, 5], vec![6], vec![7, 8]]);
    }
}
