//! What a city watches its hot spots by, as one file of its own: the ladder, the choice, and which townships adjoin. What the
//! file leaves out is as this release has it.

use serde::Deserialize;
use thiserror::Error;

use super::{
    bad_field::{BadFields, Check},
    clusters::{ClusterSettings, Clusters},
    ladder::{Ladder, LadderSettings, MINIMUM_MATTERS},
    multiplicity::{Multiplicity, MultiplicitySettings},
};

/// What days are judged by.
#[derive(Clone, Debug)]
pub struct Watching {
    /// The method of each length of history.
    pub ladder: Ladder,
    /// Which of many alarms become warnings.
    pub multiplicity: Multiplicity,
    /// The search for clusters; none where nobody said which townships adjoin.
    pub clusters: Option<Clusters>,
}

/// Why a text is no file of hot-spot settings.
#[derive(Debug, Error)]
pub enum WatchingError {
    /// Not JSON of the expected shape; says line, column and what is allowed.
    #[error("the hot-spot settings are not JSON of the expected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// Settings that are out of bounds, each with what is allowed.
    #[error("the hot-spot settings are wrong: {0}")]
    Fields(#[from] BadFields),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WatchingFile {
    version: String,
    source: String,
    #[serde(default)]
    ladder: LadderSettings,
    #[serde(default)]
    choice: MultiplicitySettings,
    #[serde(default)]
    clusters: Option<ClusterSettings>,
}

impl Watching {
    /// As this release watches.
    ///
    /// # Errors
    /// Never, as long as its tests pass.
    pub fn of_release() -> Result<Self, BadFields> {
        Ok(Self {
            ladder: LadderSettings::default().checked()?,
            multiplicity: MultiplicitySettings::default().checked()?,
            clusters: None,
        })
    }

    /// Reads `{"version", "source", "ladder", "choice", "clusters"}`; the last three may be left out.
    ///
    /// # Errors
    /// See [`WatchingError`]. A minimum group below that of the release is refused: nobody may be singled out.
    pub fn parse(json: &str) -> Result<Self, WatchingError> {
        let file: WatchingFile = serde_json::from_str(json)?;
        let mut check = Check::default();
        let words = |text: &str, most| (1..=most).contains(&text.chars().count());
        check.that(
            words(&file.version, 50),
            "version",
            format!("{:?}", file.version),
            "1 to 50 characters",
        );
        check.that(
            words(&file.source, 200),
            "source",
            format!("{:?}", file.source),
            "1 to 200 characters: the decision it rests on",
        );
        let scan = file.clusters.as_ref().map(|clusters| clusters.scan);
        let groups = [
            file.ladder.minimum_matters,
            file.choice.minimum_matters,
            scan.map_or(MINIMUM_MATTERS, |scan| scan.minimum_matters),
        ];
        for group in groups.into_iter().filter(|group| *group < MINIMUM_MATTERS) {
            let allowed = format!("a whole number from {MINIMUM_MATTERS}");
            check.that(false, "minimum_matters", group, &allowed);
        }
        check.finish()?;
        Ok(Self {
            ladder: file.ladder.checked()?,
            multiplicity: file.choice.checked()?,
            clusters: file.clusters.map(ClusterSettings::checked).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CITY: &str = r#"{"version": "2026-12-01", "source": "joint meeting 2026-11, item 4",
        "choice": {"budget": 5},
        "clusters": {"scan": {"maximum_days": 7, "deals": 199},
                     "neighbours": [["431202001", "431202002"], ["431202002", "431202003"]]}}"#;

    #[test]
    fn a_city_says_what_differs_and_which_townships_adjoin() {
        let watching = Watching::parse(CITY).unwrap();
        let clusters = watching.clusters.unwrap();
        assert_eq!(clusters.places().len(), 3);
        assert_eq!((clusters.days(), clusters.fewest_days()), (60, 14));
        let plain = Watching::parse(r#"{"version": "1", "source": "none"}"#).unwrap();
        assert_eq!(
            plain.ladder.shortest_history(),
            Watching::of_release().unwrap().ladder.shortest_history()
        );
        assert!(plain.clusters.is_none());
    }

    #[test]
    fn what_would_single_somebody_out_is_refused() {
        let refused = Watching::parse(&CITY.replace(r#""budget": 5"#, r#""minimum_matters": 4"#));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "the hot-spot settings are wrong: minimum_matters is 4; allowed: a whole number from 5"
        );
    }

    #[test]
    fn unknown_fields_and_missing_words_are_refused() {
        let unknown = Watching::parse(r#"{"version": "1", "source": "x", "persons": 1}"#);
        assert!(
            unknown
                .unwrap_err()
                .to_string()
                .contains("unknown field `persons`")
        );
        let wordless = Watching::parse(r#"{"version": "", "source": "x"}"#);
        assert!(
            wordless
                .unwrap_err()
                .to_string()
                .contains(r#"version is "";"#)
        );
    }
}
