#!/usr/bin/env python3
"""Turn numbered .sql files into the C table of migrations: embed.py OUT FILE..."""
import pathlib
import re
import sys


def literal(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join(f'\t "{line}\\n"' for line in escaped.splitlines())


def main(out, paths):
    rows = []
    for number, path in enumerate(sorted(map(pathlib.Path, paths), key=lambda p: p.name), start=1):
        match = re.fullmatch(r"(\d{3})-([a-z0-9-]+)\.sql", path.name)
        if not match or int(match[1]) != number:
            sys.exit(f"{path.name}: migrations must be named NNN-name.sql, without a gap")
        rows.append(f'\t{{{number}, "{match[2]}",\n{literal(path.read_text())}}},')
    body = "\n".join(rows)
    pathlib.Path(out).write_text(
        '#include "store/migration.h"\n\n'
        f"const struct migration migration_all[] = {{\n{body}\n}};\n"
        f"const size_t migration_count = {len(rows)};\n"
    )


main(sys.argv[1], sys.argv[2:])
