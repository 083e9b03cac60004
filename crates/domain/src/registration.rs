//! Rules of the register. Registering is never refused; a rule here warns or counts.

use crate::vocabulary::{Category, Channel, StatutoryRoute, Unit};

/// How many representatives a collective visit names at most (art. 20(3)).
pub const REPRESENTATIVES_MAX: u32 = 5;

/// Whether a matter raised this way by so many persons is a collective visit, from so many on in its place (local).
/// Only visits are.
#[must_use]
pub const fn is_collective(channel: Channel, persons: u32, from: u32) -> bool {
    matches!(channel, Channel::Visit) && persons >= from
}

/// More representatives than art. 20(3) provides for. Recorded with the matter, never a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyRepresentatives {
    /// How many were named.
    pub named: u32,
}

impl std::fmt::Display for TooManyRepresentatives {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} representatives were named; art. 20(3) provides for at most {REPRESENTATIVES_MAX}",
            self.named
        )
    }
}

/// The warning for so many representatives, if any. The matter is registered all the same.
#[must_use]
pub const fn representatives_warning(named: u32) -> Option<TooManyRepresentatives> {
    if named > REPRESENTATIVES_MAX {
        Some(TooManyRepresentatives { named })
    } else {
        None
    }
}

/// Whether the 60-day opinion clock runs: for claims of the sixth route only (art. 31, 34).
/// `route` is none for what is no claim.
#[must_use]
pub const fn opinion_clock_applies(category: Category, route: Option<StatutoryRoute>) -> bool {
    matches!(
        (category, route),
        (Category::Claim, Some(StatutoryRoute::PetitionProcedure))
    )
}

/// The units a channel is counted in: a visit as one batch and its persons, the rest in pieces.
#[must_use]
pub const fn counts_in(channel: Channel) -> &'static [Unit] {
    match channel {
        Channel::Visit => &[Unit::Batches, Unit::Persons],
        Channel::Letter
        | Channel::Call
        | Channel::Online
        | Channel::Fax
        | Channel::LeaderMailbox => &[Unit::Pieces],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_on_a_visit_are_collective_and_five_signatures_are_not() {
        assert!(is_collective(Channel::Visit, 5, 5));
        assert!(!is_collective(Channel::Visit, 4, 5));
        assert!(!is_collective(Channel::Letter, 500, 5));
    }

    #[test]
    fn a_sixth_representative_is_a_warning() {
        assert_eq!(representatives_warning(5), None);
        let warning = representatives_warning(6).unwrap().to_string();
        assert_eq!(
            warning,
            "6 representatives were named; art. 20(3) provides for at most 5"
        );
    }

    #[test]
    fn only_the_sixth_route_of_a_claim_runs_the_opinion_clock() {
        for route in StatutoryRoute::all() {
            let sixth = *route == StatutoryRoute::PetitionProcedure;
            assert_eq!(opinion_clock_applies(Category::Claim, Some(*route)), sixth);
            assert!(!opinion_clock_applies(Category::Suggestion, Some(*route)));
        }
        assert!(!opinion_clock_applies(Category::Denunciation, None));
    }

    #[test]
    fn a_visit_is_counted_twice_and_a_letter_once() {
        assert_eq!(counts_in(Channel::Visit), [Unit::Batches, Unit::Persons]);
        assert_eq!(counts_in(Channel::Letter), [Unit::Pieces]);
    }
}
