"""ippo zone as people and scripts use it, against a real Knot."""
import re

import pytest

from ippo_testing import address6_of, address_of, eventually, run
from name_server import NameServer


@pytest.fixture(scope="module")
def dns():
    instance = NameServer()
    try:
        instance.with_servers().cli("customer", "create", "neighbour")
        yield instance
    finally:
        instance.close()


@pytest.fixture(scope="module")
def zone(dns):
    said = dns.cli("zone", "create", "cli.example", "--label", "env=test", "--wait")
    assert said.stdout.strip().isdigit() and "ns1.example.net. ns2.example.net." in said.stderr
    return "cli.example"


def test_a_zone_from_nothing_to_an_answer(dns, zone):
    dns.cli("zone", "add-record", zone, "www", "A", "192.0.2.1", "--comment", "first", "--wait")
    assert dns.dig("www.cli.example") == [("A", "192.0.2.1")]
    dns.cli("zone", "add-record", zone, "www", "A", "192.0.2.2", "--ttl", "300", "--wait")
    assert dns.dig("www.cli.example") == [("A", "192.0.2.1"), ("A", "192.0.2.2")]
    dns.cli("zone", "remove-record", zone, "www", "A", "192.0.2.1", "--wait")
    assert dns.dig("www.cli.example") == [("A", "192.0.2.2")]
    dns.cli("zone", "set-records", zone, "www", "A", "--value", "192.0.2.7", "--value", "192.0.2.8", "--wait")
    dns.cli("zone", "set-records", zone, "@", "MX", "--value", "10 mail", "--wait")
    assert dns.dig("www.cli.example") == [("A", "192.0.2.7"), ("A", "192.0.2.8")]
    assert dns.dig("cli.example", "MX") == [("MX", "10 mail.cli.example.")]
    dns.cli("zone", "record-ttl", zone, "www", "A", "120")
    dns.cli("zone", "comment-record", zone, "www", "A", "192.0.2.8", "--text", "second")
    shown = dns.cli("zone", "records", zone, "--name", "www").stdout
    assert re.search(r"^NAME +TTL +TYPE +VALUE +COMMENT\nwww +120 +A +192.0.2.7 +-\nwww +120 +A +192.0.2.8 +second$", shown, re.M), shown
    dns.cli("zone", "record-ttl", zone, "www", "A")
    assert dns.cli_json("zone", "records", zone, "--type", "A")[0]["ttl"] is None
    dns.cli("zone", "protect-record", zone, "www", "A")
    refused = dns.cli("zone", "remove-record", zone, "www", "A", "--yes", check=False)
    assert refused.returncode == 1 and "(protected)" in refused.stderr
    dns.cli("zone", "unprotect-record", zone, "www", "A")
    asked = dns.cli("zone", "remove-record", zone, "www", "A", check=False, input="")
    assert asked.returncode == 2 and "--yes" in asked.stderr and dns.dig("www.cli.example") != "NXDOMAIN"
    dns.cli("zone", "remove-record", zone, "www", "A", "--yes", "--wait")
    assert dns.dig("www.cli.example") == "NXDOMAIN"


@pytest.mark.parametrize("text, answered", [
    ("v=spf1 -all", '"v=spf1 -all"'),
    ('"a" "b"', '"a" "b"'),
    ('say "x" \\ y', '"say \\"x\\" \\\\ y"'),
    ("k" * 300, '"' + "k" * 255 + '" "' + "k" * 45 + '"'),
])
def test_texts_need_no_quotes(dns, zone, text, answered):
    dns.cli("zone", "set-records", zone, "text", "TXT", "--value", text, "--wait")
    assert dns.dig("text.cli.example", "TXT") == [("TXT", answered)]


def test_what_is_wrong_is_said_and_changes_nothing(dns, zone):
    before = dns.cli_json("zone", "show", zone)["version"]
    for words, code, said in (
            (("add-record", zone, "www", "A", "192.0.2.256"), 1, "an IPv4 address"),
            (("add-record", zone, "www", "LOC", "x"), 1, "type must be A, AAAA"),
            (("add-record", zone, "www", "A", "192.0.2.1", "--ttl", "soon"), 2, "number of seconds"),
            (("add-record", zone, "www", "A"), 2, "missing"),
            (("set-records", zone, "www", "A"), 2, "--value"),
            (("remove-record", zone, "absent", "A", "192.0.2.1"), 3, "absent A"),
            (("show", "absent.example"), 3, "there is no zone absent.example"),
            (("create", zone), 1, "uniqueness_error"),
            (("create", "co.jp"), 1, "invalid_input"),
            (("create", "more.example", "--file", "/nonexistent"), 1, "cannot read /nonexistent"),
            (("ttl", zone, "1"), 1, "invalid_input"),
            (("rollback", zone, "x"), 2, "zone versions"),
            (("rollback", zone, "99"), 1, "no such version"),
            (("changes", zone, "99"), 3, "not_found"),
            (("import", zone, "--yes"), 2, "--file"),
            (("delete", zone), 2, "--yes")):
        refused = dns.cli("zone", *words, check=False, input="")
        assert refused.returncode == code and said in refused.stderr, (words, refused)
    assert dns.cli_json("zone", "show", zone)["version"] == before
    assert "more.example" not in dns.cli("zone", "list").stdout


def test_files_and_versions(dns, zone, tmp_path):
    # The serial that is exported comes from the name server.
    dns.cli("zone", "set-records", zone, "kept", "A", "--value", "192.0.2.3", "--wait")
    kept = dns.cli_json("zone", "show", zone)["version"]
    text = dns.cli("zone", "export", zone).stdout
    assert text.startswith("$ORIGIN cli.example.\n") and re.search(r"^kept\s.*192\.0\.2\.3$", text, re.M)
    dns.cli("zone", "export", zone, "--output", tmp_path / "zone")
    assert (tmp_path / "zone").read_text() == text
    refused = dns.cli("zone", "import", zone, "--file", "-", check=False, input="www A 192.0.2.4\n")
    assert refused.returncode == 2, "what replaces everything is not done without a question"
    dns.cli("zone", "import", zone, "--file", "-", "--yes", "--wait", input="www A 192.0.2.4\n")
    assert dns.dig("kept.cli.example") == "NXDOMAIN" and dns.dig("www.cli.example") == [("A", "192.0.2.4")]
    newest = dns.cli("zone", "versions", zone).stdout.splitlines()[1].split()
    assert int(newest[0]) == kept + 1
    said = dns.cli("zone", "changes", zone, newest[0]).stdout
    assert "- kept A 192.0.2.3\n" in said and "+ www A 192.0.2.4\n" in said
    dns.cli("zone", "rollback", zone, kept, "--wait")
    assert dns.dig("kept.cli.example") == [("A", "192.0.2.3")] and dns.dig("www.cli.example") == "NXDOMAIN"
    broken = dns.cli("zone", "import", zone, "--file", "-", "--yes", check=False, input="a A 192.0.2.1\nb A nonsense\n")
    assert broken.returncode == 1 and "line 2" in broken.stderr
    made = tmp_path / "made"
    made.write_text("@ A 192.0.2.9\n")
    dns.cli("zone", "create", "file.example", "--file", made, "--ttl", "600", "--wait")
    assert dns.dig("file.example") == [("A", "192.0.2.9")]


def test_signing_shows_what_the_registrar_needs(dns, zone):
    printed = dns.cli("zone", "sign", zone, "--wait").stdout.splitlines()
    assert printed and all(re.fullmatch(r"\d+ 13 \d [0-9A-Fa-f]+", line) for line in printed), printed
    shown = dns.cli("zone", "show", zone).stdout
    assert re.search(rf"^DS +{printed[0]}$", shown, re.M) and re.search(r"^Signed +yes$", shown, re.M)
    assert dns.cli("zone", "roll-key", zone, check=False, input="").returncode == 2 and "Key change" not in shown
    dns.cli("zone", "roll-key", zone, "--yes")
    assert re.search(r"^Key change +preparing, since 2\d{3}-", dns.cli("zone", "show", zone).stdout, re.M)
    again = dns.cli("zone", "roll-key", zone, "--yes", check=False)
    assert again.returncode == 1 and "is being changed already" in again.stderr
    refused = dns.cli("zone", "unsign", zone, check=False, input="")
    assert refused.returncode == 2
    dns.cli("zone", "unsign", zone, "--yes", "--wait")
    assert re.search(r"^Signed +no$", dns.cli("zone", "show", zone).stdout, re.M)


def test_settings_and_the_end(dns, zone):
    shown = dns.cli("zone", "show", zone).stdout
    assert re.search(r"^Status +ok$", shown, re.M) and re.search(r"^Label +env=test$", shown, re.M) and "ns1.example.net." in shown
    assert [found["name"] for found in dns.cli_json("zone", "list", "--label", "env=test")] == [zone]
    dns.cli("zone", "label", zone, "--label", "env=prod")
    assert dns.cli_json("zone", "show", zone)["labels"] == {"env": "prod"}
    dns.cli("zone", "ttl", zone, "900")
    assert dns.cli_json("zone", "show", zone)["ttl"] == 900
    dns.cli("zone", "protect", zone)
    assert dns.cli("zone", "delete", zone, "--yes", check=False).returncode == 1
    dns.cli("zone", "unprotect", zone)
    dns.cli("zone", "delete", zone, "--yes")
    assert zone not in dns.cli("zone", "list").stdout
    dns.cli("zone", "create", "日本語.example", "--wait")
    assert "xn--wgv71a119e.example" in dns.cli("zone", "show", "日本語.example").stdout
    dns.cli("zone", "delete", "日本語.example", "--yes")


def test_a_zone_that_leads_to_a_server(dns, tmp_path):
    """Its SSHFP records are those that ssh-keygen makes of the server's host keys."""
    dns.cli("server", "create", "led", "--plan", "named", "--image", "tiny", "--wait")
    dns.cli("server", "start", "led")
    eventually(lambda: dns.cli_json("server", "show", "led")["ippo"]["host_keys"], 20)
    server = dns.cli_json("server", "show", "led")
    dns.cli("zone", "create", "led.example", "--server", "led", "--no-mail", "--wait")
    for name in ("led.example", "www.led.example"):
        assert dns.dig(name) == [("A", address_of(server))] and dns.dig(name, "AAAA") == [("AAAA", address6_of(server))]
    wanted = set()
    for key in server["ippo"]["host_keys"]:
        (tmp_path / "key.pub").write_text(key["public_key"] + "\n")
        wanted.update(line.split("SSHFP ")[1].lower() for line in run("ssh-keygen", "-r", "led.example", "-f", tmp_path / "key.pub").stdout.splitlines())
    said = {data.replace(" ", "").lower() for _, data in dns.dig("led.example", "SSHFP")}
    assert said == {line.replace(" ", "") for line in wanted if line.split()[1] == "2"}
    assert dns.dig("led.example", "MX") == [("MX", "0 .")] and dns.dig("led.example", "TXT") == [("TXT", '"v=spf1 -all"')]
    assert dns.dig("_dmarc.led.example", "TXT") == [("TXT", '"v=DMARC1; p=reject"')]
    absent = dns.cli("zone", "create", "more.example", "--server", "absent", check=False)
    assert absent.returncode == 3 and "more.example" not in dns.cli("zone", "list").stdout


def test_host_keys_of_a_server_in_a_zone_that_is_there(dns):
    """The same records as a zone made for the server has, beside those that are there; a second time nothing changes."""
    keys = [value for kind, value in dns.dig("led.example", "SSHFP") if kind == "SSHFP"]
    assert len(keys) > 0
    zone = "keys.example"
    dns.cli("zone", "create", zone)
    other = "4 2 " + "AB" * 32
    dns.cli("zone", "add-record", zone, "box", "SSHFP", other, "--wait")
    dns.cli("zone", "add-host-keys", zone, "led", "--name", "box", "--wait")
    assert dns.dig("box.keys.example", "SSHFP") == sorted(("SSHFP", value) for value in [other, *keys])
    version = dns.cli_json("zone", "show", zone)["version"]
    dns.cli("zone", "add-host-keys", zone, "led", "--name", "box", "--wait")
    assert dns.cli_json("zone", "show", zone)["version"] == version
    dns.cli("zone", "add-host-keys", zone, "led", "--wait")
    assert dns.dig("keys.example", "SSHFP") == [("SSHFP", value) for value in keys]
    dns.cli("server", "create", "unborn", "--plan", "named", "--image", "tiny", "--wait")
    for server, code in (("unborn", 1), ("absent", 3)):
        refused = dns.cli("zone", "add-host-keys", zone, server, "--name", "none", check=False)
        assert refused.returncode == code and refused.stderr, refused
    assert dns.dig("none.keys.example", "SSHFP") == "NXDOMAIN"


def test_an_operator_permits_a_name(dns):
    dns.cli("zone", "create", "shared.example")
    dns.cli("server", "create", "theirs", "--plan", "named", "--image", "tiny", "--customer", "neighbour", "--wait")
    refused = dns.cli("zone", "create", "below.shared.example", "--customer", "neighbour", check=False)
    assert refused.returncode == 6, refused
    dns.cli("zone", "permit", "below.shared.example", "neighbour")
    dns.cli("zone", "create", "below.shared.example", "--customer", "neighbour")
    dns.cli("zone", "forbid", "below.shared.example", "neighbour")
