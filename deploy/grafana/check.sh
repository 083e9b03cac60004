#!/bin/sh
# Runs every query of the duty floor dashboard against a real, private Prometheus that scrapes the
# given metrics ports, and fails naming each panel whose query errors or returns no data.
#
#   deploy/grafana/check.sh [PORT...]      # 9401 to 9405 unless told otherwise: `./dev demo`
#   deploy/grafana/check.sh --form         # only the dashboard's own form; needs no Prometheus
#
# Prometheus is $PROMETHEUS or the one on the PATH.
set -eu
exec python3 "$(dirname "$0")/check_dashboard.py" "$@"
