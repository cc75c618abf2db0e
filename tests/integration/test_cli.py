"""The CLI as people and programs use it, on a host in memory."""
import json
import os
import re
import subprocess

import pytest

from ippo_testing import BUILD, Key, address6_of, address_of, eventually, run

NOUNS = {
    "server": "list create show transfer start shutdown stop restart reset rebuild delete ssh",
    "image": "list show import delete",
    "plan": "list show create delete",
    "location": "list show create delete",
    "host": "list show",
    "key": "list show create delete",
    "token": "list create delete",
    "customer": "list show create quota suspend resume note delete",
    "account": "show",
    "user": "list disable enable delete",
    "zone": "list show create delete export import ttl label protect unprotect sign unsign versions changes rollback permit forbid records "
            "add-record set-records remove-record comment-record record-ttl protect-record unprotect-record",
    "action": "list show wait",
    "ca": "path",
}
ALONE = ("health", "backup", "restore", "completion")


@pytest.fixture(scope="module")
def server(fake, tmp_path_factory):
    key = Key(tmp_path_factory.mktemp("key"))
    fake.cli("key", "create", "laptop", "--file", key.path.with_suffix(".pub"))
    fake.cli("server", "create", "hajime", "--plan", "1g", "--image", "tiny", "--key", "laptop", "--label", "env=test", "--wait")
    return "hajime"


def remote(fake, *words, token=None, **options):
    """As on another machine: no settings, no socket, only the address, the token and the CA."""
    environment = {"PATH": os.environ["PATH"], "IPPO_ENDPOINT": fake.url + "/v1", "IPPO_CA": str(fake.ca),
                   "IPPO_CONFIG": "/dev/null", **({"IPPO_TOKEN": token} if token else {})}
    return subprocess.run([BUILD / "ippo", *words], capture_output=True, text=True, env=environment, **options)


def test_every_command_has_help(fake):
    overview = fake.cli("--help").stdout
    manual = run(BUILD / "ippo", "--manual").stdout
    for noun, verbs in NOUNS.items():
        assert re.search(rf"^  {noun} ", overview, re.M)
        for verb in verbs.split():
            text = fake.cli(noun, verb, "--help").stdout
            assert text.startswith(f"Usage: ippo {noun} {verb}") and "--json" in text
            assert f".It Ic {noun} {verb}" in manual
    for noun in ALONE:
        assert fake.cli(noun, "--help").stdout.startswith(f"Usage: ippo {noun}")
        assert f".It Ic {noun}" in manual
    assert "Exit codes" in overview and ".Sh EXIT STATUS" in manual


def test_tables_and_json(fake, server):
    lines = fake.cli("server", "list").stdout.splitlines()
    assert lines[0].split()[:2] == ["ID", "NAME"]
    column = lines[0].index("NAME")
    assert [line[column:].split()[0] for line in lines[1:]] == [server], "cells stand below their headings"
    shown = json.loads(fake.cli("server", "show", server, "--json").stdout)
    assert shown == fake.api().get(f"/servers/{shown['id']}")["server"]
    assert fake.cli_json("server", "list") == [shown]
    assert fake.cli_json("server", "list", "--label", "env=prod") == []
    for words in (("image",), ("plan",), ("location",), ("host",), ("pool",), ("key",), ("token",), ("customer",), ("action",), ("invitation",)):
        assert isinstance(fake.cli_json(*words, "list"), list), words
        fake.cli(*words, "list")
    assert fake.cli_json("host", "show")["driver"] == "fake"


def test_server_commands(fake, server):
    def status():
        return fake.cli_json("server", "show", server)["status"]

    assert status() == "off"
    for verb, wanted in (("start", "running"), ("restart", "running"), ("reset", "running"), ("shutdown", "off"), ("start", "running"),
                         ("stop", "off")):
        fake.cli("server", verb, server)
        assert status() == wanted, verb
    address = fake.cli_json("server", "show", server)["public_net"]["ipv4"]["ip"]
    fake.cli("server", "rebuild", server, "--image", "tiny", "--yes")
    assert fake.cli_json("server", "show", server)["public_net"]["ipv4"]["ip"] == address
    printed = fake.cli("server", "ssh", server, "--print").stdout
    assert printed == f"ssh {fake.cli_json('server', 'show', server)['ippo']['user']}@{address}\n"


def test_a_disk_that_is_kept(fake):
    """A rebuild keeps it, `show` says so, and two commands lead back to it or end it; both say first what is lost."""
    fake.cli("server", "create", "keeper", "--plan", "1g", "--image", "tiny", "--key", "laptop", "--start", "--wait")
    eventually(lambda: fake.database("SELECT first_boot_done, seed FROM server WHERE name = 'keeper'") == [(1, 0)], 10)
    asked = fake.cli("server", "rebuild", "keeper", "--image", "tiny", "--keep-disk", check=False)
    assert asked.returncode == 2 and "kept for a week" in asked.stderr
    rebuild = ("server", "rebuild", "keeper", "--image", "tiny", "--keep-disk", "--user", "hanako", "--updates", "no_reboot", "--yes")
    fake.cli(*rebuild)
    shown = fake.cli("server", "show", "keeper").stdout
    assert "Kept disk" in shown and "hanako@" in shown and "without a reboot" in shown
    assert fake.cli(*rebuild, check=False).returncode != 0
    for command in ("restore-disk", "delete-kept-disk"):
        asked = fake.cli("server", command, "keeper", check=False)
        assert asked.returncode == 2 and "lost" in asked.stderr
    fake.cli("server", "restore-disk", "keeper", "--yes")
    shown = fake.cli("server", "show", "keeper").stdout
    assert "Kept disk" not in shown and "hanako@" not in shown
    fake.cli("server", "rebuild", "keeper", "--image", "tiny", "--keep-disk", "--key", "laptop", "--yes")
    fake.cli("server", "delete-kept-disk", "keeper", "--yes")
    assert fake.cli_json("server", "show", "keeper")["ippo"]["kept_disk"] is None
    fake.cli("server", "delete", "keeper", "--yes")


def test_choices_for_the_first_boot(fake, tmp_path):
    """They are in the server; ssh and known_hosts are given the port; a password is taken from a file and shown nowhere."""
    password = tmp_path / "password"
    password.write_text("canary-of-the-cli\nnot this line\n")
    made = fake.cli("server", "create", "choosy", "--plan", "1g", "--image", "tiny", "--key", "laptop", "--ssh-port", "2222", "--open-port", "80/tcp",
                    "--open-port", "443/tcp", "--log-days", "30", "--updates", "manual", "--console-password-file", password, "--wait")
    assert "assword" not in made.stdout
    seed = (fake.state / "host/seed").read_text()
    assert "port='2222'\nsettings='open = 80/tcp,443/tcp\nlog_days = 30\nupdates = manual'" in seed and '"chpasswd"' in seed and "canary" not in seed
    shown = fake.cli_json("server", "show", "choosy")
    assert shown["ippo"]["ssh_port"] == 2222
    printed = fake.cli("server", "ssh", "choosy", "--print").stdout
    assert printed == f"ssh -p 2222 {shown['ippo']['user']}@{address_of(shown)}\n"
    assert printed.strip() in fake.cli("server", "show", "choosy").stdout
    fake.cli("server", "start", "choosy")
    eventually(lambda: fake.cli_json("server", "show", "choosy")["ippo"]["first_boot_done"], 10)
    known = tmp_path / "known_hosts"
    known.write_text(fake.cli("server", "host-keys", "choosy").stdout)
    for address in (address_of(shown), address6_of(shown)):
        assert shown["ippo"]["user"] and run("ssh-keygen", "-l", "-F", f"[{address}]:2222", "-f", known).stdout
    refused = fake.cli("server", "rebuild", "choosy", "--image", "tiny", "--yes", "--ssh-port", "3306", check=False)
    assert refused.returncode == 1 and "first_step.ssh_port" in refused.stderr
    fake.cli("server", "rebuild", "choosy", "--image", "tiny", "--yes", "--ssh-port", "random")
    assert 20000 <= fake.cli_json("server", "show", "choosy")["ippo"]["ssh_port"] <= 32767
    fake.cli("server", "delete", "choosy", "--yes")


def test_host_keys_are_printed_for_known_hosts(fake, server, tmp_path):
    """ssh-keygen finds the server under both of its addresses, and shows the fingerprint that `show` shows."""
    server = "known"
    fake.cli("server", "create", server, "--plan", "1g", "--image", "tiny", "--key", "laptop", "--wait")
    before = fake.cli("server", "host-keys", server, check=False)
    assert before.returncode == 1 and "first start" in before.stderr and before.stdout == ""
    fake.cli("server", "start", server)
    eventually(lambda: fake.cli_json("server", "show", server)["ippo"]["first_boot_done"], 10)
    shown = fake.cli_json("server", "show", server)
    known = tmp_path / "known_hosts"
    known.write_text(fake.cli("server", "host-keys", server).stdout)
    for address in (address_of(shown), address6_of(shown)):
        found = run("ssh-keygen", "-l", "-F", address, "-f", known).stdout
        assert shown["ippo"]["host_keys"][0]["fingerprint"] in found
    assert shown["ippo"]["host_keys"][0]["fingerprint"] in fake.cli("server", "show", server).stdout
    fake.cli("server", "delete", server, "--yes")


def test_exit_codes(fake, server):
    def code(*words):
        return fake.cli(*words, check=False).returncode

    assert code("health") == 0
    assert code("server", "create", server, "--plan", "1g", "--image", "tiny") == 1
    assert code("server", "rebuild", server, "--image", "tiny") == 2, "everything on it would be lost"
    assert code("server", "delete", server) == 2, "no person is asked"
    for words in (("nonsense",), ("server", "nonsense"), ("server", "list", "--nonsense"), ("server", "show"), ("server", "show", "a", "b"),
                  ("plan", "create", "x", "--cores", "many")):
        done = fake.cli(*words, check=False)
        assert done.returncode == 2 and done.stderr, words
    assert run(BUILD / "ippo", check=False).returncode == 2
    assert code("server", "show", "nobody") == code("action", "show", "999999") == 3
    assert run(BUILD / "ippo", "health", check=False, env={**os.environ, "IPPO_CONFIG": "/dev/null", "IPPO_ENDPOINT": "https://127.0.0.1:1/v1",
                                                          "IPPO_TOKEN": "x"}).returncode == 4
    assert code("server", "show", server) == 0


def test_token_and_only_the_token(fake):
    printed = fake.cli("token", "create", "laptop")
    assert re.fullmatch(r"[A-Za-z0-9_-]{40,}\n", printed.stdout) and printed.stderr == ""
    assert fake.cli("ca", "path").stdout == f"{fake.ca}\n"


def test_over_https(fake, server):
    writer = fake.cli("token", "create", "writer").stdout.strip()
    reader = fake.cli("token", "create", "reader", "--read-only").stdout.strip()
    assert json.loads(remote(fake, "server", "list", "--json", token=writer).stdout)[0]["name"] == server
    assert remote(fake, "server", "start", server, token=writer).returncode == 0
    refused = remote(fake, "server", "stop", server, token=reader)
    assert refused.returncode == 6 and "token_readonly" in refused.stderr
    assert remote(fake, "server", "list", token=reader).returncode == 0
    assert remote(fake, "server", "list", token="x" * 43).returncode == 6
    assert remote(fake, "server", "list").returncode == 6
    assert remote(fake, "customer", "list", token=writer).returncode == 6, "its owner is a customer here, not an operator"
    fake.cli("token", "delete", "writer", "--yes")
    assert remote(fake, "server", "list", token=writer).returncode == 6
    untrusted = run(BUILD / "ippo", "--endpoint", fake.url + "/v1", "server", "list", check=False,
                    env={"PATH": os.environ["PATH"], "IPPO_CONFIG": "/dev/null", "IPPO_TOKEN": reader})
    assert untrusted.returncode == 4 and "certificate" in untrusted.stderr


def as_nobody(fake, *words, groups):
    """Whether the kernel's word counts: the settings and the program are readable, the user is nobody."""
    return fake.cli(*words, check=False, user="nobody", group="nogroup", extra_groups=groups)


def test_local_socket_asks_the_kernel(fake, server):
    refused = as_nobody(fake, "server", "list", groups=[])
    assert refused.returncode == 6 and "group ippo" in refused.stderr, refused
    assert server not in refused.stdout
    # Past the socket's mode core asks again, by the user's entries in /etc/group.
    inside = as_nobody(fake, "server", "list", groups=["ippo"])
    assert inside.returncode == 6 and "forbidden" in inside.stderr, inside


def complete(fake, *words):
    """What bash offers for the last of `words`."""
    script = ('source <("$1" completion bash); shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); '
              '_ippo; printf "%s\\n" "${COMPREPLY[@]}"; complete -p ippo')
    environment = {**os.environ, "PATH": f"{BUILD}:{os.environ['PATH']}", "IPPO_CONFIG": str(fake.config)}
    return run("bash", "-c", script, "bash", BUILD / "ippo", "ippo", *words, env=environment).stdout.split("\n")


def test_completion(fake, server):
    offered = complete(fake, "")
    assert set(NOUNS) | set(ALONE) <= set(offered) and "complete -F _ippo ippo" in offered
    for noun, verbs in NOUNS.items():
        assert set(verbs.split()) <= set(complete(fake, noun, ""))
    assert complete(fake, "server", "st")[:2] == ["start", "stop"]
    assert "--image" in complete(fake, "server", "create", "x", "--im")
    assert server in complete(fake, "server", "start", "ha")


def test_what_is_built_from_needs_no_service():
    """The build asks for these two before there are any settings."""
    for words in (("completion", "bash"), ("--manual",)):
        assert run(BUILD / "ippo", *words, env={**os.environ, "IPPO_CONFIG": "/nonexistent/ippo.conf"}).stdout.count("\n") > 20


def test_delete(fake, server):
    """Behind the others, which need it."""
    fake.cli("server", "delete", server, "--yes")
    assert fake.cli("server", "show", server, check=False).returncode == 3


def test_action_that_fails(fake):
    """The request is taken, but the host no longer has the image."""
    (fake.state / "host/faults").write_text("volume_create image_missing 1000\n")
    try:
        failed = fake.cli("server", "create", "unlucky", "--plan", "1g", "--image", "tiny", "--wait", check=False)
    finally:
        (fake.state / "host/faults").write_text("")
    assert failed.returncode == 5 and "image_missing" in failed.stderr, failed
    action = fake.cli_json("action", "list")[0]
    waited = fake.cli("action", "wait", action["id"], check=False)
    assert action["status"] == "error" and waited.returncode == 5, waited
