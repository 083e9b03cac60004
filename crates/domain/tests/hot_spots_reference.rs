//! The detectors against results of R's `surveillance` 1.20.3: the published series of weekly counts, and generated
//! series in every corner. The data folder's NOTICE says how each was made.
#![expect(clippy::unwrap_used, reason = "a test whose ground is missing fails")]

use std::collections::BTreeMap;

use huiyin_domain::warning::hot_spots::{
    BadFields, BoundMethod, CusumMean, CusumSettings, CusumTransform, Cycle, EarsSettings,
    EarsVariant, FarringtonSettings, FlexibleSettings, Judgement, Series, Workspace,
};
use serde::Deserialize;

const WEEKS: Cycle = Cycle::Points { length: 52 };
/// Where the folder's EARS figures end in decimals.
const EARS_TOLERANCE: f64 = 1e-9;
const TOLERANCE: f64 = 1e-6;

macro_rules! table {
    ($name:literal) => {
        include_str!(concat!("data/surveillance/", $name))
    };
}

/// A line of a published table: point from 1, observed, upper (`NA` when none), alarm.
fn lines(table: &str) -> Vec<(usize, u32, Option<f64>, bool)> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        (
            fields[0].parse().unwrap(),
            fields[1].parse().unwrap(),
            (fields[2] != "NA").then(|| fields[2].parse().unwrap()),
            fields[3] == "1",
        )
    };
    table.lines().skip(1).map(line).collect()
}

fn agona() -> Series {
    let counts = table!("series_agona.csv").lines().skip(1);
    let counts = counts.map(|line| line.rsplit(',').next().unwrap().parse().unwrap());
    Series::new(counts.collect()).unwrap()
}

/// How far apart two figures are, of which both or none must be known.
fn difference(found: Option<f64>, wanted: Option<f64>) -> f64 {
    match (found, wanted) {
        (Some(found), Some(wanted)) => (found - wanted).abs(),
        (None, None) => 0.0,
        (_, _) => f64::INFINITY,
    }
}

/// Every line agrees, and there are as many as the folder says.
fn agrees(
    table: &str,
    tolerance: f64,
    points: usize,
    judge: impl Fn(usize) -> Result<Judgement, BadFields>,
) {
    let lines = lines(table);
    assert_eq!(lines.len(), points);
    let mut largest = 0.0_f64;
    for (point, observed, upper, alarm) in lines {
        let judged = judge(point - 1).unwrap();
        assert_eq!(
            (judged.observed, judged.alarm),
            (observed, alarm),
            "{point}"
        );
        let difference = difference(judged.upper, upper);
        largest = largest.max(difference);
        assert!(difference <= tolerance, "{point}: {judged:?} {upper:?}");
    }
    println!("largest difference {largest:.1e} over {points} points");
}

#[test]
fn ears_is_equal_to_the_published_reference() {
    let series = agona();
    for (variant, table) in [
        (EarsVariant::C1, table!("agona_ears_C1_a0.01.csv")),
        (EarsVariant::C2, table!("agona_ears_C2_a0.01.csv")),
        (EarsVariant::C3, table!("agona_ears_C3_a0.01.csv")),
    ] {
        let settings = EarsSettings {
            alpha: 0.01,
            ..EarsSettings::of(variant)
        };
        let ears = settings.checked().unwrap();
        agrees(table, EARS_TOLERANCE, 104, |at| ears.judge(&series, at));
    }
}

#[test]
fn farrington_is_equal_to_the_published_reference() {
    let (series, settings) = (agona(), FarringtonSettings::of(WEEKS));
    let farrington = FarringtonSettings {
        years: 4,
        alpha: 0.01,
        ..settings
    };
    let farrington = farrington.checked().unwrap();
    agrees(table!("agona_farrington1996.csv"), TOLERANCE, 52, |at| {
        farrington.judge(&series, at, &mut Workspace::default())
    });
}

#[test]
fn farrington_flexible_is_equal_to_the_published_reference() {
    let series = agona();
    for (bound, table) in [
        (BoundMethod::Delta, table!("agona_farflex_delta_trend1.csv")),
        (
            BoundMethod::NegativeBinomial,
            table!("agona_farflex_nbPlugin_trend1.csv"),
        ),
    ] {
        let settings = FlexibleSettings {
            years: 4,
            periods: 10,
            recent_left_out: 26,
            trend_threshold: 1.0,
            alpha: 0.01,
            bound,
            ..FlexibleSettings::of(WEEKS)
        };
        let flexible = settings.checked().unwrap();
        agrees(table, TOLERANCE, 52, |at| {
            flexible.judge(&series, at, &mut Workspace::default())
        });
    }
}

#[test]
fn the_cumulative_sum_is_equal_to_the_published_reference() {
    let settings = CusumSettings {
        mean: CusumMean::Harmonic {
            period: 52.0,
            first_position: 1.0,
        },
        transform: CusumTransform::Rossi,
        ..CusumSettings::default()
    };
    let judged = settings
        .checked()
        .unwrap()
        .watch(&agona(), 260..312)
        .unwrap();
    agrees(table!("agona_cusum_rossi_glm.csv"), TOLERANCE, 52, |at| {
        Ok(judged[at - 260])
    });
}

/// A generated series under one method.
#[derive(Deserialize)]
struct Case {
    series: String,
    method: Method,
    from: usize,
    upper: Vec<Option<f64>>,
    alarm: Vec<bool>,
    expected: Option<Vec<Option<f64>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Method {
    Ears(EarsSettings),
    Farrington(FarringtonSettings),
    Flexible(FlexibleSettings),
    Cusum(CusumSettings),
}

#[derive(Deserialize)]
struct Cases {
    series: BTreeMap<String, Vec<Option<u32>>>,
    cases: Vec<Case>,
}

impl Case {
    fn judge(&self, series: &Series) -> Result<Vec<Judgement>, BadFields> {
        let points = self.from..self.from + self.upper.len();
        let work = &mut Workspace::default();
        match self.method {
            Method::Ears(settings) => {
                let ears = settings.checked()?;
                points.map(|at| ears.judge(series, at)).collect()
            }
            Method::Farrington(settings) => {
                let farrington = settings.checked()?;
                points
                    .map(|at| farrington.judge(series, at, work))
                    .collect()
            }
            Method::Flexible(settings) => {
                let flexible = settings.checked()?;
                points.map(|at| flexible.judge(series, at, work)).collect()
            }
            Method::Cusum(settings) => settings.checked()?.watch(series, points),
        }
    }

    /// How often it differs, and a line about the worst.
    fn compare(&self, judged: &[Judgement]) -> (f64, Vec<String>) {
        let mut largest = 0.0_f64;
        let mut complaints = Vec::new();
        for (index, found) in judged.iter().enumerate() {
            let mut figures = vec![("upper", found.upper, self.upper[index])];
            if let Some(expected) = &self.expected {
                figures.push(("expected", found.expected, expected[index]));
            }
            for (name, found, wanted) in figures {
                let difference = match (found, wanted) {
                    (Some(found), Some(wanted)) => (found - wanted).abs() / wanted.abs().max(1.0),
                    (None, None) => 0.0,
                    (_, _) => f64::INFINITY,
                };
                largest = largest.max(difference);
                if difference > TOLERANCE {
                    complaints.push(format!("{index} {name} {found:?} {wanted:?}"));
                }
            }
            if found.alarm != self.alarm[index] {
                complaints.push(format!("{index} alarm {}", found.alarm));
            }
        }
        (largest, complaints)
    }
}

#[test]
fn generated_series_are_judged_as_the_reference_judges_them() {
    let cases: Cases = serde_json::from_str(table!("cases.json")).unwrap();
    let (mut points, mut largest, mut wrong) = (0, 0.0_f64, Vec::new());
    for case in &cases.cases {
        let series = Series::with_gaps(&cases.series[&case.series]).unwrap();
        match case.judge(&series) {
            Ok(judged) => {
                let (difference, complaints) = case.compare(&judged);
                if let Some(first) = complaints.first() {
                    let number = complaints.len();
                    wrong.push(format!(
                        "{} {:?}: {number} differ, {first}",
                        case.series, case.method
                    ));
                }
                largest = largest.max(difference);
                points += judged.len();
            }
            Err(refused) => wrong.push(format!("{} {:?}: {refused}", case.series, case.method)),
        }
    }
    println!(
        "{} cases, {points} points, largest relative difference {largest:.1e}",
        cases.cases.len()
    );
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
