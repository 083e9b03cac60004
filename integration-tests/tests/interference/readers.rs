//! Who asks: posts and systems that must learn nothing of the denunciations of a run.

use std::collections::BTreeSet;

use huiyin_domain::organs::{
    DISCIPLINE_INSPECTION, JOINT_MEETING, PETITION_OFFICE, TOWNSHIP_GOVERNMENT,
};
use huiyin_domain::posts::{self, Duty};
use huiyin_domain::standing::Standing;
use rand::Rng as _;
use rand::seq::IndexedRandom as _;
use rand_chacha::ChaCha8Rng;

use super::city;

/// Somebody who asks.
#[derive(Clone, Debug)]
pub struct Reader {
    /// As it names itself.
    pub caller: String,
    /// Its organ.
    pub organ: Option<String>,
    /// For reports: the post and where its organ stands.
    pub name: String,
    /// Whether it is there for urgent reports.
    pub is_on_duty: bool,
}

/// Whom a run's denunciations are about, and who must learn nothing of them.
pub struct Cast {
    pub denounced: Vec<String>,
    /// Posts of the denounced, of those they head and of those below.
    near: Vec<Reader>,
    /// Posts of others that are not for denunciations, and systems.
    far: Vec<Reader>,
    /// Organs from which all of them are sealed.
    sealed_from: BTreeSet<String>,
}

/// Organs that are denounced together.
pub const DENOUNCED: [&[(&str, &str)]; 9] = [
    &[("431202", "natural_resources")],
    &[("431202", PETITION_OFFICE)],
    &[("431202001", TOWNSHIP_GOVERNMENT)],
    &[("431202", "county_government")],
    &[("4312", PETITION_OFFICE)],
    &[
        ("431202", "county_government"),
        ("431202", "natural_resources"),
    ],
    &[
        ("431202", DISCIPLINE_INSPECTION),
        ("431202001", TOWNSHIP_GOVERNMENT),
    ],
    &[
        ("4312", "city_government"),
        ("4312", JOINT_MEETING),
        ("431202", PETITION_OFFICE),
    ],
    // of nobody in particular: sealed from every post that is not for denunciations
    &[],
];

impl Cast {
    /// The cast of a run: each run after another has other denounced organs, until all were.
    pub fn of(run: u64) -> Self {
        let denounced: Vec<Standing> = {
            let named = DENOUNCED[usize::try_from(run).unwrap() % DENOUNCED.len()].iter();
            let organs = named.map(|(place, function)| city::organ(place, function));
            let standings = city::standings();
            organs
                .map(|organ| {
                    *standings
                        .iter()
                        .find(|standing| standing.organ == organ)
                        .unwrap()
                })
                .collect()
        };
        let (mut near, mut far) = (Vec::new(), systems());
        let mut sealed_from = BTreeSet::new();
        for standing in city::standings() {
            let is_sealed = |denounced: &Standing| standing.is_sealed_from(denounced);
            let is_near = denounced.iter().any(is_sealed);
            let from_all = !denounced.is_empty() && denounced.iter().all(is_sealed);
            if from_all {
                sealed_from.insert(standing.organ.to_string());
            }
            for (post, duties) in posts::all() {
                if duties.contains(&Duty::Sealed) && !from_all {
                    continue;
                }
                let reader = Reader {
                    caller: format!("organ/{}/post/{post}", standing.organ),
                    organ: Some(standing.organ.to_string()),
                    name: format!("{post} of {}", city::name(standing.organ)),
                    is_on_duty: duties.contains(&Duty::Duty),
                };
                if is_near {
                    near.push(reader)
                } else {
                    far.push(reader)
                }
            }
        }
        let denounced = denounced.iter().map(|standing| standing.organ.to_string());
        Self {
            denounced: denounced.collect(),
            near,
            far,
            sealed_from,
        }
    }

    /// Whether every denunciation of the run is sealed from an organ, whatever its posts are there for.
    pub fn is_sealed_from(&self, organ: &str) -> bool {
        self.sealed_from.contains(organ)
    }

    pub fn reader(&self, chance: &mut ChaCha8Rng) -> Reader {
        let from = if chance.random_bool(0.6) && !self.near.is_empty() {
            &self.near
        } else {
            &self.far
        };
        from.choose(chance).cloned().unwrap()
    }
}

/// Systems, an operator, a service, somebody unknown.
fn systems() -> Vec<Reader> {
    let system = |caller: &str| Reader {
        caller: caller.to_owned(),
        organ: None,
        name: caller.to_owned(),
        is_on_duty: false,
    };
    let callers = [
        "caller/platform",
        "caller/other-platform",
        "operator/one",
        "service/intake",
        "stranger",
    ];
    // as often as posts of a few organs
    callers
        .iter()
        .flat_map(|caller| std::iter::repeat_n(system(caller), 12))
        .collect()
}
