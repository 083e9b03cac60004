//! Facts are without names: a text that seems to hold somebody's phone or identity number is refused.

use std::fmt;

/// What a text seems to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Personal {
    /// Eleven digits.
    Phone,
    /// Fifteen to eighteen digits.
    IdentityNumber,
}

impl fmt::Display for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Phone => {
                "holds a number of 11 digits that looks like a phone; report facts without names and numbers of persons"
            }
            Self::IdentityNumber => {
                "holds a number of 15 to 18 digits that looks like an identity card; report facts without names and \
                 numbers of persons"
            }
        })
    }
}

/// The first number in the text that looks like somebody's. Full-width digits count, and so do the
/// groups people write such numbers in: `138 0013 8000`, `431202-19800101-1234`.
pub(crate) fn personal_number(text: &str) -> Option<Personal> {
    let groups = groups(text);
    (0..groups.len()).find_map(|start| groups.get(start..).and_then(looks_personal))
}

/// A run of digits, and whether only one space or hyphen parts it from the next.
struct Group {
    digits: String,
    goes_on: bool,
}

fn looks_personal(groups: &[Group]) -> Option<Personal> {
    let first = groups.first()?;
    if let Some(seen) = by_length(&first.digits) {
        return Some(seen);
    }
    let lengths: Vec<usize> = joined(groups)
        .take(3)
        .map(|group| group.digits.len())
        .collect();
    match lengths.as_slice() {
        [3, 4, 4] if first.digits.starts_with('1') => Some(Personal::Phone),
        [6, 8, 3 | 4] | [6, 6, 3] => Some(Personal::IdentityNumber),
        _ => None,
    }
}

fn by_length(digits: &str) -> Option<Personal> {
    match digits.len() {
        11 => Some(Personal::Phone),
        13 if digits.starts_with("861") => Some(Personal::Phone),
        15..=18 => Some(Personal::IdentityNumber),
        _ => None,
    }
}

/// The first group and those that go on from it.
fn joined(groups: &[Group]) -> impl Iterator<Item = &Group> {
    let mut goes_on = true;
    groups
        .iter()
        .take_while(move |group| std::mem::replace(&mut goes_on, group.goes_on))
}

fn groups(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut gap = usize::MAX;
    for letter in text.chars() {
        match digit(letter) {
            Some(digit) if gap == 0 => {
                if let Some(group) = groups.last_mut() {
                    group.digits.push(digit);
                }
            }
            Some(digit) => {
                if let Some(before) = groups.last_mut() {
                    before.goes_on = gap == 1;
                }
                groups.push(Group {
                    digits: digit.to_string(),
                    goes_on: false,
                });
                gap = 0;
            }
            None if matches!(letter, ' ' | '-' | '－' | '\u{3000}') => gap = gap.saturating_add(1),
            None => gap = usize::MAX,
        }
    }
    groups
}

fn digit(letter: char) -> Option<char> {
    let ascii = match letter {
        '０'..='９' => u32::from(letter)
            .checked_sub(0xFEE0)
            .and_then(char::from_u32)?,
        other => other,
    };
    ascii.is_ascii_digit().then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_and_identity_numbers_are_seen_however_they_are_written() {
        for text in [
            "call 13800138000 now",
            "１３８００１３８０００",
            "138 0013 8000",
            "138-0013-8000",
            "+8613800138000",
        ] {
            assert_eq!(personal_number(text), Some(Personal::Phone), "{text}");
        }
        for text in [
            "431202198001011234",
            "身份证43120219800101123X。",
            "431202800101123",
            "431202 19800101 1234",
        ] {
            assert_eq!(
                personal_number(text),
                Some(Personal::IdentityNumber),
                "{text}"
            );
        }
    }

    #[test]
    fn dates_counts_and_places_are_no_persons() {
        for text in [
            "",
            "120 people since 2026-01-05 09:30, 3 buses",
            "place 431202001000",
            "0745-2712345",
            "2026-01-05 1030",
            "12 34 5678 90",
        ] {
            assert_eq!(personal_number(text), None, "{text}");
        }
    }
}
