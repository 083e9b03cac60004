//! The `grpc-timeout` header: up to eight digits and a unit.
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use std::time::Duration;

/// The header.
pub const HEADER: &str = "grpc-timeout";

/// Reads a timeout; `None` when it is none.
#[must_use]
pub fn parse(value: &[u8]) -> Option<Duration> {
    let (digits, unit) = std::str::from_utf8(value)
        .ok()?
        .split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit())
    {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Writes a timeout in the finest unit its eight digits allow.
#[must_use]
pub fn format(timeout: Duration) -> String {
    let most = 99_999_999;
    for (number, unit) in [
        (timeout.as_micros(), 'u'),
        (timeout.as_millis(), 'm'),
        (u128::from(timeout.as_secs()), 'S'),
    ] {
        if number <= most {
            return format!("{number}{unit}");
        }
    }
    format!("{most}S")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_reads_back_what_it_prints() {
        for (timeout, written) in [
            (Duration::from_micros(1_500), "1500u"),
            (Duration::from_secs(30), "30000000u"),
            (Duration::from_secs(3600), "3600000m"),
            (Duration::from_secs(1_000_000), "1000000S"),
        ] {
            assert_eq!(format(timeout), written);
            assert_eq!(parse(written.as_bytes()), Some(timeout));
        }
    }

    #[test]
    fn what_is_no_timeout_is_none() {
        for wrong in ["", "S", "1", "123456789S", "-1S", "+1S", "1 S", "1s"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
