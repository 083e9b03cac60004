//! Repeat screening: the same petitioner and substantially the same request. The same subject in the
//! same place counts as substantially the same. A match is linked with its reason; nothing is closed.

use huiyin_domain::ids::MatterId;
use huiyin_domain::time::local_date;

use crate::keys::Keys;
use crate::petition::Petition;
use crate::raised::Raised;
use crate::store::petition::Earlier;
use crate::vault::Kind;

/// The matter that another one repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repeat {
    /// The matter that was raised first.
    pub(crate) matter: MatterId,
    /// Why it counts as a repeat, in words.
    pub(crate) reason: String,
}

/// The hashes two matters share when they are substantially the same, the one to store first; none when the petitioner gave
/// nothing to be known by.
pub(crate) fn hashes(keys: &Keys, raised: &Raised) -> Option<[Vec<u8>; 2]> {
    let (known_by, who) = petitioner(&raised.petition)?;
    // what a denunciation says is for other eyes than what a claim says: neither is found by the other
    let kind = Kind::of(raised.category);
    let parts = [known_by, &who, &raised.subject.code, raised.place.as_str()];
    Some(keys.screening_hashes(kind, &parts))
}

/// The repeat of an earlier matter.
pub(crate) fn repeat(earlier: &Earlier, raised: &Raised) -> Repeat {
    let reason = format!(
        "the same petitioner raised the same subject ({}) of the same place ({}) in matter {}, registered on {}",
        raised.subject.code,
        raised.place,
        earlier.number,
        local_date(earlier.registered_at),
    );
    Repeat {
        matter: MatterId::from_uuid(earlier.matter_id),
        reason,
    }
}

/// What a petitioner is known by: the id number, else the phone, else name and address together.
fn petitioner(petition: &Petition) -> Option<(&'static str, String)> {
    let id_number = letters(&petition.petitioner.id_number);
    if !id_number.is_empty() {
        return Some(("id number", id_number));
    }
    let phone = phone(&petition.petitioner.phone);
    if !phone.is_empty() {
        return Some(("phone", phone));
    }
    let (name, address) = (
        letters(&petition.petitioner.name),
        letters(&petition.petitioner.address),
    );
    let both = !name.is_empty() && !address.is_empty();
    both.then(|| ("name and address", format!("{name}\n{address}")))
}

/// Letters and digits alone, so that spaces, hyphens and small letters make no difference.
fn letters(given: &str) -> String {
    given
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

/// The digits of a phone number without the country's.
fn phone(given: &str) -> String {
    let digits: String = given.chars().filter(char::is_ascii_digit).collect();
    let local = digits
        .strip_prefix("0086")
        .or_else(|| digits.strip_prefix("86").filter(|rest| rest.len() == 11));
    local.unwrap_or(&digits).to_owned()
}

#[cfg(test)]
mod tests {
    use huiyin_proto::intake::v1::Petitioner;

    use super::*;

    fn petition(name: &str, address: &str, phone: &str, id_number: &str) -> Petition {
        Petition {
            petitioner: Petitioner {
                name: name.to_owned(),
                address: address.to_owned(),
                phone: phone.to_owned(),
                id_number: id_number.to_owned(),
            },
            ..Petition::default()
        }
    }

    fn same(one: &Petition, other: &Petition) -> bool {
        let one = petitioner(one);
        one.is_some() && one == petitioner(other)
    }

    #[test]
    fn the_id_number_goes_before_the_phone_and_that_before_name_and_address() {
        let all = petition("甲", "乙村", "13800000000", "43120219700101001x");
        assert_eq!(
            petitioner(&all),
            Some(("id number", "43120219700101001X".to_owned()))
        );
        assert!(same(&all, &petition("丙", "", "", "431202 19700101 001X")));
        let phone = petition("甲", "乙村", "+86 138-0000-0000", "");
        assert!(same(&phone, &petition("", "", "13800000000", "")));
        assert!(same(
            &petition("甲", "乙 村", "", ""),
            &petition("甲", "乙村", "", "")
        ));
    }

    #[test]
    fn a_name_alone_is_nobody() {
        assert_eq!(petitioner(&petition("甲", "", "", "")), None);
        assert_eq!(petitioner(&petition("", "乙村", " - ", "")), None);
    }
}
