"""Every route of the API, by everybody who may ask: who is let in, who is refused, and that others' things are unknown."""
import re
import subprocess

import pytest

from ippo_testing import BUILD, Api, Key
from people import attach, invite

# What a route needs, first match wins. Whatever is not here needs the right to change servers.
NEEDS = [
    ("anybody", r"GET /health|POST /sessions|POST /sessions/passkey(/challenge)?|POST /invitations/(check|redeem(/passkey(/challenge)?)?)|POST /password_resets/.*|POST /mail_confirmations/redeem"),
    # A console's own door asks for a ticket or its cookie.
    ("anybody", r"GET /consoles/\{id\}/(serial|vnc)"),
    ("person", r"(GET|DELETE) /sessions|(PUT|DELETE) /sessions/current|DELETE /sessions/\{id\}|PUT /me/password"
               r"|(GET|PUT|DELETE) /me/mail|(GET|POST|DELETE) /me/two_step|POST /me/two_step/(confirm|recovery_codes)|POST /sessions/current/proof(/passkey(/challenge)?)?"
               r"|(GET|POST) /me/passkeys|POST /me/passkeys/challenge|DELETE /me/passkeys/\{id\}"
               r"|POST /invitations/accept|DELETE /members/current|PUT /notices/(\{id\}/)?read"),
    ("service reads", r"GET /users/\{id\}/passkeys|GET /customer_defaults|GET /(customers|hosts|users|address_pools|outbox|name_servers)(/\{id\})?|GET /customers/\{id\}/contract(/.*)?|GET /name_servers/\{id\}/(config|state)|GET /name_servers/zones|GET /users/\{id\}/mail|GET /metrics|GET /history/verify"),
    ("service", r"PUT /servers/\{id\}/owner|PUT /customer_defaults|(POST|PUT|DELETE) /(customers|hosts|address_pools|name_servers|server_types|locations|users|notices|backups|outbox)(/.*)?"),
    # Images of the service besides, whoever may change those of the account: test_server_images.py.
    ("service", r"POST /images|POST /images/\{id\}/actions/check_updates"),
    ("owner", r"(POST|DELETE) /tokens(/\{id\})?|(POST|DELETE) /invitations(/\{id\})?|(PUT|DELETE) /members/\{id\}"),
    # Words to the operators: of everybody who belongs to the account.
    ("member", r"(POST|PUT) /contact_threads(/.*)?|(POST|PUT|DELETE) /contact_attachments(/.*)?"),
    ("reader", r"GET /.*"),
    # Readers may look on at consoles, and end their own.
    ("reader", r"POST /servers/\{id\}/actions/request_console|DELETE /consoles/\{id\}"),
]
ORDER = ["anybody", "person", "member", "reader", "operator", "owner", "service reads", "service"]
# What would end the asker's own session or membership when allowed.
ENDS_ONESELF = ("DELETE /sessions/current", "DELETE /members/current")


def routes():
    printed = subprocess.run([BUILD / "ippo-core", "--events"], capture_output=True, text=True, check=True).stdout
    return [tuple(line.split()[:2]) for line in printed.splitlines()]


def need(method, path):
    for level, pattern in NEEDS:
        if re.fullmatch(pattern, f"{method} {path}"):
            return level
    return "operator"


@pytest.fixture(scope="module")
def people(fake):
    """By name: who asks, and which levels they have."""
    found = {"nobody": (fake.anonymous(), {"anybody"})}
    levels = {"anybody", "person", "member"}
    for role in ("reader", "operator", "owner"):
        levels = levels | {role}
        found[role] = (invite(fake, f"the-{role}", role=role), levels)
    operator = invite(fake, "of-the-service", operator=True)
    found["operator of the service"] = (operator, set(ORDER))
    owner = found["owner"][0]
    for scope, has in (("read", {"anybody", "reader"}), ("read_write", {"anybody", "member", "reader", "operator"})):
        found[f"token {scope}"] = (Api(fake.url, fake.ca, owner.post("/tokens", {"name": scope, "scope": scope})["secret"]), has)
    readonly = operator.post("/tokens", {"name": "looks on", "scope": "read", "operator": True})["secret"]
    found["token of the service, read"] = (Api(fake.url, fake.ca, readonly), {"anybody", "reader", "service reads"})
    return found


WHO = ["nobody", "reader", "operator", "owner", "operator of the service", "token read", "token read_write", "token of the service, read"]


@pytest.mark.parametrize("who", WHO)
def test_each_route_lets_in_whom_it_should(fake, people, who):
    """The things named do not exist: whoever is let in is told so, and nothing is changed."""
    asker, levels = people[who]
    wrong = []
    for method, pattern in routes():
        path = pattern.removeprefix("/v1")
        level = need(method, path)
        allowed = level in levels
        if (allowed and f"{method} {path}" in ENDS_ONESELF) or path == "/events":
            continue
        if who == "nobody" and path == "/health":
            assert set(asker.get("/health")["health"]) == {"status"}
            continue
        body = {} if method in ("POST", "PUT") else None
        answer = asker.request(method, re.sub(r"\{id2?\}", "999999", path), body)
        refused = answer.status_code in (401, 403)
        if refused == allowed:
            wrong.append(f"{method} {path} needs {level}: {answer.status_code} {answer.text[:100]}")
        if refused and not allowed:
            code = answer.json()["error"]["code"]
            good = ("unauthorized",) if who == "nobody" else ("forbidden", "token_readonly")
            if code not in good:
                wrong.append(f"{method} {path}: {code}")
    assert not wrong, "\n".join(wrong)


def test_the_table_has_every_level(fake):
    levels = {need(method, path.removeprefix("/v1")) for method, path in routes()}
    assert levels == set(ORDER)


@pytest.fixture(scope="module")
def theirs(fake, tmp_path_factory):
    """An account with one of everything: {first part of the path: number}."""
    operator = fake.api("operator", "--operator")
    operator.post("/customers", {"name": "theirs"})
    owner = invite(fake, "their-owner", "theirs")
    server = owner.create_server("their-server", start=True)
    key = owner.post("/ssh_keys", {"name": "their-key", "public_key": Key(tmp_path_factory.mktemp("key")).public})["ssh_key"]
    return {
        "servers": server["id"],
        "actions": owner.get("/actions")["actions"][0]["id"] if owner.request("GET", "/actions").ok else 1,
        "primary_ips": owner.get("/primary_ips")["primary_ips"][0]["id"],
        "ssh_keys": key["id"],
        "tokens": owner.post("/tokens", {"name": "their-token"})["token"]["id"],
        "members": owner.id,
        "sessions": owner.get("/sessions")["sessions"][0]["id"],
        "invitations": owner.post("/invitations", {"role": "reader"})["invitation"]["id"],
        "firewalls": owner.post("/firewalls", {"name": "their-wall"})["firewall"]["id"],
        "floating_ips": owner.post("/floating_ips", {"type": "ipv4", "server": server["id"]})["floating_ip"]["id"],
        "networks": owner.post("/networks", {"name": "their-network", "ip_range": "10.0.0.0/16"})["network"]["id"],
        "contact_threads": owner.post("/contact_threads", {"subject": "their-subject", "text": "their-text"})["contact_thread"]["id"],
        "contact_attachments": attach(owner, "their-file.txt", b"their-text")["id"],
    }


def said(answer, *numbers):
    """All that an answer tells, with the numbers that were asked for taken out."""
    return answer.status_code, re.sub(rf"\b({'|'.join(map(str, numbers))})\b", "N", answer.text)


@pytest.mark.parametrize("who", ["owner", "token read_write"])
def test_what_is_anothers_is_unknown(fake, people, theirs, who):
    """Answered exactly as what never was: with every method and every action, whatever is sent along."""
    asker, levels = people[who]
    walked = 0
    for method, pattern in routes():
        path = pattern.removeprefix("/v1")
        first = path.split("/")[1]
        if first not in theirs or "{id}" not in path or need(method, path) not in levels | {"person"}:
            continue
        number = theirs["actions"] if "/actions/{id}" in path else theirs[first]
        for body in ([{}, {"name": "taken", "role": "reader", "image": "tiny", "server_type": "1g", "text": "text", "state": "closed"}] if method in ("POST", "PUT") else [None]):
            answers = [said(asker.request(method, path.replace("{id}", str(n)).replace("{id2}", str(theirs["actions"])), body), n, theirs["actions"])
                       for n in (number, 98765432)]
            assert answers[0] == answers[1], f"{method} {path}"
            assert 400 <= answers[0][0] < 500, (method, path, answers[0])
        walked += 1
    assert walked > 40
    assert fake.database("SELECT count(*) FROM server WHERE name = 'their-server'") == [(1,)]


def test_lists_show_no_others(people, theirs):
    asker, _ = people["owner"]
    for path in ("servers", "ssh_keys", "tokens", "primary_ips", "floating_ips", "networks", "members", "invitations", "sessions", "contact_threads"):
        assert theirs[path] not in [one["id"] for one in asker.every(f"/{path}", path)], path
    shown = asker.get(f"/servers/actions?id={theirs['actions']}")["actions"]
    assert theirs["actions"] not in [action["id"] for action in shown]
    assert "their-" not in asker.request("GET", "/history?per_page=50").text
