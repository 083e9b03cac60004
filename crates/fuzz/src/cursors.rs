//! Where a list goes on.

use huiyin_service_kit::page::{PageToken, instant_key, read_date_key, read_instant_key};

/// Reads bytes as a token and as its parts; what is read is written the same way again.
pub(crate) fn read(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (token, filter) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(Some(read)) = PageToken::parse(token, filter) {
        let again = PageToken::issue(&read.last_key, filter);
        assert!(
            again.eq_ignore_ascii_case(token),
            "{token} was read, and is written {again}"
        );
    }
    // a token of ours with any key in it is read back or refused
    let issued = PageToken::issue(token, filter);
    if let Ok(read) = PageToken::parse(&issued, filter) {
        assert_eq!(read.map(|read| read.last_key).as_deref(), Some(token));
    }
    if let Some(instant) = read_instant_key(token) {
        assert_eq!(read_instant_key(&instant_key(instant)), Some(instant));
    }
    if let Some(day) = read_date_key(token) {
        assert_eq!(read_date_key(&day.to_string()), Some(day));
    }
}
