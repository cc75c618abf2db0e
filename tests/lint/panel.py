#!/usr/bin/python3
"""tests/e2e/PANEL.md names tests that are there, and each chapter with real guests is named in it."""
import pathlib
import re
import sys

E2E = pathlib.Path(__file__).resolve().parents[1] / "e2e"
POINTS = 20
LINE = re.compile(r'^- (stand-in|guest|service): .*?`([^`]+)` "(.*)"$')


def main():
    text = (E2E / "PANEL.md").read_text()
    wrong = []
    for number, line in enumerate(text.splitlines(), 1):
        found = LINE.match(line)
        if line.startswith("- ") and not line.startswith("- *") and not found:
            wrong.append(f'{number}: neither a kind, a file in backquotes and a test in quotes, nor an explanation: {line}')
        elif found:
            path = E2E / found[2]
            if not path.exists() or found[3] not in path.read_text():
                wrong.append(f"{number}: {found[2]} has no {found[3]!r}")
    missing = set(range(1, POINTS + 1)) - {int(number) for number in re.findall(r"^## (\d+)\. .*\n- ", text, re.MULTILINE)}
    wrong += [f"nothing shows point {number}" for number in sorted(missing)]
    wrong += [f"{path.name} is not named" for path in sorted((E2E / "browser/guests").glob("*.mjs")) if path.name not in text]
    for line in wrong:
        print(f"tests/e2e/PANEL.md: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
