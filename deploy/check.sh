#!/bin/sh
# Checks the deployment without a cluster: the chart with each of its ci values, the manifests it
# makes, the Prometheus rules with their tests, and the dashboard's form.
#
#   deploy/check.sh
#
# $HELM, $KUBERNETES_VALIDATE and $PROMTOOL name the tools when they are not on the PATH.
set -eu
cd "$(dirname "$0")/.."

helm=${HELM:-helm}
kubernetes_validate=${KUBERNETES_VALIDATE:-kubernetes-validate}
promtool=${PROMTOOL:-promtool}
chart=helm/huiyin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in "$helm" "$kubernetes_validate" "$promtool" python3; do
    command -v "$tool" >/dev/null || { echo "error: $tool is not installed; see deploy/check.sh" >&2; exit 1; }
done

# Runs a command quietly; when it fails, says which and shows what it printed.
try() {
    if ! "$@" >"$work/output" 2>&1; then
        cat "$work/output" >&2
        echo "error: failed: $*" >&2
        exit 1
    fi
}

# The chart must refuse these values.
refuse() {
    if "$helm" template huiyin "$chart" "$@" >"$work/output" 2>&1; then
        echo "error: the chart accepts: $*" >&2
        exit 1
    fi
}

check_values() {
    values=$1
    rendered=$work/$(basename "$values")
    try "$helm" lint --strict --quiet "$chart" --values "$values"
    "$helm" template huiyin "$chart" --namespace petitions --values "$values" >"$rendered" 2>"$work/output" \
        || { cat "$work/output" >&2; echo "error: helm template fails with $values" >&2; exit 1; }
    # PodMonitor and PrometheusRule have no schema there and are passed over with a warning.
    try "$kubernetes_validate" --strict --quiet "$rendered"
    echo "ok: chart and manifests with $(basename "$values")"
}

try "$helm" lint --strict --quiet "$chart"
for values in "$chart"/ci/*-values.yaml; do
    check_values "$values"
done

refuse --set services.intake.replcas=3
refuse --set services.intake.replicas=0
refuse --set services.statistics=null
refuse --set services.statistics.vault.key=file:/keys
refuse --set services.routing.vault.sealedKey=file:/keys
refuse --set services.supervision.vault=null
refuse --set services.intake.vault.sealedKey=null
refuse --set services.intake.recipientRules=rules
refuse --set services.routing.recipientRules=rules
refuse --set services.routing.webhooks.keptDays=30
refuse --set services.stability-early-warning.webhooks.keptDays=6
refuse --set services.stability-early-warning.webhooks.networks={10.20.0.0}
refuse --set services.intake.vault.key=0123456789abcdef
refuse --set services.intake.tlsSecret=null
refuse --set services.routing.secret.keys.logKey=null
refuse --set log.suite=md5
refuse --set log.above.address=http://log.nation.example:7401
refuse --set log.above.address=https://log.nation.example:7401 --set log.above.trustDomain=nation.example
refuse --set telemetry.traceRatio=2
refuse --set image.digest=latest
refuse --set auditor.secret.name=
refuse --set auditor.silentAfterSeconds=50
refuse --set auditor.databaseUrl=postgres://auditor:x@postgres/huiyin
echo "ok: the chart refuses wrong values"

try "$helm" package "$chart" --destination "$work"
try tar -tzf "$work"/huiyin-*.tgz huiyin/files/rules.yaml huiyin/files/duty-floor.json
echo "ok: the packaged chart carries rules and dashboard"

try "$promtool" check config deploy/prometheus/prometheus.yaml
try "$promtool" test rules deploy/prometheus/rules_test.yaml deploy/prometheus/rules_week_test.yaml
echo "ok: Prometheus settings, rules and their tests"

try deploy/grafana/check.sh --form
echo "ok: the dashboard's form"
