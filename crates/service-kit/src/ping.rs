//! A sign of life to somebody outside, whose watch it is to miss it.

use std::path::PathBuf;

use crate::token::{Web, WebAddress, WebError};

/// Why a sign of life did not arrive. Holds no address: whoever has it could give the sign in our place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PingError(String);

impl From<WebError> for PingError {
    fn from(error: WebError) -> Self {
        Self(format!("whoever watches from outside {error}"))
    }
}

/// Asks for a page, within 5 seconds; whatever it answers but success means that the sign did not arrive. Its certificate is
/// vouched for by the authorities in the file, or by those of the web.
///
/// # Errors
/// When nobody answers in time, or not with success.
pub async fn ping(address: &WebAddress, authorities: Option<PathBuf>) -> Result<(), PingError> {
    let answer = Web::new(authorities, None).get(address).await?;
    if answer.status.is_success() {
        Ok(())
    } else {
        Err(WebError::Answered(answer.status.as_u16()).into())
    }
}
