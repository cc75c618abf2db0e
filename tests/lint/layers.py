#!/usr/bin/python3
"""Holds the source to its design: which room may include which, and who may use which library."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A room, and the rooms below it that it may use. base <- wire, model <- store <- the programs.
ROOMS = {
    "base": set(),
    "wire": {"base"},
    "model": {"base"},
    "store": {"base", "model"},
    "web": {"base", "wire"},
    "core": {"base", "wire", "model", "store"},
    "host": {"base", "wire"},
    "ippod": {"base", "wire"},
    "metrics": {"base", "wire"},
    "post": {"base", "wire", "model"},
    "probe": {"base", "wire", "model"},
    "dns": {"base", "wire", "model"},
    "cli": {"base", "wire", "model"},
    "firststep": {"base"},
}

# A library that one room alone may speak to.
LIBRARIES = {
    r"sqlite3\.h": {"store"},
    r"rrd\.h": {"metrics"},
    r"libvirt/.*": {"host"},
    r"netlink/.*": {"host"},
    r"curl/.*": {"cli", "post"},
    r"libssh/.*": {"probe"},
    r"openssl/ssl\.h": {"web"},
}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
# Statements, not the words: SQL lives in the store.
SQL = re.compile(r'"\s*(SELECT\s.+\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE)\b')


def complaints(path: pathlib.Path):
    parts = path.relative_to(ROOT / "src").parts
    room = parts[0]
    if room not in ROOMS:
        yield f"{path}: {room} is no room; name it in tests/lint/layers.py with what it may use"
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.relative_to(ROOT)}:{number}"
        if room != "store" and SQL.search(line):
            yield f"{where}: SQL belongs under src/store/"
        match = INCLUDE.match(line)
        if not match:
            continue
        ours, theirs = match.groups()
        if ours is not None:
            target = ours.split("/")[0] if "/" in ours else room
            if target != room and target in ROOMS and target not in ROOMS[room]:
                yield f"{where}: {room} may not use {target}"
            elif target not in ROOMS and "/" in ours:
                yield f"{where}: {ours} is in no room"
        else:
            for pattern, rooms in LIBRARIES.items():
                if re.fullmatch(pattern, theirs) and room not in rooms:
                    yield f"{where}: {room} may not use <{theirs}>; only {', '.join(sorted(rooms))}"


def main() -> int:
    files = sorted(path for path in (ROOT / "src").rglob("*") if path.suffix in (".c", ".h"))
    found = [complaint for path in files for complaint in complaints(path)]
    for complaint in found:
        print(complaint)
    print(f"layers: {len(files)} files, {len(found)} complaints")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
