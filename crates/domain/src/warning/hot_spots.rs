//! Hot spots (热点问题): counts of matters by place, subject and day that rise above what is normal there.
//!
//! The detectors know places, subjects and counts; they know no person, and a series with fewer matters than the
//! minimum group size never warns.

mod answered;
mod bad_field;
mod clusters;
mod cusum;
mod day;
mod distributions;
mod ears;
mod evaluation;
mod explanation;
mod farrington;
mod judgement;
mod ladder;
mod multiplicity;
mod regression;
mod scan;
mod seeded;
mod series;
mod watching;

pub use answered::{Answer, AnswerRefused, Warning, WarningState};
pub use bad_field::{BadField, BadFields};
pub use clusters::{ClusterSettings, Clusters, CountedSubject, FoundCluster};
pub use cusum::{
    Cusum, CusumMean, CusumSettings, CusumTransform, NegativeBinomialCusum,
    NegativeBinomialSettings,
};
pub use day::{Day, Found, Looked};
pub use ears::{Ears, EarsSettings, EarsVariant};
pub use evaluation::{Evaluation, Reading, Watch, Watched, evaluate};
pub use explanation::{Explanation, Grounds};
pub use farrington::{
    BoundMethod, Cycle, Enough, Farrington, FarringtonSettings, Flexible, FlexiblePlan,
    FlexibleSettings, PowerTransform, Step, Workspace,
};
pub use judgement::{Baseline, Judgement, Working};
pub use ladder::{Ladder, LadderSettings, MINIMUM_MATTERS, Method, Rung};
pub use multiplicity::{Candidate, Choice, Multiplicity, MultiplicitySettings};
pub use scan::{Centroid, Cluster, Expectation, Scan, ScanSettings, Zones};
pub use series::Series;
pub use watching::{Watching, WatchingError};
