//! A warning from its opening to its answer. Time closes nothing, nor does silence: only what the organs that owe
//! answers have answered.

use serde::Serialize;
use thiserror::Error;

use super::{
    bad_field::{BadFields, Check},
    explanation::Explanation,
};
use crate::time::Instant;

/// A hot spot that somebody must answer: `S` names subjects, `O` organs, `A` what was answered (replies, reports), all by ids.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Warning<S, O, A> {
    /// Why there is a warning.
    pub explanation: Explanation,
    /// The subjects that contribute to it.
    pub subjects: Vec<S>,
    /// The organs that owe an answer; never empty, each once.
    owing: Vec<O>,
    /// Where it stands.
    state: WarningState<O, A>,
}

/// Where a warning stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WarningState<O, A> {
    /// Organs owe answers still.
    Open {
        /// What was answered so far.
        answers: Vec<Answer<O, A>>,
    },
    /// Every organ has answered.
    Answered {
        /// What was answered; at least one answer of every organ that owed one.
        answers: Vec<Answer<O, A>>,
        /// When the last of them came.
        at: Instant,
    },
}

/// What an organ answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer<O, A> {
    /// The organ.
    pub organ: O,
    /// When.
    pub at: Instant,
    /// The replies or reports; never empty in a warning.
    pub answered: Vec<A>,
}

/// Why an answer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AnswerRefused {
    /// It names nothing that was answered.
    #[error(
        "the answer names no reply and no report; a warning is closed only by what was answered"
    )]
    NothingAnswered,
    /// The organ owes none.
    #[error("the organ owes no answer to this warning; only the organs it names can answer it")]
    NotOwing,
    /// The warning is answered already.
    #[error("the warning is answered; it takes no further answer")]
    AlreadyAnswered,
}

impl<S: Clone, O: Ord + Clone, A: Clone> Warning<S, O, A> {
    /// Opens a warning.
    ///
    /// # Errors
    /// When no organ owes an answer: nobody could ever close it.
    pub fn open(
        explanation: Explanation,
        subjects: Vec<S>,
        mut owing: Vec<O>,
    ) -> Result<Self, BadFields> {
        let mut check = Check::default();
        let somebody = !owing.is_empty();
        check.that(
            somebody,
            "owing",
            "empty",
            "at least one organ that owes an answer",
        );
        check.finish()?;
        owing.sort();
        owing.dedup();
        Ok(Self {
            explanation,
            subjects,
            owing,
            state: WarningState::Open {
                answers: Vec::new(),
            },
        })
    }

    /// The organs that owe an answer.
    #[must_use]
    pub fn owing(&self) -> &[O] {
        &self.owing
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> &WarningState<O, A> {
        &self.state
    }

    /// The organs whose answer is still owed; none when it is answered.
    #[must_use]
    pub fn still_owing(&self) -> Vec<&O> {
        match &self.state {
            WarningState::Open { answers } => owed(&self.owing, answers),
            WarningState::Answered { .. } => Vec::new(),
        }
    }

    /// Takes in an answer; the last one that is owed closes the warning.
    ///
    /// # Errors
    /// When it answers nothing, the organ owes none, or the warning is answered already.
    pub fn answer(&self, answer: Answer<O, A>) -> Result<Self, AnswerRefused> {
        Ok(Self {
            state: self.state.answer(&self.owing, answer)?,
            ..self.clone()
        })
    }
}

impl<O: Ord + Clone, A: Clone> WarningState<O, A> {
    /// Where a warning stands to which these organs owe an answer, after this one; the last one that is owed closes it.
    ///
    /// # Errors
    /// When it answers nothing, the organ owes none, or the warning is answered already.
    pub fn answer(&self, owing: &[O], answer: Answer<O, A>) -> Result<Self, AnswerRefused> {
        let mut answers = match self {
            Self::Open { answers } => answers.clone(),
            Self::Answered { .. } => return Err(AnswerRefused::AlreadyAnswered),
        };
        if answer.answered.is_empty() {
            return Err(AnswerRefused::NothingAnswered);
        }
        if !owing.contains(&answer.organ) {
            return Err(AnswerRefused::NotOwing);
        }
        let at = answer.at;
        answers.push(answer);
        if !owed(owing, &answers).is_empty() {
            return Ok(Self::Open { answers });
        }
        let last = answers.iter().map(|answer| answer.at).max();
        Ok(Self::Answered {
            at: last.unwrap_or(at),
            answers,
        })
    }
}

/// The organs without an answer.
fn owed<'a, O: PartialEq, A>(owing: &'a [O], answers: &[Answer<O, A>]) -> Vec<&'a O> {
    let silent = |organ: &&O| answers.iter().all(|answer| answer.organ != **organ);
    owing.iter().filter(silent).collect()
}
