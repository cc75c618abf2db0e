#!/usr/bin/python3
"""Holds the manual to what is there: topics and links, rooms and their help, words of the panel, commands."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MANUAL = ROOT / "docs/manual"
PANEL = ROOT / "panel"
LANGUAGES = ("en", "ja")

# Rooms that explain themselves.
NO_HELP = {"manual", "nowhere"}
# Quoted, but not the panel's: other programs' words, and an example.
QUOTED = {
    "ja": {"新しい接続", "RSA/DSA/ECDSA/ED25519鍵を使う", "Session", "Connection", "Data", "Auto-login username", "SSH", "Auth", "Credentials",
           "Save", "Open", "設定", "認証", "Save private key", "hajimeが起動しない"},
    "en": {"New connection", "Use RSA/DSA/ECDSA/ED25519 key", "Session", "Connection", "Data", "Auto-login username", "SSH", "Auth",
           "Credentials", "Save", "Open", "Advanced", "Authentication", "Save private key", "hajime does not start", "shutdown", "restart",
           "stop", "reset", "localhost"},
}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HERE_DOCUMENT = re.compile(r"tee (\S+) >/dev/null <<'EOT'\n(.*?)^EOT$", re.MULTILINE | re.DOTALL)
TABLE_ROW = re.compile(r'\{\s*"([a-z-]+)",\s*(?:"([a-z-]+)"|NULL),')
OPTION_ROW = re.compile(r'\{\s*"([a-z-]+)",\s*(?:"[^"]*"|NULL),')


def topics():
    return [name for group in json.loads((MANUAL / "contents.json").read_text())["groups"] for name in group["topics"]]


def rendered():
    """Languages alike, headings, links between topics: what the build refuses."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([MANUAL / "render", folder], capture_output=True, text=True)
    yield from done.stderr.splitlines()
    listed = set(re.findall(r"^  '([a-z-]+)',$", (MANUAL / "meson.build").read_text(), re.MULTILINE))
    for name in sorted(listed ^ set(topics())):
        yield f"docs/manual/meson.build and contents.json disagree about {name}"


def routes():
    """Links into the panel lead to rooms."""
    patterns = [re.compile(pattern.replace(r"\/", "/")) for pattern in re.findall(r"pattern: /(.+?)/(?:,| \})", (PANEL / "lib/router.js").read_text())]
    if len(patterns) < 10:
        yield "the routes of panel/lib/router.js cannot be read"
    for path in sorted(MANUAL.glob("*/*.md")):
        for route in re.findall(r"\]\(#(/[^)]*)\)", path.read_text()):
            if not any(pattern.search(route) for pattern in patterns):
                yield f"{path.relative_to(ROOT)}: #{route} leads nowhere"


def rooms():
    """Every room has a way to its topic."""
    doors = (PANEL / "rooms/doors.js").read_text()
    names = set(re.findall(r'import\("\./([a-z-]+)\.js"\)', doors)) | {"servers", "sign-in"}
    if len(names) < 10:
        yield "the rooms of panel/rooms/doors.js cannot be read"
    for name in sorted(names - NO_HELP):
        found = re.findall(r' help="([a-z-]+)"', (PANEL / f"rooms/{name}.js").read_text())
        if not found:
            yield f'panel/rooms/{name}.js: no help="TOPIC" at its heading'
        for topic in set(found) - set(topics()):
            yield f"panel/rooms/{name}.js: the manual has no topic {topic}"


def words():
    """What is quoted as the panel's words is what the panel says."""
    for language, pattern in (("ja", r"「([^」]+)」"), ("en", r"(?<!\w)'([A-Za-z][^'\n]*)'(?!\w)")):
        catalogue = json.loads((PANEL / f"i18n/{language}.json").read_text())
        said = [text for value in catalogue.values() for text in (value.values() if isinstance(value, dict) else [value])]
        for path in sorted((MANUAL / language).glob("*.md")):
            text = re.sub(r"`[^`]*`", "", BLOCK.sub("", path.read_text()))
            for quoted in re.findall(pattern, text):
                if quoted not in QUOTED[language] and not any(quoted in each for each in said):
                    yield f"{path.relative_to(ROOT)}: the panel does not say {quoted!r}"


def tables():
    """The verbs of each noun of the command, and all its options."""
    verbs, options = set(), {"help", "json", "quiet"}
    for path in (ROOT / "src/cli").glob("*.[ch]"):
        text = path.read_text().replace("\\\n", " ")  # a macro's lines are one
        verbs |= {(noun, verb or None) for noun, verb in TABLE_ROW.findall(text)}
        options |= set(OPTION_ROW.findall(text))
    return verbs, options


def commands():
    """Both languages have the same ones; they parse; what they say to ippo exists."""
    verbs, options = tables()
    for name in topics():
        blocks = {language: BLOCK.findall((MANUAL / language / f"{name}.md").read_text()) for language in LANGUAGES}
        if blocks["en"] != blocks["ja"]:
            yield f"{name}.md: the code is not the same in both languages"
        for kind, text in blocks["en"]:
            if kind != "sh":
                continue
            done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
            if done.returncode or done.stderr:
                yield f"en/{name}.md: {done.stderr.strip()}"
            for line in re.findall(r"\bippo ([^|)\n]+)", text):
                said = line.split()
                if said[0].startswith("--"):
                    continue
                if (said[0], said[1]) not in verbs and (said[0], None) not in verbs and said[1] != "--help":
                    yield f"en/{name}.md: there is no ippo {said[0]} {said[1]}"
                for word in said:
                    if word.startswith("--") and word[2:] not in options:
                        yield f"en/{name}.md: ippo {said[0]} has no {word}"


def packet_filters():
    """The rules that people are told to write are rules."""
    text = (MANUAL / "en/first-step.md").read_text()
    found = [content for path, content in HERE_DOCUMENT.findall(text) if path == "/etc/nftables.conf"]
    if len(found) != 1 or "policy drop" not in found[0]:
        yield "first-step.md: no packet filter"
    # A minimal Debian has no names of protocols without it, and nft then refuses the rules.
    if "ipv6-icmp" in "".join(found) and "nftables netbase" not in text:
        yield "first-step.md: names of protocols need netbase"
    for content in found:
        unshare = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
        done = subprocess.run([*unshare, "/usr/sbin/nft", "--check", "--file", "-"], input=content, capture_output=True, text=True)
        if done.returncode:
            yield f"first-step.md: {done.stderr.strip()}"


def main():
    checks = (rendered, routes, rooms, words, commands, packet_filters)
    found = [complaint for check in checks for complaint in check()]
    for complaint in found:
        print(complaint)
    print(f"manual: {len(topics())} topics in {len(LANGUAGES)} languages, {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
