//! The cursor of a watcher: `epoch-seq` of the last entry it has seen. Callers only give it back.

use huiyin_service_kit::road::consumer::Place;
use huiyin_service_kit::status::Problem;

/// Writes a place.
pub(super) fn write(place: Place) -> String {
    format!("{}-{}", place.epoch, place.seq)
}

/// Reads a place that was given to a watcher of this stream, which has received up to `received`.
pub(super) fn parse(given: &str, received: Place) -> Result<Place, Problem> {
    let place = given.split_once('-').and_then(|(epoch, seq)| {
        Some(Place {
            epoch: epoch.parse().ok()?,
            seq: seq.parse().ok()?,
        })
    });
    // Only what was written here reads back: no sign, no leading zero.
    let place = place.filter(|place| write(*place) == given && place.epoch >= 1 && place.seq >= 0);
    let Some(place) = place else {
        return Err(wrong("the cursor was not given by this stream"));
    };
    if (place.epoch, place.seq) > (received.epoch, received.seq) {
        return Err(wrong(
            "the cursor is ahead of the stream, or of an epoch that has not begun",
        ));
    }
    Ok(place)
}

fn wrong(words: &str) -> Problem {
    Problem::WrongCursor {
        words: format!("{words}; begin anew without a cursor or from the beginning"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED: Place = Place { epoch: 2, seq: 7 };

    #[test]
    fn a_cursor_reads_back() {
        for place in [
            RECEIVED,
            Place { epoch: 1, seq: 900 },
            Place { epoch: 2, seq: 0 },
        ] {
            assert_eq!(parse(&write(place), RECEIVED).unwrap(), place);
        }
    }

    #[test]
    fn garbage_and_a_cursor_ahead_are_refused() {
        for wrong in [
            "2-8",
            "3-0",
            "7",
            "a-b",
            "0-1",
            "-1-2",
            "1--2",
            "+1-2",
            "01-2",
            "1-2-3",
            "1-99999999999999999999",
        ] {
            assert!(
                matches!(parse(wrong, RECEIVED), Err(Problem::WrongCursor { .. })),
                "{wrong}"
            );
        }
    }
}
