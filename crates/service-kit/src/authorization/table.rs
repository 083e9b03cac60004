//! Who may ask what, as a table: asked of the policies themselves.

use std::fmt::Write as _;
use std::sync::Arc;

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::{PETITION_OFFICE, organ_id};
use huiyin_domain::posts::{self, Duty};
use huiyin_domain::standing::Standing;
use huiyin_domain::territory::TerritoryCode;
use huiyin_domain::vocabulary::Level;
use uuid::Uuid;

use super::asking::decides;
use super::{About, Rights, RightsError, Subject, Who};
use crate::names::ServiceName;

/// What stands above the table.
const HEAD: &str = "\
# Who may ask what

Printed by `huiyin rights` from the policies in `proto/policies`; a test compares them. Every rpc that has no row here is refused to
everybody. Posts are those of a city's petition office (`crates/domain/data/posts.json`); what a post may ask about is
*its own* organ, its own *place* and what lies in it, or the *service*: then it sees the matters of its place, if its organ
oversees it, those it registered and those it has or had in hand. Nobody sees a denunciation but posts for denunciations, and none
from which it is sealed (docs/security.md).

";

/// Who may ask what, in Markdown.
///
/// # Errors
/// When the policies cannot be read.
pub fn rights_table() -> Result<String, RightsError> {
    let rights = Rights::embedded()?;
    let mut actions: Vec<&str> = rights.actions().collect();
    actions.sort_unstable();
    let mut table = String::from(HEAD);
    table.push_str("| rpc | about | posts | of denunciations | others |\n|---|---|---|---|---|\n");
    for action in actions {
        let row = row(rights, action);
        // a text grows without failing
        let _written = writeln!(table, "| {action} | {row} |");
    }
    Ok(table)
}

fn row(rights: &'static Rights, action: &str) -> String {
    let about = [
        ("Organ", "its own organ"),
        ("Place", "its place"),
        ("House", "service"),
    ];
    let about = about
        .into_iter()
        .filter(|(kind, _)| rights.is_about(action, kind));
    let about = about
        .map(|(_, words)| words)
        .collect::<Vec<_>>()
        .join(" or ");
    let posts = |sealed| {
        let allowed = posts::all().filter(|(post, _)| {
            let office = office();
            asks(rights, action, Subject::post(office, post), sealed)
        });
        let allowed: Vec<&str> = allowed.map(|(post, _)| post).collect();
        if allowed.len() == posts::all().count() {
            return "every post".to_owned();
        }
        allowed.join(", ")
    };
    let (open, sealed) = (posts(false), posts(true));
    let sealed = if sealed == open {
        "the same".to_owned()
    } else {
        sealed
    };
    let others = others()
        .into_iter()
        .filter(|(_, subject)| asks(rights, action, subject.clone(), false));
    let others: Vec<&str> = others.map(|(name, _)| name).collect();
    format!("{about} | {open} | {sealed} | {}", others.join(", "))
}

fn others() -> [(&'static str, Subject); 5] {
    let system =
        |duties: &[Duty]| Subject::platform("system".to_owned(), duties.iter().copied().collect());
    [
        ("system that registers", system(&[Duty::Register])),
        ("system that follows", system(&[Duty::Follow])),
        ("service", Subject::plain(Who::Service(ServiceName::Intake))),
        ("operator", Subject::plain(Who::Operator("one".to_owned()))),
        ("anybody", Subject::stranger()),
    ]
}

/// Whether it may ask this about its own.
fn asks(rights: &'static Rights, action: &str, subject: Subject, sealed: bool) -> bool {
    let about = match subject.standing {
        _ if rights.is_about(action, "House") => About::House,
        Some(own) if rights.is_about(action, "Organ") => About::Organ(own.organ),
        Some(own) => About::Place(own.territory),
        None => About::Organ(OrganId::from_uuid(Uuid::nil())),
    };
    decides(rights, action, (Arc::new(subject), about, sealed))
}

fn office() -> Standing {
    let city = TerritoryCode::NATION;
    let organ = organ_id(&city, PETITION_OFFICE);
    Standing::new(organ, (Level::City, city), &[PETITION_OFFICE.to_owned()])
}
