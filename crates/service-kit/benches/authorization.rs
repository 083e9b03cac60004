//! What one decision of the policies costs: at the door of every call, granted and refused. Nothing is asked of a database.
#![expect(clippy::unwrap_used, reason = "a bench whose ground is missing fails")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use huiyin_domain::organs::{self, PETITION_OFFICE};
use huiyin_domain::standing::Standing;
use huiyin_domain::vocabulary::Level;
use huiyin_service_kit::authorization::{Asking, Rights, Standings, Subject};
use sqlx::postgres::PgPoolOptions;
use tokio::runtime::Runtime;

fn decisions(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let _inside = runtime.enter();
    let never_asked = PgPoolOptions::new().connect_lazy("postgres://nobody@127.0.0.1:1/none");
    let standings = Standings::new(never_asked.unwrap());
    let rights = Rights::embedded().unwrap();
    let place = "4312".parse().unwrap();
    let office = Standing::new(
        organs::organ_id(&place, PETITION_OFFICE),
        (Level::City, place),
        &[PETITION_OFFICE.to_owned()],
    );
    let duty = Arc::new(Subject::post(office, "duty-desk"));
    let stranger = Arc::new(Subject::stranger());
    let asked = [
        (
            "a post about its own organ",
            &duty,
            "stability_early_warning.RaiseAlert",
            true,
        ),
        ("a post about its place", &duty, "intake.ListMatters", false),
        (
            "a stranger about a matter",
            &stranger,
            "intake.GetMatter",
            false,
        ),
    ];
    for (name, subject, action, granted) in asked {
        let ask = || Asking::at_the_door(Arc::clone(subject), rights, (action, &standings));
        assert_eq!(ask().is_ok(), granted, "{name}");
        criterion.bench_function(name, |bench| bench.iter(|| black_box(ask().is_ok())));
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
