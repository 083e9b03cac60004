//! Clusters: townships that adjoin and rise together, where a city said which do.

use std::io::Write as _;

use huiyin_domain::ids::{MatterId, OpinionId};
use huiyin_proto::events::v1 as events;
use huiyin_proto::events::v1::event::Fact;
use huiyin_service_kit::settings::Own;
use huiyin_service_kit::testing::Broken;
use huiyin_service_kit::wire;
use huiyin_stability_early_warning::lists;
use tempfile::NamedTempFile;
use uuid::Uuid;

use crate::hot_spot_stage::{TOWN, Watch, closing, day, registered};
use crate::reporting_stage::{LAND, fields};
use crate::stage::{Tested, office};

/// Townships of the county, in a row, each beside the next.
const TOWNS: u64 = 40;
/// Days of counts.
const DAYS: u64 = 45;
/// The townships that rise together on the last days, by their place in the row.
const RISEN: [u64; 5] = [6, 7, 8, 9, 10];

fn town(number: u64) -> String {
    format!("431202{:03}000", number + 1)
}

/// What a city would write: each township adjoins the next.
fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn in_a_row() -> String {
    let pairs: Vec<String> = (0..TOWNS - 1)
        .map(|number| format!(r#"["{}", "{}"]"#, town(number), town(number + 1)))
        .collect();
    let pairs = pairs.join(", ");
    format!(
        r#"{{"version": "2026-01-01", "source": "joint meeting, item 4", "clusters": {{"neighbours": [{pairs}]}}}}"#
    )
}

impl Watch {
    /// The service with a city's own file.
    async fn with(text: &str) -> Result<Self, Broken> {
        let mut watch = Self::set().await?;
        let file = file(text);
        let mut desk = watch.stage.desk.desk.clone();
        if let Own::StabilityEarlyWarning(own) = &mut desk.own.own {
            own.hot_spots = Some(file.path().to_owned());
        }
        let mut sweeps = lists(desk).await?.sweeps;
        let ended = sweeps.iter().position(|sweep| sweep.kind == "hot_spot_day");
        watch.sweep = sweeps.remove(ended.unwrap());
        Ok(watch)
    }

    /// A matter in each township every third day; on the last five days one more in those that rise, and so many in one of them.
    async fn towns(&self, alone: u64) -> Tested {
        for on in 0..DAYS {
            self.stage.desk.move_clock(day(on)).await?;
            let late = on >= DAYS - 5;
            let mut facts = Vec::new();
            for town in 0..TOWNS {
                let mut matters = u64::from((on + town).is_multiple_of(3));
                matters += u64::from(late && RISEN.contains(&town));
                matters += if late && town == RISEN[0] { alone } else { 0 };
                let registered = (0..matters).map(|number| of_town(on, town, number));
                facts.extend(registered.map(Fact::MatterRegistered));
            }
            self.hear(facts).await?;
            self.pass().await?;
        }
        self.stage.desk.move_clock(day(DAYS)).await?;
        self.pass().await?;
        Ok(())
    }
}

fn matter_of(on: u64, town: u64, number: u64) -> String {
    let id = u128::from(on * 100_000 + town * 1_000 + number + 1);
    MatterId::from_uuid(Uuid::from_u128(id)).to_string()
}

fn of_town(on: u64, of: u64, number: u64) -> events::MatterRegistered {
    events::MatterRegistered {
        matter_id: matter_of(on, of, number),
        place_code: town(of),
        received_time: Some(wire::timestamp(day(on))),
        ..registered(on, number)
    }
}

#[tokio::test]
async fn townships_that_rise_together_are_found_though_none_stands_out_alone() -> Tested {
    let watch = Watch::with(&in_a_row()).await?;
    watch.towns(0).await?;
    let spots = watch.list().await?;
    let [spot] = spots.as_slice() else {
        panic!("{spots:?}")
    };
    let towns: Vec<String> = RISEN.iter().map(|number| town(*number)).collect();
    assert_eq!(
        (
            spot.place_code.as_str(),
            spot.subject.as_str(),
            &spot.place_codes
        ),
        ("431202000000", LAND, &towns)
    );
    assert_eq!(spot.method, "scan");
    assert!(spot.first_date < spot.on_date, "{spot:?}");
    assert!(
        spot.explanation.contains("by scan over 5 places"),
        "{spot:?}"
    );
    assert_eq!(spot.answers[0].organ_id, office(TOWN));
    let told = watch.stage.told().await?;
    let Some(Fact::HotSpotFound(fact)) = told.last() else {
        panic!("{told:?}")
    };
    assert_eq!(
        (&fact.place_codes, &fact.first_date),
        (&towns, &spot.first_date)
    );
    Ok(())
}

#[tokio::test]
async fn without_a_word_of_which_townships_adjoin_nothing_is_found_in_them() -> Tested {
    let watch = Watch::set().await?;
    watch.towns(0).await?;
    assert_eq!(watch.list().await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_cluster_with_a_township_that_stands_out_alone_is_not_told_as_well() -> Tested {
    let watch = Watch::with(&in_a_row()).await?;
    watch.towns(30).await?;
    let spots = watch.list().await?;
    let alone = |spot: &&huiyin_proto::stability_early_warning::v1::HotSpot| {
        spot.place_code == town(RISEN[0]) && spot.place_codes.is_empty()
    };
    assert_eq!(spots.iter().filter(alone).count(), 1, "{spots:?}");
    assert!(
        spots.iter().all(|spot| spot.place_codes.is_empty()),
        "{spots:?}"
    );
    Ok(())
}

#[tokio::test]
async fn only_matters_of_its_townships_close_a_cluster() -> Tested {
    let watch = Watch::with(&in_a_row()).await?;
    watch.towns(0).await?;
    let spots = watch.list().await?;
    let spot = &spots[0];
    let last = DAYS - 1;
    let (inside, outside) = (matter_of(last, RISEN[1], 0), matter_of(last, 1, 0));
    for matter in [&inside, &outside] {
        let fact = events::ReplyDelivered {
            matter_id: matter.clone(),
            organ_id: office(TOWN),
            opinion_id: OpinionId::from_uuid(Uuid::nil()).to_string(),
        };
        watch.hear(vec![Fact::ReplyDelivered(fact)]).await?;
    }
    let refused = watch.close(closing(spot, &office(TOWN), &[outside])).await;
    assert_eq!(fields(&refused.unwrap_err()), ["matter_ids[0]"]);
    let closed = watch
        .close(closing(spot, &office(TOWN), &[inside.clone(), inside]))
        .await?;
    assert!(closed.answered_time.is_some());
    Ok(())
}

#[tokio::test]
async fn a_wrong_file_keeps_the_service_from_starting_and_says_why() -> Tested {
    let watch = Watch::set().await?;
    let wrong = file(r#"{"version": "1", "source": "none", "choice": {"minimum_matters": 1}}"#);
    let mut desk = watch.stage.desk.desk.clone();
    if let Own::StabilityEarlyWarning(own) = &mut desk.own.own {
        own.hot_spots = Some(wrong.path().to_owned());
    }
    let refused = lists(desk).await.err().unwrap().to_string();
    assert!(
        refused.contains("stability_early_warning.hot_spots")
            && refused.contains("minimum_matters is 1; allowed: a whole number from 5"),
        "{refused}"
    );
    Ok(())
}
