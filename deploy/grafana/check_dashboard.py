"""Checks duty-floor.json: its form, and that each of its queries returns data. See check.sh."""

import argparse
import contextlib
import json
import math
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
DASHBOARD = HERE / "duty-floor.json"
# Their order is that of the default ports. The dashboard counts services by this label.
COMPONENTS = ["intake", "routing", "supervision", "stability-early-warning", "statistics"]
DEFAULT_PORTS = [9401, 9402, 9403, 9404, 9405]
POLL_SECONDS = 0.2


def main():
    options = parse_arguments()
    panels = [panel for panel in read_dashboard()["panels"] if panel["type"] != "row"]
    faults = faults_of_form()
    for fault in faults:
        print(f"error: {DASHBOARD.name}: {fault}", file=sys.stderr)
    if options.form or faults:
        sys.exit(1 if faults else 0)

    with running_prometheus(options.ports) as server:
        wait_for_targets(server, options.ports, options.timeout)
        deadline = time.monotonic() + options.timeout
        results = [
            (panel, target, run_until_data(server, target["expr"], deadline))
            for panel in panels
            for target in panel["targets"]
        ]
    print_table(results)
    failed = [(panel, target, result) for panel, target, result in results if result["fault"]]
    for panel, target, result in failed:
        print(f"error: panel \"{panel['title']}\": {result['fault']}\n  {target['expr']}", file=sys.stderr)
    sys.exit(1 if failed else 0)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="check.sh", description=__doc__)
    parser.add_argument("ports", metavar="PORT", type=int, nargs="*", default=DEFAULT_PORTS)
    parser.add_argument("--form", action="store_true", help="check the dashboard's form only")
    parser.add_argument("--timeout", type=float, default=30, help="seconds to wait for the targets, and then for data")
    return parser.parse_args()


def read_dashboard():
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))


# --- form ---------------------------------------------------------------------------------------


def faults_of_form():
    """What Grafana would accept and a duty officer would not."""
    dashboard = read_dashboard()
    faults, ids, taken = [], set(), {}
    for panel in dashboard["panels"]:
        name = f"panel \"{panel['title']}\""
        if panel["id"] in ids:
            faults.append(f"{name}: id {panel['id']} is taken")
        ids.add(panel["id"])
        for cell in cells(panel["gridPos"]):
            if cell in taken:
                faults.append(f"{name} lies over {taken[cell]}")
                break
            taken[cell] = name
        if panel["type"] != "row":
            faults += [f"{name}: {fault}" for fault in faults_of_panel(panel)]
    if not dashboard.get("uid"):
        faults.append("no uid: a second import would make a second dashboard")
    variables = [variable["name"] for variable in dashboard["templating"]["list"]]
    if variables != ["datasource"]:
        faults.append(f"variables are {variables}; only \"datasource\" is wanted")
    return faults


def cells(place):
    return [
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]


def faults_of_panel(panel):
    if not panel.get("description"):
        yield "no description: what shall the duty officer do?"
    if not panel.get("targets"):
        yield "no query"
    for target in panel.get("targets", []):
        if "$" in target["expr"]:
            yield f"a variable in the query: {target['expr']}"
        if target["datasource"]["uid"] != "${datasource}":
            yield "a fixed datasource"


# --- a private Prometheus -------------------------------------------------------------------------


@contextlib.contextmanager
def running_prometheus(ports):
    binary = os.environ.get("PROMETHEUS") or shutil.which("prometheus")
    if not binary:
        sys.exit("error: no prometheus on the PATH; install it or set PROMETHEUS")
    with tempfile.TemporaryDirectory(prefix="huiyin-prometheus-") as folder:
        folder = pathlib.Path(folder)
        (folder / "prometheus.yaml").write_text(json.dumps(scrape_settings(ports)))
        log = folder / "log"
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    binary,
                    f"--config.file={folder / 'prometheus.yaml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=output,
                stderr=output,
            )
        try:
            server = f"http://127.0.0.1:{port}"
            wait_until_ready(server, process, log)
            yield server
        finally:
            process.terminate()
            process.wait()


def scrape_settings(ports):
    """JSON is YAML too."""
    named = zip(ports, COMPONENTS + [f"port-{port}" for port in ports[len(COMPONENTS):]])
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {
                "job_name": "huiyin",
                "static_configs": [
                    {"targets": [f"127.0.0.1:{port}"], "labels": {"component": name}} for port, name in named
                ],
            }
        ],
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(server, process, log):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            sys.exit(f"error: prometheus ended:\n{log.read_text(errors='replace')}")
        try:
            with urllib.request.urlopen(f"{server}/-/ready", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(POLL_SECONDS)
    sys.exit(f"error: prometheus is not ready after 30 s:\n{log.read_text(errors='replace')}")


def ask(server, path, **parameters):
    """The `data` of an answer of Prometheus, or ValueError with its own words."""
    query = urllib.parse.urlencode(parameters)
    try:
        with urllib.request.urlopen(f"{server}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as refused:
        raise ValueError(json.load(refused).get("error", str(refused))) from refused


def wait_for_targets(server, ports, timeout):
    """Two scrapes of each target: a rate needs two samples."""
    deadline = time.monotonic() + timeout
    while True:
        scraped = ask(server, "query", query='count(sum_over_time(up{job="huiyin"}[10m]) >= 2)')["result"]
        if scraped and float(scraped[0]["value"][1]) == len(ports):
            return
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_SECONDS)
    for target in ask(server, "targets", state="active")["activeTargets"]:
        if target["health"] != "up":
            print(f"error: {target['scrapeUrl']}: {target['lastError'] or 'not scraped'}", file=sys.stderr)
    sys.exit(f"error: not all of {len(ports)} metrics pages answer; is the demo running?")


# --- queries --------------------------------------------------------------------------------------


def run_until_data(server, expression, deadline):
    """Asks until both the instant and the range query have data, an error comes, or time is up."""
    while True:
        now = time.time()
        try:
            at_once = ask(server, "query", query=expression, time=now)["result"]
            ranged = ask(server, "query_range", query=expression, start=now - 60, end=now, step=1)["result"]
            absent = absent_metrics(server, expression)
        except ValueError as error:
            return {"fault": str(error), "series": 0, "value": "", "absent": []}
        points = [float(series["value"][1]) for series in at_once]
        in_range = [float(value) for series in ranged for _, value in series["values"]]
        fault = fault_of(points, in_range, absent, expression)
        if not fault or time.monotonic() > deadline:
            shown = ", ".join(f"{point:g}" for point in points[:4]) + (", ..." if len(points) > 4 else "")
            return {"fault": fault, "series": len(points), "value": shown, "absent": absent}
        time.sleep(POLL_SECONDS)


def fault_of(points, in_range, absent, expression):
    if not any(math.isfinite(point) for point in points):
        return "no data"
    if not any(math.isfinite(point) for point in in_range):
        return "no data over time"
    if absent and "vector(0)" not in expression:
        return f"no such metric: {', '.join(absent)}"
    return None


def absent_metrics(server, expression):
    """Metrics named in the query that nobody exports: a healthy zero, or a misspelling."""
    names = sorted(set(re.findall(r"\bhuiyin_[a-z_]+", expression)))
    return [name for name in names if not ask(server, "series", **{"match[]": name})]


def print_table(results):
    rows = [("panel", "series", "newest values", "note")]
    for panel, target, result in results:
        note = result["fault"] or ("not exported yet: " + ", ".join(result["absent"]) if result["absent"] else "")
        rows.append((f"{panel['title']} ({target['refId']})", str(result["series"]), result["value"], note))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    main()
