//! Who must not be told of an alert: the organ a matter of it is about (art. 28(3)), and of a denunciation every organ that
//! it heads or that stands below it (art. 30(3)).

use huiyin_domain::ids::OrganId;
use huiyin_domain::organs::OrganProfile;
use huiyin_domain::routing::Directory;
use huiyin_domain::standing::Standing;

use crate::store::matter_about::MatterAbout;

/// Whether this organ is excluded by what the matters are about.
pub(crate) fn is_excluded(organ: OrganId, about: &[MatterAbout], directory: &Directory) -> bool {
    about.iter().any(|about| {
        let sealed = || {
            let (reader, denounced) = (directory.get(organ), directory.get(about.organ));
            reader.zip(denounced).is_some_and(|(reader, denounced)| {
                standing(reader).is_sealed_from(&standing(denounced))
            })
        };
        about.organ == organ || (about.denunciation && sealed())
    })
}

/// Those of the organs that are excluded, and always the organs that the matters are about.
pub(crate) fn among(
    organs: impl Iterator<Item = OrganId>,
    about: &[MatterAbout],
    directory: &Directory,
) -> Vec<OrganId> {
    let mut excluded: Vec<OrganId> = about.iter().map(|about| about.organ).collect();
    excluded.extend(organs.filter(|organ| is_excluded(*organ, about, directory)));
    excluded.sort_unstable();
    excluded.dedup();
    excluded
}

fn standing(organ: &OrganProfile) -> Standing {
    Standing::new(organ.id, (organ.level, organ.territory), &organ.functions)
}
