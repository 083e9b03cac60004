//! Counters, latencies and gauges of this process, and their Prometheus text.
//!
//! A name is written once, where it is counted: `huiyin_rpc_requests` is exported as
//! `huiyin_rpc_requests_total`, a latency with `_bucket`, `_sum` and `_count`, a gauge as it is.

use std::collections::HashMap;
use std::sync::{LazyLock, RwLock};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

/// Upper bounds of the latency buckets in seconds: half a millisecond to a minute.
const SECONDS: [f64; 16] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];

/// Labels of one measurement: names are fixed, values are few.
pub type Labels<'a> = [(&'static str, &'a str)];

static INSTRUMENTS: LazyLock<Instruments> = LazyLock::new(Instruments::new);

struct Instruments {
    registry: Registry,
    meter: Meter,
    // kept because the reader ends with it
    _provider: SdkMeterProvider,
    counters: Cache<Counter<u64>>,
    latencies: Cache<Histogram<f64>>,
    gauges: Cache<Gauge<f64>>,
}

/// Adds to a counter.
pub fn count(name: &'static str, by: u64, labels: &Labels<'_>) {
    let all = &*INSTRUMENTS;
    all.counters.with(
        name,
        |name| all.meter.u64_counter(name).build(),
        |counter| counter.add(by, &attributes(labels)),
    );
}

/// Records a latency in seconds.
pub fn observe(name: &'static str, seconds: f64, labels: &Labels<'_>) {
    let all = &*INSTRUMENTS;
    let build = |name| {
        all.meter
            .f64_histogram(name)
            .with_boundaries(SECONDS.to_vec())
            .build()
    };
    all.latencies.with(name, build, |latency| {
        latency.record(seconds, &attributes(labels))
    });
}

/// Sets a gauge.
pub fn gauge(name: &'static str, value: f64, labels: &Labels<'_>) {
    let all = &*INSTRUMENTS;
    all.gauges.with(
        name,
        |name| all.meter.f64_gauge(name).build(),
        |gauge| gauge.record(value, &attributes(labels)),
    );
}

/// Everything measured so far, as Prometheus reads it.
#[must_use]
pub fn render() -> String {
    let families = INSTRUMENTS.registry.gather();
    TextEncoder::new()
        .encode_to_string(&families)
        .unwrap_or_else(|error| {
            tracing::error!(%error, "the metrics could not be written");
            String::new()
        })
}

fn attributes(labels: &Labels<'_>) -> Vec<KeyValue> {
    labels
        .iter()
        .map(|(name, value)| KeyValue::new(*name, (*value).to_owned()))
        .collect()
}

impl Instruments {
    fn new() -> Self {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .without_target_info()
            .build();
        let provider = match exporter {
            Ok(reader) => SdkMeterProvider::builder().with_reader(reader).build(),
            Err(error) => {
                tracing::error!(%error, "metrics are measured but cannot be read");
                SdkMeterProvider::builder().build()
            }
        };
        Self {
            meter: provider.meter("huiyin"),
            registry,
            _provider: provider,
            counters: Cache::default(),
            latencies: Cache::default(),
            gauges: Cache::default(),
        }
    }
}

/// Instruments by name.
struct Cache<I>(RwLock<HashMap<&'static str, I>>);

impl<I> Default for Cache<I> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<I: Clone> Cache<I> {
    fn with(
        &self,
        name: &'static str,
        build: impl FnOnce(&'static str) -> I,
        act: impl FnOnce(&I),
    ) {
        {
            let known = self
                .0
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(instrument) = known.get(name) {
                return act(instrument);
            }
        }
        let mut known = self
            .0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        act(known.entry(name).or_insert_with(|| build(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_exported_as_dashboards_expect_them() {
        count(
            "huiyin_test_requests",
            2,
            &[("service", "intake"), ("code", "OK")],
        );
        count(
            "huiyin_test_requests",
            1,
            &[("service", "intake"), ("code", "OK")],
        );
        observe(
            "huiyin_test_duration_seconds",
            0.003,
            &[("service", "intake")],
        );
        gauge("huiyin_test_rows", 7.0, &[("lane", "urgent")]);
        let text = render();
        for line in [
            "huiyin_test_requests_total{code=\"OK\",service=\"intake\"} 3",
            "huiyin_test_duration_seconds_bucket{service=\"intake\",le=\"0.0025\"} 0",
            "huiyin_test_duration_seconds_bucket{service=\"intake\",le=\"0.005\"} 1",
            "huiyin_test_duration_seconds_bucket{service=\"intake\",le=\"60\"} 1",
            "huiyin_test_duration_seconds_sum{service=\"intake\"} 0.003",
            "huiyin_test_duration_seconds_count{service=\"intake\"} 1",
            "huiyin_test_rows{lane=\"urgent\"} 7",
        ] {
            assert!(
                text.lines().any(|written| written == line),
                "{line} is not in\n{text}"
            );
        }
        assert!(
            !text.contains("otel_scope") && !text.contains("target_info"),
            "{text}"
        );
    }
}
