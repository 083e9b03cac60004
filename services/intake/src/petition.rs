//! What is sealed in the vault: who raised a matter and in what words.

use huiyin_proto::intake::v1::{Petitioner, ReadPetitionResponse};
use huiyin_service_kit::status::Problem;
use prost::Message as _;
use zeroize::Zeroizing;

/// The petition of a matter. Printed nowhere: it has no `Debug`.
#[derive(Default)]
pub(crate) struct Petition {
    /// The petitioner.
    pub(crate) petitioner: Petitioner,
    /// The main request.
    pub(crate) main_request: String,
    /// Facts and reasons.
    pub(crate) facts: String,
    /// Representatives of a collective visit.
    pub(crate) representatives: Vec<String>,
}

impl Petition {
    /// As it is sealed: the answer to whoever may read it.
    pub(crate) fn encoded(&self) -> Zeroizing<Vec<u8>> {
        let answer = ReadPetitionResponse {
            petitioner: Some(self.petitioner.clone()),
            main_request: self.main_request.clone(),
            facts: self.facts.clone(),
            representatives: self.representatives.clone(),
            evaluations: Vec::new(),
        };
        Zeroizing::new(answer.encode_to_vec())
    }

    /// The answer out of an opened text.
    ///
    /// # Errors
    /// When it is none.
    pub(crate) fn answer(opened: &[u8]) -> Result<ReadPetitionResponse, Problem> {
        ReadPetitionResponse::decode(opened)
            .map_err(|error| Problem::Unexpected(format!("a petition does not decode: {error}")))
    }
}
