//! The contract's words as they are kept and printed: `CHANNEL_LEADER_MAILBOX` is `leader_mailbox`.

/// The word of a value of the contract, without the prefix of its enum.
pub(crate) fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_ascii_lowercase()
}

/// The value of the contract a word stands for.
pub(crate) fn value<E>(
    word: &str,
    prefix: &str,
    from_name: impl Fn(&str) -> Option<E>,
) -> Option<E> {
    from_name(&format!("{prefix}{}", word.to_ascii_uppercase()))
}
