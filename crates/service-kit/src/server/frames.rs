//! What comes in on a connection, counted before it is understood: HTTP/2 frames by their nine bytes of header.
//!
//! h2 bounds what frames may cost in memory, and ends a connection that resets too often or sends CONTINUATION without end. What
//! they cost in time it does not: pings, settings and calls come as fast as they are read. So a caller that sends more of them than
//! its pace is read more slowly, which costs itself alone.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::callers::Caller;
use super::lifeline::Lifeline;

/// What a client says first.
const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
/// Length, type, flags, stream.
const HEADER: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const END_STREAM: u8 = 1;

/// How far the frames of a connection were read.
#[derive(Debug)]
struct Frames {
    /// Bytes that are no header: of the preface, or of a frame's payload.
    skip: usize,
    header: [u8; HEADER],
    /// How many of them are there.
    have: usize,
}

/// Frames that came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    /// Frames that open a call, or end one by trailers.
    calls: u32,
    /// Frames that carry neither a call nor data.
    others: u32,
}

impl Frames {
    const fn new() -> Self {
        Self {
            skip: PREFACE,
            header: [0; HEADER],
            have: 0,
        }
    }

    /// Counts what begins in these bytes, the next of the connection.
    fn read(&mut self, mut bytes: &[u8]) -> Seen {
        let mut seen = Seen::default();
        loop {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let missing = self.header.get_mut(self.have..).unwrap_or_default();
            let there = missing.len().min(bytes.len());
            let (given, rest) = bytes.split_at(there);
            for (place, byte) in missing.iter_mut().zip(given) {
                *place = *byte;
            }
            self.have += there;
            bytes = rest;
            if self.have < HEADER {
                return seen;
            }
            self.have = 0;
            seen.count(self.header);
            let [one, two, three, ..] = self.header;
            self.skip = u32::from_be_bytes([0, one, two, three]) as usize;
        }
    }
}

impl Seen {
    fn count(&mut self, header: [u8; HEADER]) {
        let [one, two, three, kind, flags, ..] = header;
        let is_empty = [one, two, three] == [0; 3];
        match kind {
            HEADERS => self.calls += 1,
            DATA if !is_empty || flags & END_STREAM != 0 => {}
            _ => self.others += 1,
        }
    }
}

/// A connection whose frames are counted.
pub(super) struct Metered<C> {
    connection: C,
    caller: Arc<Caller>,
    lifeline: Arc<Lifeline>,
    frames: Frames,
    owed: Seen,
    /// Until when nothing is read.
    rest: Pin<Box<Sleep>>,
}

impl<C> Metered<C> {
    pub(super) fn new(connection: C, caller: Arc<Caller>, lifeline: Arc<Lifeline>) -> Self {
        Self {
            connection,
            caller,
            lifeline,
            frames: Frames::new(),
            owed: Seen::default(),
            rest: Box::pin(tokio::time::sleep_until(Instant::now())),
        }
    }

    /// Waits until the caller may be read again.
    fn poll_pace(&mut self, context: &mut Context<'_>) -> Poll<()> {
        while self.owed != Seen::default() {
            let calls = self.caller.pace.repay(&mut self.owed.calls);
            let others = self.caller.frames.repay(&mut self.owed.others);
            let Some(wait) = calls.err().max(others.err()) else {
                break;
            };
            self.rest.as_mut().reset(Instant::now() + wait);
            ready!(self.rest.as_mut().poll(context));
        }
        Poll::Ready(())
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Metered<C> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_pace(context));
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.connection).poll_read(context, buffer))?;
        let came = buffer.filled().get(before..).unwrap_or_default();
        if !came.is_empty() {
            this.lifeline.heard();
        }
        let seen = this.frames.read(came);
        this.owed.calls = this.owed.calls.saturating_add(seen.calls);
        this.owed.others = this.owed.others.saturating_add(seen.others);
        Poll::Ready(Ok(()))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Metered<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
