//! The names of the five services.

use std::fmt;
use std::str::FromStr;

/// One of the five services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServiceName {
    /// What was raised, by what channel, where does it stand?
    Intake,
    /// Who must answer, and why?
    Routing,
    /// Is it answered in time, and who failed what?
    Supervision,
    /// What must the levels above know now?
    StabilityEarlyWarning,
    /// How many, how well, compared with what?
    Statistics,
}

/// A text that names no service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no service; the services are intake, routing, supervision, stability-early-warning, statistics"
)]
pub struct UnknownService(pub String);

impl ServiceName {
    /// All five, in the order a matter meets them.
    pub const ALL: [Self; 5] = [
        Self::Intake,
        Self::Routing,
        Self::Supervision,
        Self::StabilityEarlyWarning,
        Self::Statistics,
    ];

    /// The one that keeps the heads of its logs: the five stand in a ring.
    #[must_use]
    pub const fn keeper(self) -> Self {
        match self {
            Self::Intake => Self::Routing,
            Self::Routing => Self::Supervision,
            Self::Supervision => Self::StabilityEarlyWarning,
            Self::StabilityEarlyWarning => Self::Statistics,
            Self::Statistics => Self::Intake,
        }
    }

    /// The name as people, logs and metrics write it: `stability-early-warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Routing => "routing",
            Self::Supervision => "supervision",
            Self::StabilityEarlyWarning => "stability-early-warning",
            Self::Statistics => "statistics",
        }
    }

    /// The name of its section in the settings, of its schema and of its database role:
    /// `stability_early_warning`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Routing => "routing",
            Self::Supervision => "supervision",
            Self::StabilityEarlyWarning => "stability_early_warning",
            Self::Statistics => "statistics",
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ServiceName {
    type Err = UnknownService;

    fn from_str(given: &str) -> Result<Self, UnknownService> {
        Self::ALL
            .into_iter()
            .find(|name| given == name.as_str() || given == name.key())
            .ok_or_else(|| UnknownService(given.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_reads_back_what_it_prints() {
        for name in ServiceName::ALL {
            assert_eq!(name.to_string().parse(), Ok(name));
            assert_eq!(name.key().parse(), Ok(name));
        }
    }

    #[test]
    fn each_keeps_the_heads_of_one_other() {
        let keepers: BTreeSet<_> = ServiceName::ALL.map(ServiceName::keeper).into();
        assert_eq!(keepers.len(), 5);
        assert!(ServiceName::ALL.iter().all(|name| name.keeper() != *name));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_five() {
        let refused = "intakes".parse::<ServiceName>().unwrap_err().to_string();
        for name in ServiceName::ALL {
            assert!(refused.contains(name.as_str()), "{refused}");
        }
    }
}
