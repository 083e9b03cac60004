//! Who is on duty in a shift: posts.

use super::super::Step;
use crate::{time::Instant, word::words};

words! {
    /// The three posts of a shift.
    DutyRole {
        /// 值班岗: the post on duty.
        Post = "post",
        /// 副岗: its deputy, who is called after it.
        Deputy = "deputy",
        /// 带班领导岗: the leader on duty.
        Leader = "leader",
    }
}

/// The posts that are on duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDuty {
    /// The post on duty.
    pub post: String,
    /// Its deputy.
    pub deputy: String,
    /// The leader on duty.
    pub leader: String,
}

/// Another post takes over what remains of a shift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    /// Whose place it takes.
    pub role: DutyRole,
    /// The post that takes over.
    pub post: String,
    /// From when on.
    pub from: Instant,
}

impl OnDuty {
    /// The posts on duty at an instant, after the substitutions that have begun by then; those come in the order in which they
    /// were made.
    #[must_use]
    pub fn at(&self, substitutions: &[Substitution], at: Instant) -> Self {
        let now = |role: DutyRole, set: &String| {
            let begun = substitutions
                .iter()
                .filter(|one| one.role == role && one.from <= at);
            let last = begun.max_by_key(|one| one.from);
            last.map_or_else(|| set.clone(), |one| one.post.clone())
        };
        Self {
            post: now(DutyRole::Post, &self.post),
            deputy: now(DutyRole::Deputy, &self.deputy),
            leader: now(DutyRole::Leader, &self.leader),
        }
    }

    /// The post in a role.
    #[must_use]
    pub fn of(&self, role: DutyRole) -> &str {
        match role {
            DutyRole::Post => &self.post,
            DutyRole::Deputy => &self.deputy,
            DutyRole::Leader => &self.leader,
        }
    }

    /// All three, in the order in which they are called.
    #[must_use]
    pub fn posts(&self) -> [&str; 3] {
        [&self.post, &self.deputy, &self.leader]
    }

    /// The role of a post that is on duty; none for any other.
    #[must_use]
    pub fn role_of(&self, post: &str) -> Option<DutyRole> {
        let mut roles = DutyRole::all().iter().copied();
        roles.find(|role| self.of(*role) == post)
    }

    /// The post that a step of the escalation calls; none where it calls another organ, or everybody.
    #[must_use]
    pub fn called(&self, step: Step) -> Option<&str> {
        match step {
            Step::Duty => Some(&self.post),
            Step::Deputy => Some(&self.deputy),
            Step::Leader => Some(&self.leader),
            Step::LevelAbove | Step::Repeat(_) => None,
        }
    }
}
