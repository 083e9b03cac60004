//! Step 1: what a transaction tells is written by that transaction.

use huiyin_domain::time::Instant;
use huiyin_proto::events::v1::Event;
use huiyin_proto::events::v1::event::Fact;
use prost::Message as _;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::road::{Lane, Lanes};
use crate::{chance, telemetry, wire};

/// A fact on its way into an outbox.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Its lane.
    pub lane: Lane,
    /// Its stream.
    pub stream: String,
    /// Id of the event.
    pub event_id: Uuid,
    /// The encoded event.
    pub payload: Vec<u8>,
}

impl Outgoing {
    /// Puts a fact into its envelope, with the trace of the work that caused it.
    #[must_use]
    pub fn new(lane: Lane, stream: String, now: Instant, fact: Fact) -> Self {
        Self::identified(chance::new_uuid(), (lane, stream), now, fact)
    }

    /// As [`Self::new`], with an id by which the event is found again; no other event of the stream may have it.
    #[must_use]
    pub fn identified(
        event_id: Uuid,
        (lane, stream): (Lane, String),
        now: Instant,
        fact: Fact,
    ) -> Self {
        let event = Event {
            event_id: huiyin_domain::ids::EventId::from_uuid(event_id).to_string(),
            occurred_time: Some(wire::timestamp(now)),
            trace_parent: telemetry::trace_parent(),
            fact: Some(fact),
        };
        Self {
            lane,
            stream,
            event_id,
            payload: event.encode_to_vec(),
        }
    }
}

/// Writes what a transaction told, one statement a lane.
///
/// # Errors
/// When the database refuses.
pub async fn write(
    connection: &mut PgConnection,
    outgoing: Vec<Outgoing>,
) -> Result<Lanes, sqlx::Error> {
    let (urgent, ordinary): (Vec<_>, Vec<_>) = outgoing
        .into_iter()
        .partition(|fact| fact.lane == Lane::Urgent);
    let lanes = Lanes {
        urgent: !urgent.is_empty(),
        ordinary: !ordinary.is_empty(),
    };
    if lanes.urgent {
        let (streams, ids, payloads) = columns(urgent);
        sqlx::query!(
            "INSERT INTO outbox_urgent (stream, event_id, payload)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::bytea[])",
            &streams,
            &ids,
            &payloads,
        )
        .execute(&mut *connection)
        .await?;
    }
    if lanes.ordinary {
        let (streams, ids, payloads) = columns(ordinary);
        sqlx::query!(
            "INSERT INTO outbox (stream, event_id, payload)
             SELECT * FROM unnest($1::text[], $2::uuid[], $3::bytea[])",
            &streams,
            &ids,
            &payloads,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(lanes)
}

fn columns(outgoing: Vec<Outgoing>) -> (Vec<String>, Vec<Uuid>, Vec<Vec<u8>>) {
    let mut streams = Vec::with_capacity(outgoing.len());
    let mut ids = Vec::with_capacity(outgoing.len());
    let mut payloads = Vec::with_capacity(outgoing.len());
    for fact in outgoing {
        streams.push(fact.stream);
        ids.push(fact.event_id);
        payloads.push(fact.payload);
    }
    (streams, ids, payloads)
}
