//! One file a call of the reports.

pub(crate) mod answer_order;
pub(crate) mod content;
pub(crate) mod correct_report;
pub(crate) mod end_report_schedule;
pub(crate) mod get_report;
pub(crate) mod get_risk_assessment;
pub(crate) mod give_order;
pub(crate) mod list_ledger;
pub(crate) mod list_report_schedules;
pub(crate) mod list_reports;
pub(crate) mod list_risk_assessments;
pub(crate) mod mark_report_false;
pub(crate) mod receive_report;
pub(crate) mod record_risk_assessment;
pub(crate) mod set_report_schedule;
pub(crate) mod submit_report;

use std::sync::Arc;

use huiyin_domain::ids::{Id, Kind, OrganId, ReportId};
use huiyin_domain::organs::OrganProfile;
use huiyin_domain::reporting::ReportRefused;
use huiyin_domain::routing::Directory;
use huiyin_domain::subject::Subject;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::time::Date;
use huiyin_service_kit::authorization::{is_asked, subject};
use huiyin_service_kit::database::Tx;
use huiyin_service_kit::page::{PageToken, page_size};
use huiyin_service_kit::status::Problem;
use huiyin_service_kit::violations::Violations;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::reporting::Report;
use crate::service::Service;
use crate::store::organ_report;

/// A list as it was asked for.
pub(super) struct Listing {
    /// Rows in a page.
    pub(super) size: u32,
    /// The list's name and its filter.
    pub(super) fingerprint: String,
}

impl Listing {
    /// Rows wanted: one more than a page has shows that there is another page.
    pub(super) fn limit(&self) -> i64 {
        i64::from(self.size) + 1
    }

    /// Where the list goes on.
    pub(super) fn after<K>(
        &self,
        page_token: &str,
        read: impl Fn(&str) -> Option<K>,
    ) -> Result<Option<K>, Problem> {
        let token = PageToken::parse(page_token, &self.fingerprint)?;
        token
            .map(|token| read(&token.last_key).ok_or(Problem::WrongPageToken))
            .transpose()
    }

    /// The rows of the page, and the token of the next.
    pub(super) fn cut<R>(&self, mut rows: Vec<R>, key: impl Fn(&R) -> String) -> (Vec<R>, String) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| more);
        let token = last.map(|row| PageToken::issue(&key(row), &self.fingerprint));
        (rows, token.unwrap_or_default())
    }
}

/// The size of a page of any of these lists.
pub(super) fn size(violations: &mut Violations, asked: u32) -> u32 {
    page_size(violations, asked, 50, 200)
}

/// The part of a key behind its first word, which is an id.
pub(super) fn split_key<K>(key: &str) -> Option<(&str, Id<K>)> {
    let (first, id) = key.split_once(' ')?;
    Some((first, Uuid::try_parse(id).ok().map(Id::from_uuid)?))
}

/// An id that filters a list; none when the field is empty.
pub(super) fn optional_id<K: Kind>(
    violations: &mut Violations,
    field: &str,
    given: &str,
) -> Option<Id<K>> {
    if given.is_empty() {
        return None;
    }
    violations.id(field, given)
}

/// The offices, once there are any.
pub(super) async fn directory(
    service: &Service,
    connection: &mut PgConnection,
) -> Result<Arc<Directory>, Problem> {
    let directory = service.offices.current(connection).await?;
    if directory.iter().next().is_none() {
        return Err(Problem::Unavailable {
            words: "no organs are known here yet; load the organs or try again".to_owned(),
        });
    }
    Ok(directory)
}

/// The organ of a field, which routing must have told of.
fn known<'d>(
    violations: &mut Violations,
    (field, given): (&str, &str),
    directory: &'d Directory,
) -> Option<&'d OrganProfile> {
    let id: OrganId = violations.id(field, given)?;
    let known = directory.get(id);
    violations.check(field, known.is_some(), "is no organ that was loaded");
    known
}

/// The code of a subject.
fn subject_code(violations: &mut Violations, field: &str, given: &str) -> String {
    if let Err(unknown) = Subject::from_code(given) {
        let allowed = unknown.allowed.join(", ");
        violations.add(field, format!("is no subject; allowed: {allowed}"));
    }
    given.to_owned()
}

/// A place that lies in that of an organ.
fn own_place(
    violations: &mut Violations,
    (field, given): (&str, &str),
    organ: Option<&OrganProfile>,
) -> Option<TerritoryCode> {
    let place = violations.territory_code(field, given)?;
    let organ = organ?;
    let words = format!("lies outside the organ's own territory {}", organ.territory);
    violations.check(field, place.is_within(&organ.territory), words);
    Some(place)
}

/// A day that is not in the future.
fn past_day(violations: &mut Violations, field: &str, given: &str, today: Date) -> Option<Date> {
    let day = violations.date(field, given)?;
    let words = format!("lies in the future; {today} or earlier is allowed");
    violations.check(field, day <= today, words);
    Some(day)
}

/// A field that is wrong in a way that only what is stored shows.
pub(super) fn wrong(field: &str, words: impl Into<String>) -> Problem {
    let mut violations = Violations::default();
    violations.add(field, words);
    Problem::InvalidFields(violations)
}

fn refused(refused: ReportRefused) -> Problem {
    Problem::NotAllowedNow {
        action: refused.action.to_string(),
        state: refused.state.to_owned(),
        allowed: refused.allowed.iter().map(ToString::to_string).collect(),
    }
}

/// Whether who asks reports along an edge, receives, or stands above it.
fn is_on_edge(organ: OrganId, to: OrganId, to_place: TerritoryCode) -> bool {
    let own = subject().and_then(|subject| subject.standing);
    !is_asked()
        || own.is_some_and(|own| {
            own.organ == organ
                || own.organ == to
                || (own.oversees && to_place.is_within(&own.territory))
        })
}

/// The report that something is done with, locked; found with the eyes of who asks, and by the organ whose it is to do that.
async fn locked(
    tx: &mut Tx,
    id: ReportId,
    (organ, acts, who): (OrganId, fn(&Report) -> OrganId, &str),
) -> Result<Report, Problem> {
    let found = organ_report::find(tx.connection(), id).await?;
    let found = found
        .filter(|report| is_on_edge(report.organ, report.to, report.to_place))
        .ok_or_else(|| no_report(id))?;
    if acts(&found) != organ {
        return Err(wrong(
            "organ_id",
            format!(
                "is not the organ that {who} this report; that is {}",
                acts(&found)
            ),
        ));
    }
    tx.as_house().await?;
    let report = organ_report::lock(tx.connection(), id).await?;
    report.ok_or_else(|| no_report(id))
}

/// Who hands a report in and corrects it.
fn reports(report: &Report) -> OrganId {
    report.organ
}

/// Who receives a report and finds it false.
fn receives(report: &Report) -> OrganId {
    report.to
}

fn no_report(id: ReportId) -> Problem {
    Problem::NotFound {
        what: "report",
        id: id.to_string(),
    }
}
