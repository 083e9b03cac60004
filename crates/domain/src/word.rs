//! Closed vocabularies: enums that are stored, sent and logged as one fixed word.

use thiserror::Error;

/// A text that is no word of the vocabulary it was read as.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{given:?} is no {vocabulary}; allowed: {}", allowed.join(", "))]
pub struct UnknownWord {
    /// The vocabulary, by the name of its type.
    pub vocabulary: &'static str,
    /// What was given.
    pub given: String,
    /// Every word of the vocabulary, in order.
    pub allowed: Vec<&'static str>,
}

/// Declares an enum together with its words: `as_str`, `all`, `Display`, `FromStr` and serde all
/// use the same text, so a column, an event and a log line cannot disagree.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$note:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$note])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every word, in the order of declaration.
            #[must_use]
            pub const fn all() -> &'static [Self] {
                &[$(Self::$variant),+]
            }

            /// The word as it is stored, sent and logged.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::word::UnknownWord;

            fn from_str(given: &str) -> Result<Self, Self::Err> {
                Self::all().iter().copied().find(|word| word.as_str() == given).ok_or_else(|| {
                    $crate::word::UnknownWord {
                        vocabulary: stringify!($name),
                        given: given.to_owned(),
                        allowed: Self::all().iter().map(|word| word.as_str()).collect(),
                    }
                })
            }
        }
    };
}

pub(crate) use words;
