"""What node's test runner said (TAP), in a few words."""
import pathlib
import re

MOST = 400  # characters of an error
NOT_OK = re.compile(r"^( *)not ok \d+ - (.*)\n((?:\1  .*\n)*)", re.MULTILINE)
DETAIL = re.compile(r"^ *(location|failureType|error): *(?:\|-\n((?:.*\n)*?) *(?=code:|name:|stack:)|(.*)$)", re.MULTILINE)
# Of what failed because a part of it did, or with the whole of it, the cause is named elsewhere.
CAUSED = ("subtestsFailed", "cancelledByParent")


def failures(text):
    """What failed and what it said, a line each."""
    lines = []
    for _, name, details in NOT_OK.findall(text):
        said = {key: " ".join((block or line).split()).strip("'") for key, block, line in DETAIL.findall(details)}
        if said.get("failureType") not in CAUSED:
            file = pathlib.Path(said.get("location", "node").partition(":")[0]).name.removesuffix(".test.mjs")
            lines.append(f"{file}: {pathlib.Path(name).name}: {said.get('error', '')[:MOST]}")
    return lines


def judge(done):
    """Fails with what failed; all that was said stands before it."""
    print(done.stdout[-20000:], done.stderr[-2000:])
    assert done.returncode == 0, " | ".join(failures(done.stdout)) or "it ended without a word"
