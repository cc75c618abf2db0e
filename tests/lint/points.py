#!/usr/bin/python3
"""Tables of points name tests that are there, show every point, and leave out none of the files that are about them."""
import dataclasses
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]


@dataclasses.dataclass
class Table:
    path: str  # below tests/
    base: str  # what the files in it are below
    kinds: tuple
    points: int
    whole: tuple  # of these each is named


EVERY_KIND = ("service", "guest", "stand-in", "unit", "figure")

TABLES = (
    Table("e2e/PANEL.md", "e2e", ("stand-in", "guest", "service"), 20, ("browser/guests/*.mjs",)),
    Table("integration/EDGE.md", ".", ("model", "namespace", "guest", "service", "stand-in"), 35,
          ("unit/host/test_edge.c", "unit/host/test_segment.c", "unit/model/test_firewall.c", "unit/model/test_private_network.c",
           "integration/test_firewalls.py", "integration/test_hostile_guest.py", "integration/test_networks*.py",
           "integration/test_addresses.py", "integration/test_traffic.py", "e2e/browser/firewalls.test.mjs", "e2e/browser/networks.test.mjs")),
    Table("integration/CONSOLES.md", "integration", EVERY_KIND, 25, ("test_*console*.py",)),
    Table("integration/FIRST-STEP.md", "integration", EVERY_KIND, 22, ("test_first*.py", "test_rescue*.py", "test_kept_disk.py", "test_image_*.py")),
    Table("integration/ZONES.md", "integration", EVERY_KIND, 22, ("test_*zone*.py", "test_name_server*.py", "test_reverse_names.py")),
)


def has_test(path, name):
    """Whether a file has a test of that name, in the way of its language."""
    text = path.read_text()
    return {".py": f"def {name}(", ".c": f" {name}("}.get(path.suffix, name) in text


def complaints(table):
    base, text = TESTS / table.base, (TESTS / table.path).read_text()
    shape = re.compile(rf'^- ({"|".join(table.kinds)}): .*?`([^`]+)` "(.*)"$')
    for number, line in enumerate(text.splitlines(), 1):
        found = shape.match(line)
        if line.startswith("- ") and not line.startswith("- *") and not found:
            yield f"{number}: neither a kind, a file in backquotes and a test in quotes, nor an explanation: {line}"
        elif found and not ((base / found[2]).exists() and has_test(base / found[2], found[3])):
            yield f"{number}: {found[2]} has no {found[3]!r}"
    shown = {int(number) for number in re.findall(r"^## (\d+)\. .*\n+- ", text, re.MULTILINE)}
    yield from (f"nothing shows point {number}" for number in sorted(set(range(1, table.points + 1)) ^ shown))
    yield from (f"{path.name} is not named" for pattern in table.whole for path in sorted(base.glob(pattern)) if path.name not in text)


def main():
    wrong = [f"tests/{table.path}: {complaint}" for table in TABLES for complaint in complaints(table)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
