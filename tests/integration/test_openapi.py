"""docs/openapi.yaml against the running service: the same routes, and no answer that it does not describe."""
import json
import re
import subprocess

import jsonschema
import pytest
import yaml

from authenticator import Passkey
from ippo_testing import BUILD, ROOT, Api, Key, eventually
from name_server import NameServer
from people import totp

METHODS = ("get", "post", "put", "delete")
# What HTTPS cannot make succeed: a backup needs a descriptor, see test_backup.py, and a console a WebSocket.
NEVER_SUCCEEDS_HERE = {"createBackup", "openSerialConsole", "openScreenConsole", "cutConsole", "confirmFirewall", "revertFirewall"}


@pytest.fixture(scope="module")
def fake():
    """With a name server, so that zones can be made."""
    instance = NameServer(primary_allow="127.0.0.0/8")
    try:
        yield instance.with_image()
    finally:
        instance.close()


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())


def operations(document):
    """(METHOD, path, operation) of every operation."""
    return [(method.upper(), path, item[method]) for path, item in document["paths"].items() for method in METHODS if method in item]


def resolve(document, found):
    while "$ref" in found:
        reference = found["$ref"]
        found = document
        for word in reference.removeprefix("#/").split("/"):
            found = found[word]
    return found


def validate(document, schema, value):
    jsonschema.Draft202012Validator({"allOf": [schema], "components": document["components"]}).validate(value)


class Walker(Api):
    """Holds every answer to the document and notes which operations answered how."""

    def __init__(self, instance, document, seen, token=None):
        super().__init__(instance.url, instance.ca, token)
        self.document = document
        self.seen = seen
        # Words before parameters: /servers/actions is not a server.
        self.routes = sorted(operations(document), key=lambda found: found[1].count("{"))

    def find(self, method, path):
        for known, pattern, operation in self.routes:
            if known == method and re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", re.sub(r"\{id2?\}", r"\\d+", pattern)), path):
                return operation
        raise AssertionError(f"{method} {path} is not in docs/openapi.yaml")

    def request(self, method, path, body=None, **options):
        answer = super().request(method, path, body, **options)
        operation = self.find(method, "/v1" + path.partition("?")[0])
        self.check_answer(operation, answer, f"{method} {path}")
        if answer.ok and body is not None:
            validate(self.document, operation["requestBody"]["content"]["application/json"]["schema"], body)
        self.check_query(operation, path, answer)
        return answer

    def check_answer(self, operation, answer, what):
        described = operation["responses"].get(str(answer.status_code))
        if described is None:
            assert answer.status_code >= 400, f"{what}: {answer.status_code} is not described"
            described = operation["responses"]["default"]
        described = resolve(self.document, described)
        for name, header in described.get("headers", {}).items():
            if resolve(self.document, header).get("required"):
                assert name in answer.headers, f"{what}: no {name}"
        if "content" not in described:
            assert not answer.content, f"{what}: a body that is not described: {answer.text}"
        else:
            kind, content = next((each for each in described["content"].items() if answer.headers["content-type"].startswith(each[0])), (None, None))
            assert kind, what
            if kind == "application/json":
                try:
                    validate(self.document, content["schema"], answer.json())
                except jsonschema.ValidationError as error:
                    raise AssertionError(f"{what}: {error}") from error
        self.seen.setdefault(operation["operationId"], set()).add(answer.status_code)

    def check_query(self, operation, path, answer):
        names = {word.partition("=")[0] for word in path.partition("?")[2].split("&") if word}
        known = {resolve(self.document, parameter)["name"] for parameter in operation.get("parameters", [])}
        assert not answer.ok or names <= known, f"{path}: parameters that are not described: {names - known}"


@pytest.fixture(scope="module")
def seen():
    return {}


@pytest.fixture(scope="module")
def walker(fake, document, seen):
    fake.token("walker")
    # The one kind of token that the CLI does not make: for operators of the service.
    return Walker(fake, document, seen, make_operator_token(fake, document))


def make_operator_token(fake, document):
    """Signs a person in by invitation and asks for the token as the panel would."""
    browser = Walker(fake, document, {})
    key = fake.cli("invitation", "create", "--operator").stdout.strip().rsplit("/", 1)[1]
    browser.post("/invitations/redeem", {"key": key, "name": "walker", "password": "correct horse battery"})
    panel = {"Origin": fake.url, "X-Ippo-CSRF": "1"}
    return browser.post("/tokens", {"name": "operator", "operator": True}, headers=panel)["secret"]


def test_every_route_and_no_other(document):
    printed = subprocess.run([BUILD / "ippo-core", "--routes"], capture_output=True, text=True, check=True).stdout
    described = [f"{method} {path}" for method, path, _ in operations(document)]
    assert sorted(described) == sorted(printed.splitlines())


def test_document_is_sound(document):
    """Every reference leads somewhere, every name is used once, every schema is one, no object is open by accident."""
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    used = set(re.findall(r"#/components/(\w+/[\w-]+)", json.dumps(document)))
    there = {f"{kind}/{name}" for kind in ("schemas", "parameters", "headers", "responses") for name in document["components"][kind]}
    assert used == there
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        if schema.get("type") == "object":
            assert "additionalProperties" in schema, name
    for method, path, operation in operations(document):
        assert operation["summary"] and operation["tags"] and "default" in operation["responses"], path
        parameters = [resolve(document, one) for one in document["paths"][path].get("parameters", [])]
        assert [one["name"] for one in parameters] == re.findall(r"\{(\w+)\}", path), f"{method} {path}"


def test_examples_are_valid(document):
    bodies = [(operation["operationId"], operation["requestBody"]["content"]["application/json"])
              for _, _, operation in operations(document) if "requestBody" in operation]
    assert len(bodies) > 20
    for name, content in bodies:
        validate(document, content["schema"], content["example"])
        assert set(content["example"]) <= set(content["schema"]["properties"]), name
        required = content["schema"].get("required", [])
        for key in required:
            with pytest.raises(jsonschema.ValidationError):
                validate(document, content["schema"], {k: v for k, v in content["example"].items() if k != key})


def test_error_codes_are_those_of_the_program(document):
    source = (ROOT / "src/base/err.h").read_text()
    assert set(re.findall(r'X\(ERR_\w+, -\d+, "(\w+)"\)', source)) == set(document["components"]["schemas"]["ErrorCode"]["enum"])


def test_catalogue(walker):
    plan = walker.post("/server_types", {"name": "3g", "description": "3 GB", "cores": 2, "memory_mib": 3072, "disk": 30,
                                         "storage": "hdd", "price_monthly_minor": 1500, "currency": "JPY"})["server_type"]
    walker.put(f"/server_types/{plan['id']}", {"deprecated": True, "price_initial_minor": 5})
    assert walker.get(f"/server_types/{plan['id']}")["server_type"]["deprecation"]
    walker.get("/server_types?name=3g&sort=name:desc&page=1&per_page=2")
    walker.delete(f"/server_types/{plan['id']}")
    assert walker.error("POST", "/server_types", {"name": "x", "cores": 0}) == (422, "invalid_input")
    assert walker.error("PUT", "/server_types/999", {}) == (404, "not_found")
    place = walker.post("/locations", {"name": "tokyo", "city": "Tokyo", "latitude": 35.7, "longitude": 139.7})["location"]
    walker.put(f"/locations/{place['id']}", {"description": "Tokyo"})
    walker.get(f"/locations/{place['id']}")
    walker.get("/locations")
    walker.get(f"/datacenters/{place['id']}")
    assert walker.get("/datacenters?name=tokyo-dc1")["recommendation"] == place["id"]
    assert walker.error("POST", "/locations", {"name": "tokyo"}) == (409, "uniqueness_error")
    walker.delete(f"/locations/{place['id']}")
    walker.get("/pricing")


def test_contracts_and_hosts(walker):
    server = walker.create_server("contracted")
    walker.get("/servers?search=contracted")
    assert walker.get("/contract/quote?server_type=2g&server=contracted")["quote"]["charges"]
    walker.get("/contract/quote?server_type=1g")
    for base in ("/contract", "/customers/1/contract"):
        assert walker.get(base)["contract"]["next_charge"]
        assert walker.get(f"{base}/items?page=1&per_page=5")["contract_items"]
        assert walker.get(f"{base}/charges?page=1&per_page=5")["charges"]
        assert walker.get(f"{base}/charges?month=2020-01&format=json")["charges"] == []
        assert walker.request("GET", f"{base}/charges?format=csv").ok
    walker.put("/hosts/1", {"maintenance": {"reason": "a walk"}})
    walker.get("/health")
    assert walker.error("POST", "/servers", {"name": "x", "server_type": "1g", "image": "tiny"}) == (503, "maintenance")
    walker.put("/hosts/1", {"maintenance": None})
    walker.delete_server(server)


def test_keys_and_images(walker, tmp_path):
    public = Key(tmp_path).public
    key = walker.post("/ssh_keys", {"name": "laptop", "public_key": public, "labels": {"a": "b"}})["ssh_key"]
    assert walker.error("POST", "/ssh_keys", {"name": "again", "public_key": public}) == (409, "uniqueness_error")
    walker.put(f"/ssh_keys/{key['id']}", {"name": "desktop", "labels": {}})
    walker.get(f"/ssh_keys/{key['id']}")
    walker.get(f"/ssh_keys?fingerprint={key['fingerprint']}&label_selector=!a")
    walker.delete(f"/ssh_keys/{key['id']}")

    answer = walker.post("/images", {"name": "fedora-40", "url": "https://127.0.0.1:1/fedora.qcow2", "description": "Fedora"})
    walker.wait(answer["action"], success=None)
    walker.get(f"/images/{answer['image']['id']}/actions")
    walker.get(f"/images/{answer['image']['id']}/actions/{answer['action']['id']}")
    walker.get(f"/images/actions/{answer['action']['id']}")
    listed = walker.post("/images", {"name": "listed", "url": "https://127.0.0.1:1/x", "packages":
                                     "Built: 2026-11-20T10:00:00Z\nCodename: bookworm\n\nPackage: less\nVersion: 1\n"})["image"]
    walker.post(f"/images/{listed['id']}/actions/check_updates")
    walker.get("/images/actions?status=error&status=success")
    tiny = walker.get("/images?name=tiny&type=system&status=available&architecture=x86")["images"][0]
    path = f"/images/{tiny['id']}"
    walker.put(path, {"description": "for tests", "labels": {"kind": "tiny"}})
    walker.put(path + "/protection", {"delete": True})
    assert walker.error("DELETE", path) == (423, "protected")
    walker.put(path + "/protection", {"delete": False})
    walker.get(path)


def test_name_servers(walker):
    made = walker.post("/name_servers", {"name": "ns9.example.net", "address": "192.0.2.54", "port": 53, "primary": None, "format": None})["name_server"]
    walker.get("/name_servers")
    path = f"/name_servers/{made['id']}"
    walker.get(path)
    walker.get(f"{path}/config?primary=192.0.2.53")
    walker.get(f"{path}/config?primary=192.0.2.53&format=bind")
    walker.get(f"{path}/state")
    walker.get("/name_servers/zones")
    walker.post("/name_servers/actions/update_zones")
    walker.post(f"{path}/actions/renew_key", {"primary": "192.0.2.53", "format": "nsd"})
    walker.delete(path)


def test_zones(walker):
    walker.post("/zones", {"name": "walk.example", "mode": "primary", "ttl": 600, "labels": {"a": "b"}, "zonefile": "www A 192.0.2.1 ; web\n",
                           "rrsets": [{"name": "@", "type": "TXT", "records": [{"value": '"x"'}]}]})
    walker.get("/zones?name=walk.example&mode=primary&sort=name&label_selector=a=b")
    zone = walker.get("/zones/walk.example")["zone"]
    path = f"/zones/{zone['id']}"
    walker.get(f"{path}/parent_ds")
    walker.post(f"{path}/actions/check_proof")
    walker.put(path, {"labels": {}})
    walker.get(path + "/zonefile")
    walker.post(path + "/actions/import_zonefile", {"zonefile": "www 300 A 192.0.2.2\n"})
    walker.post(path + "/actions/change_ttl", {"ttl": 120})
    walker.post(path + "/actions/change_protection", {"delete": False})
    walker.post(path + "/actions/change_dnssec", {"enabled": True})
    eventually(lambda: walker.get(path)["zone"]["dnssec"]["ds"], 30)
    walker.post(path + "/actions/roll_ksk")
    walker.get(path + "/versions")
    walker.get(path + "/versions/2")
    walker.get(path + "/versions/3")
    walker.post(path + "/actions/rollback", {"version": 1})
    walker.post(path + "/rrsets", {"name": "ftp", "type": "A", "ttl": None, "labels": {"c": "d"}, "records": [{"value": "192.0.2.3", "comment": "old"}]})
    walker.get(path + "/rrsets?name=ftp&type=A&label_selector=c=d")
    one = path + "/rrsets/ftp/A"
    walker.get(one)
    walker.put(one, {"labels": {}})
    for action in ("add_records", "update_records", "set_records", "remove_records"):
        walker.post(f"{one}/actions/{action}", {"records": [{"value": "192.0.2.4", "comment": "x"}]})
    walker.post(one + "/actions/add_records", {"records": [{"value": "192.0.2.5"}], "ttl": 60})
    walker.post(one + "/actions/change_ttl", {"ttl": None})
    walker.post(one + "/actions/change_protection", {"change": False})
    walker.delete(one)
    from_there = {"primary_nameservers": [{"address": "9.9.9.9", "port": 53, "tsig_algorithm": "hmac-sha256", "tsig_key": "AAECAwQFBgcICQoLDA0ODw=="}, ]}
    walker.post("/zones", {"name": "fetched.example", "mode": "secondary", **from_there})
    action = walker.get("/zones/actions?status=success")["actions"][0]
    walker.get(f"/zones/actions/{action['id']}")
    walker.get(f"/zones/{action['resources'][0]['id']}/actions?sort=id:desc")
    walker.get(f"/zones/{action['resources'][0]['id']}/actions/{action['id']}")
    walker.post("/zones/fetched.example/actions/change_primary_nameservers", {"primary_nameservers": [{"address": "127.0.0.1", "port": 1}]})
    walker.get("/zones/fetched.example/primary_nameservers")
    walker.get("/zones/fetched.example/zonefile")
    walker.post("/customers/1/actions/permit_zone", {"name": "walk.example"})
    walker.post("/customers/1/actions/forbid_zone", {"name": "walk.example"})
    walker.get("/actions")
    walker.delete(path)


def test_servers(walker, fake):
    body = {"name": "hajime", "server_type": "1g", "image": "tiny", "start_after_create": False, "labels": {"env": "test"},
            "public_net": {"enable_ipv4": True, "enable_ipv6": True}, "user_data": "#cloud-config\n{}\n"}
    server = walker.create_server(**body)
    other = walker.create_server("tsugi", start=True, public_net={"enable_ipv4": False})
    path = f"/servers/{server['id']}"
    walker.get(f"{path}/filter")
    walker.get(f"{path}/filter/test?direction=in&protocol=tcp&address=203.0.113.5&port=22")
    walker.get("/servers?status=off&name=hajime&sort=created&label_selector=env%3Dtest&page=1&per_page=1")
    walker.put(path, {"name": "saisho", "labels": {"env": "prod"}})
    address = server["public_net"]["ipv4"]["ip"]
    walker.act(server, "change_dns_ptr", {"ip": address, "dns_ptr": "www.example.org"})
    walker.act(server, "change_dns_ptr", {"ip": server["public_net"]["ipv6"]["ip"].replace("/64", "5"), "dns_ptr": "six.example.org"})
    assert walker.get(path)["server"]["public_net"]["ipv6"]["dns_ptr"]
    assert len(walker.get(f"{path}/reverse_names")["reverse_names"]) == 2
    walker.act(server, "change_type", {"server_type": "2g", "upgrade_disk": True})
    for verb in ("poweron", "reset", "reboot", "reset_password", "check_first_step"):
        walker.act(server, verb, success=None)
    assert walker.error("POST", f"{path}/actions/change_type", {"server_type": "1g"}) == (422, "server_not_stopped")
    walker.act(server, "shutdown", success=None)
    walker.act(server, "poweroff", success=None)
    disk = fake.dir / "rescue.raw"
    disk.write_bytes(bytes(1 << 20))
    fake.cli("image", "import", "rescue", "--type", "rescue", "--file", disk)
    walker.get("/images?type=rescue")
    assert walker.error("POST", f"{path}/actions/enable_rescue", {"type": "linux64"}) == (422, "invalid_input")
    rescuer = walker.post("/ssh_keys", {"name": "rescuer", "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFnqaxA+x7iujyZxTweKqmu7lf+4JjDtZgccs5d+8+IC"})["ssh_key"]["id"]
    assert walker.post(f"{path}/actions/enable_rescue", {"type": "linux64", "ssh_keys": [rescuer, str(rescuer)]})["root_password"] is None
    walker.delete(f"/ssh_keys/{rescuer}")
    walker.act(server, "poweron", success=None)
    assert walker.get(path)["server"]["ippo"]["rescue"]["running"] is True
    walker.act(server, "disable_rescue")
    walker.act(server, "poweroff", success=None)
    walker.act(server, "rebuild", {"image": "tiny", "user_data": None})
    for verb in ("restore_kept_disk", "delete_kept_disk"):
        walker.act(server, "poweron")
        eventually(lambda: fake.database("SELECT first_boot_done, seed FROM server WHERE id = ?", server["id"]) == [(1, 0)], 20)
        walker.act(server, "poweroff")
        walker.act(server, "rebuild", {"image": "tiny", "keep_disk": True, "ssh_keys": [], "first_step": {"updates": "manual"}})
        assert walker.get(path)["server"]["ippo"]["kept_disk"]["disk_size"]
        walker.act(server, verb)
    snapshot = walker.post(f"{path}/actions/create_image", {"type": "snapshot", "description": "walked", "labels": {"a": "b"}})
    walker.wait(snapshot["action"])
    walker.act(server, "enable_backup", {"backup_window": "18-22"})
    assert walker.get(path)["server"]["backup_window"] == "18-22"
    backup = walker.post(f"{path}/actions/create_image", {"type": "backup"})
    walker.wait(backup["action"])
    assert walker.get(f"/images?bound_to={server['id']}&type=backup&status=available")["images"]
    walker.put(f"/images/{backup['image']['id']}", {"type": "snapshot"})
    walker.get(f"/contract/quote?server={server['id']}&backup=false")
    walker.act(server, "disable_backup")
    for image in (snapshot["image"], backup["image"]):
        walker.post(f"/images/{image['id']}/actions/change_protection", {"delete": False})
        walker.delete(f"/images/{image['id']}")
    walker.act(server, "change_guest_agent", {"enabled": False})
    walker.act(server, "change_guest_agent", {"enabled": True})
    walker.act(server, "change_protection", {"delete": True, "rebuild": True})
    assert walker.error("DELETE", path) == (423, "protected")
    walker.act(server, "change_protection", {"delete": False, "rebuild": False})
    walker.get(f"{path}/first_step")
    assert walker.error("POST", f"{path}/actions/open_inbound") == (422, "unsupported_error")
    fake.close_edge(server)
    walker.act(server, "open_inbound")
    walker.get(f"{path}/metrics?type=cpu,disk,network&type=memory&type=disk_use&step=3600&start=2026-01-01T00:00:00Z&end=2026-01-01T01:00:00Z")

    actions = walker.get(f"{path}/actions?sort=command:desc")["actions"]
    walker.get(f"{path}/actions/{actions[0]['id']}")
    walker.get(f"/servers/actions/{actions[0]['id']}")
    walker.get("/servers/actions?status=success")
    walker.get(f"/actions?id={actions[0]['id']}&id={actions[1]['id']}")

    ips = walker.get(f"/primary_ips?ip={address}")["primary_ips"]
    walker.get(f"/primary_ips/{ips[0]['id']}")
    for six in walker.get("/primary_ips")["primary_ips"]:
        walker.get(f"/primary_ips/{six['id']}")
    for found in (server, other):
        walker.delete_server(found)
    assert walker.error("GET", path) == (404, "not_found")


def test_consoles(walker):
    server = walker.create_server("console", start=True)
    walker.post(f"/servers/{server['id']}/actions/request_console")
    walker.post(f"/servers/{server['id']}/actions/request_console", {"type": "serial", "mode": "view"})
    assert walker.request("GET", f"/consoles/{server['id']}/serial").status_code == 426
    assert walker.request("GET", f"/consoles/{server['id']}/vnc").status_code == 426
    assert walker.request("GET", f"/servers/{server['id']}/console/text").status_code != 404
    assert walker.request("GET", f"/servers/{server['id']}/console/screen").status_code != 404
    assert walker.error("DELETE", "/consoles/999999") == (404, "not_found")
    walker.get("/consoles?status=open")
    walker.get("/consoles?status=closed&page=1&per_page=10")
    walker.delete_server(server)


def test_what_servers_do_not_offer(walker, document):
    server = walker.create_server("plain")
    refused = [path for _, path, operation in operations(document) if operation["tags"] == ["server actions"] and len(operation["responses"]) == 1]
    assert len(refused) > 3
    for path in refused:
        assert walker.error("POST", path.removeprefix("/v1").replace("{id}", str(server["id"])), {}) == (422, "unsupported_error")
    walker.delete_server(server)
    for path in {path for _, path, operation in operations(document) if operation["tags"] == ["not offered"] and "{" not in path}:
        path = path.removeprefix("/v1")
        walker.get(path + "?page=1&sort=id&label_selector=a")
        assert walker.error("POST", path, {}) == (422, "unsupported_error")
        assert walker.error("GET", path + "/1") == (404, "not_found")


def test_account(walker, fake, document, seen):
    walker.get("/me")
    token = walker.post("/tokens", {"name": "reader", "scope": "read"})
    reader = Walker(fake, document, seen, token["secret"])
    reader.get("/me")
    assert reader.error("POST", "/ssh_keys", {}) == (403, "token_readonly")
    walker.get("/tokens?name=reader")
    walker.get(f"/tokens/{token['token']['id']}")
    walker.delete(f"/tokens/{token['token']['id']}")
    assert reader.error("GET", "/me") == (401, "unauthorized")

    customer = walker.post("/customers", {"name": "aoi", "server_limit": 5})["customer"]
    walker.put(f"/customers/{customer['id']}", {"suspended": True, "server_limit": 0})
    walker.get(f"/customers/{customer['id']}")
    walker.get("/customers?name=aoi&sort=name")
    walker.get("/customers?search=ao&status=suspended")
    walker.put(f"/customers/{customer['id']}", {"quotas": {"servers": 3, "cores": None}, "note": "x"})
    walker.put(f"/customers/{customer['id']}/suspension", {"reason": "unpaid"})
    walker.delete(f"/customers/{customer['id']}/suspension")
    walker.get("/account")
    server = walker.create_server("goes-over", start=True)
    eventually(lambda: walker.request("PUT", f"/servers/{server['id']}/owner", {"customer": "aoi"}).ok, 10)
    walker.put(f"/servers/{server['id']}/owner", {"customer": 1})
    walker.delete_server(server)
    walker.delete(f"/customers/{customer['id']}")

    link = walker.post("/invitations", {"operator": True})["link"]
    walker.get("/invitations?page=1")
    browser = Walker(fake, document, seen)
    key = link.rsplit("/", 1)[1]
    browser.post("/invitations/check", {"key": key})
    browser.post("/invitations/redeem", {"key": key, "name": "aoi", "password": "correct horse battery"})
    assert Walker(fake, document, seen).error("POST", "/sessions", {"name": "aoi", "password": "wrong"}) == (401, "unauthorized")
    browser.session.cookies.clear()
    browser.post("/sessions", {"name": "aoi", "password": "correct horse battery"})
    me = browser.get("/me")["me"]["user"]["id"]
    browser.session.headers.update({"Origin": fake.url, "X-Ippo-CSRF": "1"})
    browser.post("/sessions", {"name": "aoi", "password": "correct horse battery"})
    sessions = browser.get("/sessions?page=1")["sessions"]
    browser.delete(f"/sessions/{next(session['id'] for session in sessions if not session['current'])}")
    browser.delete("/sessions")
    browser.put("/me/password", {"current_password": "correct horse battery", "password": "battery staple horse"})

    browser.get("/me/two_step")
    secret = browser.post("/me/two_step")["two_step"]["secret"]
    assert browser.error("POST", "/me/two_step/confirm", {"code": "1"}) == (422, "wrong_code")
    browser.post("/me/two_step/confirm", {"code": totp(secret)})
    browser.get("/me/two_step")
    new = browser.post("/me/two_step/recovery_codes")["recovery_codes"]
    assert browser.error("POST", "/sessions/current/proof", {"password": "battery staple horse"}) == (403, "code_required")
    browser.post("/sessions/current/proof", {"password": "battery staple horse", "code": new[0]})
    browser.delete("/me/two_step")
    secret = browser.post("/me/two_step")["two_step"]["secret"]
    browser.post("/me/two_step/confirm", {"code": totp(secret)})
    walker.delete(f"/users/{me}/two_step")

    browser.get("/me/mail")
    browser.put("/me/mail", {"address": "aoi@example.com", "language": "en"})
    link, = [line for line in fake.mails("aoi@example.com")[0].splitlines() if "/#/confirm-mail/" in line]
    guest = Walker(fake, document, seen)
    guest.post("/mail_confirmations/redeem", {"key": link.rsplit("/", 1)[1]})
    assert guest.error("POST", "/mail_confirmations/redeem", {"key": "x"}) == (404, "not_found")
    guest.post("/password_resets/request", {"name": "aoi"})
    browser.delete("/me/mail")
    walker.put(f"/users/{me}/mail", {"address": "aoi@example.com"})
    walker.get(f"/users/{me}/mail")
    walker.delete(f"/users/{me}/mail")
    sent = walker.post("/outbox/test", {"address": "desk@example.com"})["message"]["id"]
    fake.mails("desk@example.com")
    walker.get("/outbox?status=sent&page=1")
    eventually(lambda: walker.get(f"/outbox/{sent}")["message"]["status"] == "sent")
    assert walker.error("POST", f"/outbox/{sent}/retry") == (422, "unsupported_error")
    walker.post(f"/outbox/{fake.fail_a_mail()}/retry")
    walker.delete(f"/outbox/{fake.fail_a_mail()}")
    leaver = walker.post("/invitations", {"role": "reader"})["link"].rsplit("/", 1)[1]
    Walker(fake, document, seen).post("/invitations/redeem", {"key": leaver, "name": "leaver", "password": "correct horse battery"})
    walker.delete(f"/users/{walker.get('/users?name=leaver')['users'][0]['id']}")

    passkey = Passkey("localhost", fake.url)
    for own in (True, False):
        made = passkey.make(browser.post("/me/passkeys/challenge")["passkey_challenge"]["challenge"])
        number = browser.post("/me/passkeys", {"name": "ring", **made})["passkey"]["id"]
        browser.get("/me/passkeys")
        walker.get(f"/users/{me}/passkeys")
        shown = passkey.show(browser.post("/sessions/current/proof/passkey/challenge")["passkey_challenge"]["challenge"])
        browser.post("/sessions/current/proof/passkey", shown)
        browser.post("/sessions/passkey", passkey.show(browser.post("/sessions/passkey/challenge")["passkey_challenge"]["challenge"]))
        assert browser.error("POST", "/sessions/passkey", shown) == (422, "passkey_challenge")
        if own:
            browser.delete(f"/me/passkeys/{number}")
            passkey = Passkey("localhost", fake.url)
    walker.delete(f"/users/{me}/passkeys/{number}")

    for path, made_with in (("/invitations/redeem/passkey", {"key": walker.post("/invitations", {"role": "reader"})["link"].rsplit("/", 1)[1], "name": "hikaru"}),
                            ("/password_resets/redeem/passkey", {"key": walker.post(f"/users/{me}/password_reset")["link"].rsplit("/", 1)[1]})):
        person = Walker(fake, document, seen)
        person.session.headers.update({"Origin": fake.url, "X-Ippo-CSRF": "1"})
        made = Passkey("localhost", fake.url).make(person.post(f"{path}/challenge", made_with)["passkey_challenge"]["challenge"])
        person.post(path, {**made_with, **made, "passkey_name": "ring"})
        only = person.get("/me/passkeys")["passkeys"][-1]["id"]
        assert person.error("DELETE", f"/me/passkeys/{only}") == (422, "last_passkey")
    browser = person

    walker.get("/customer_defaults")
    walker.put("/customer_defaults", {"quotas": {"servers": 10}})
    fuji = walker.post("/customers", {"name": "fuji"})["customer"]["id"]
    for_fuji = {"headers": {"X-Ippo-Customer": "fuji"}}
    made = walker.post("/invitations", {"role": "reader", "name": "sora", "customer": fuji})
    browser.post("/invitations/accept", {"key": made["link"].rsplit("/", 1)[1]})
    gone = walker.post("/invitations", {"role": "owner"}, **for_fuji)["invitation"]["id"]
    walker.get(f"/invitations/{gone}")
    walker.delete(f"/invitations/{gone}")
    browser.get("/members?name=aoi")
    walker.put(f"/members/{me}", {"role": "owner"}, **for_fuji)
    assert walker.error("DELETE", f"/members/{me}", **for_fuji) == (422, "last_owner")
    browser.get(f"/members/{me}")
    browser.put("/sessions/current", {"customer": 1})
    browser.delete("/sessions/current")

    walker.get("/users?name=aoi&page=1")
    walker.get(f"/users/{me}")
    walker.put(f"/users/{me}", {"disabled": False})
    reset = walker.post(f"/users/{me}/password_reset")["link"].rsplit("/", 1)[1]
    browser.post("/password_resets/check", {"key": reset})
    browser.post("/password_resets/redeem", {"key": reset, "password": "horse battery staple"})
    guest = Walker(fake, document, seen)
    guest.session.headers.update({"Origin": fake.url, "X-Ippo-CSRF": "1"})
    link = walker.post("/invitations", {"role": "reader"}, **for_fuji)["link"]
    guest.post("/invitations/redeem", {"key": link.rsplit("/", 1)[1], "name": "sora", "password": "correct horse battery"})
    guest.delete("/members/current")
    link = walker.post("/invitations", {"role": "reader"}, **for_fuji)["link"]
    guest.session.cookies.clear()
    guest.post("/invitations/redeem", {"key": link.rsplit("/", 1)[1], "name": "umi", "password": "correct horse battery"})
    umi = guest.get("/me")["me"]["user"]["id"]
    walker.delete(f"/members/{umi}", **for_fuji)


def test_service(walker, fake, document, seen):
    Walker(fake, document, seen).get("/health")
    assert "host" in walker.get("/health")["health"]
    walker.get("/hosts")
    assert walker.request("GET", "/metrics").ok
    walker.get("/hosts/1")
    pool = walker.post("/address_pools", {"prefix": "203.0.113.0/24", "name": "office", "location": 1})["address_pool"]
    walker.get(f"/address_pools/{pool['id']}")
    walker.get("/address_pools")
    walker.delete(f"/address_pools/{pool['id']}")
    assert walker.error("POST", "/backups") == (422, "unsupported_error")


def test_history(walker):
    """After all that was done above: every kind of line."""
    assert walker.every("/history?what=server", "history")
    walker.every("/history", "history")
    walker.get("/history?actor=operator&result=success&from=2026-01-01&to=2999-01-01T00:00:00Z&before=999999&customer=service&format=json")
    walker.get("/history?server=1&action=1")
    head = walker.get("/history/verify")["verification"]["head"]
    assert walker.get(f"/history/verify?noted={head['id']}:{head['hash']}")["verification"]["whole"]
    assert walker.error("GET", "/history?what=a&result=b") == (422, "invalid_input")


def test_firewalls(walker):
    rules = [{"direction": "in", "protocol": "tcp", "port": "443", "source_ips": ["0.0.0.0/0", "::/0"], "description": "web"},
             {"direction": "out", "protocol": "icmp", "destination_ips": ["::/0"]}]
    selector = [{"type": "label_selector", "label_selector": {"selector": "a=walked"}}]
    answer = walker.post("/firewalls", {"name": "walked", "rules": rules, "apply_to": selector, "labels": {"a": "b"}})
    path = f"/firewalls/{answer['firewall']['id']}"
    walker.get("/firewalls?name=walked&page=1&label_selector=a&sort=name")
    walker.get(path)
    walker.put(path, {"name": "walked2"})
    walker.get(f"{path}/test?protocol=tcp&address=203.0.113.5&port=443")
    walker.post(f"{path}/actions/set_rules", {"rules": rules[:1], "trial": True, "trial_address": "203.0.113.5"})
    action = walker.post(f"{path}/actions/remove_from_resources", {"remove_from": selector})["actions"][0]
    walker.post(f"{path}/actions/apply_to_resources", {"apply_to": selector})
    walker.post(f"{path}/actions/remove_from_resources", {"remove_from": selector})
    walker.get("/firewalls/actions?status=success")
    walker.get(f"/firewalls/actions/{action['id']}")
    walker.get(f"{path}/actions")
    walker.get(f"{path}/actions/{action['id']}")
    assert walker.error("POST", f"{path}/actions/confirm", {}) == (404, "gone")
    assert walker.error("POST", f"{path}/actions/revert", {}) == (404, "gone")
    walker.delete(path)


def test_traffic(walker):
    server = walker.create_server("walked-traffic", start=False)
    walker.get(f"/servers/{server['id']}/traffic")
    walker.delete_server(server)


def test_addresses(walker):
    server = walker.create_server("walked-address", start=False)
    for path, one, made in (("/floating_ips", "floating_ip", {"home_location": "local", "description": "of the shop"}),
                            ("/primary_ips", "primary_ip", {"location": "local", "auto_delete": False})):
        kind = "ipv6" if one == "primary_ip" else "ipv4"
        answer = walker.post(path, {"type": kind, "name": "walked", "labels": {"a": "b"}, **made})
        assert answer["action"] is None
        own = f"{path}/{answer[one]['id']}"
        walker.get(f"{path}?name=walked&label_selector=a&sort=name&page=1")
        walker.get(own)
        walker.put(own, {"name": "walked2"})
        address = answer[one]["ip"].replace("/64", "1")
        walker.post(f"{own}/actions/change_dns_ptr", {"ip": address, "dns_ptr": "walked.example.org"})
        walker.post(f"{own}/actions/change_protection", {"delete": True})
        assert walker.error("DELETE", own) == (423, "protected")
        walker.post(f"{own}/actions/change_protection", {"delete": False})
        if one == "primary_ip":
            before = walker.get(f"/servers/{server['id']}")["server"]["public_net"]["ipv6"]["id"]
            walker.wait(walker.post(f"/primary_ips/{before}/actions/unassign")["action"])
        field = "server" if one == "floating_ip" else "assignee_id"
        action = walker.post(f"{own}/actions/assign", {field: server["id"]})["action"]
        walker.wait(action)
        walker.wait(walker.post(f"{own}/actions/unassign")["action"])
        walker.get(f"{path}/actions?status=success")
        walker.get(f"{path}/actions/{action['id']}")
        walker.get(f"{own}/actions")
        walker.get(f"{own}/actions/{action['id']}")
        walker.delete(own)
        answer = walker.post(path, {"type": kind, field: server["id"]})
        walker.wait(answer["action"])
        if one == "floating_ip":
            walker.delete(f"{path}/{answer[one]['id']}")
    walker.delete_server(server)


def test_networks(walker):
    server = walker.create_server("walked-network", start=False)
    subnet = {"type": "cloud", "network_zone": walker.get("/locations")["locations"][0]["network_zone"]}
    network = walker.post("/networks", {"name": "walked", "ip_range": "10.0.0.0/16", "subnets": [{**subnet, "ip_range": "10.0.1.0/24"}],
                                        "labels": {"a": "b"}})["network"]
    own = f"/networks/{network['id']}"
    walker.get("/networks?name=walked&label_selector=a&sort=name&page=1")
    walker.put(own, {"name": "walked2"})
    walker.post(f"{own}/actions/add_subnet", subnet)
    walker.post(f"{own}/actions/delete_subnet", {"ip_range": "10.0.0.0/24"})
    walker.post(f"{own}/actions/change_ip_range", {"ip_range": "10.0.0.0/14"})
    walker.post(f"{own}/actions/change_protection", {"delete": True})
    assert walker.error("DELETE", own) == (423, "protected")
    walker.post(f"{own}/actions/change_protection", {"delete": False})
    for verb in ("add_route", "delete_route"):
        assert walker.error("POST", f"{own}/actions/{verb}", {"destination": "0.0.0.0/0", "gateway": "10.0.1.2"}) == (422, "unsupported_error")
    path = f"/servers/{server['id']}/actions"
    action = walker.post(f"{path}/attach_to_network", {"network": network["id"], "ip": "10.0.1.2", "alias_ips": ["10.0.1.3"]})["action"]
    walker.wait(action)
    walker.get(f"/servers/{server['id']}")
    walker.get(own)
    for verb, body, code in (("attach_to_network", {}, "server_already_attached"), ("change_alias_ips", {"alias_ips": ["10.0.1.2"]}, "ip_not_available")):
        assert walker.error("POST", f"{path}/{verb}", {"network": network["id"], **body}) == (422, code)
    walker.wait(walker.post(f"{path}/change_alias_ips", {"network": network["id"], "alias_ips": []})["action"])
    walker.get("/networks/actions?status=success")
    walker.get(f"/networks/actions/{action['id']}")
    walker.get(f"{own}/actions")
    walker.get(f"{own}/actions/{action['id']}")
    walker.wait(walker.post(f"{path}/detach_from_network", {"network": network["id"]})["action"])
    made = walker.post("/servers", {"name": "walked-in", "server_type": "1g", "image": walker.get("/images")["images"][0]["name"],
                                    "start_after_create": False, "networks": [{"network": network["id"], "ip": "10.0.1.9", "alias_ips": ["10.0.1.10"]}]})
    walker.wait(made["action"])
    walker.delete(own)  # and the server is out of it
    assert [done["command"] for done in walker.get(f"/networks/actions?sort=id:desc&per_page=2")["actions"]] == ["detach_from_network", "delete_network"]
    for each in (server, made["server"]):
        walker.delete_server(each)


def test_notices(walker, fake, document, seen):
    body = {"kind": "maintenance", "pinned": True, "title_ja": "保守", "title_en": "Maintenance", "body_ja": "短い切断", "body_en": "Short cuts",
            "starts": "2030-01-01T00:00:00Z", "ends": "2030-01-01T02:00:00+09:00".replace("+09:00", "Z")}
    notice = walker.post("/notices", body)["notice"]
    path = f"/notices/{notice['id']}"
    walker.get(path)
    walker.put(path, {"title_en": "Works", "tell": True})
    walker.get("/notices?kind=maintenance&status=published&page=1&per_page=2")
    browser = Walker(fake, document, seen)
    browser.session.headers.update({"Origin": fake.url, "X-Ippo-CSRF": "1"})
    browser.post("/sessions", {"name": "walker", "password": "correct horse battery"})
    assert browser.get("/notices")["unread"] == 1
    browser.put(path + "/read")
    browser.put("/notices/read", {"last": notice["id"]})
    walker.delete(path)
    assert walker.error("PUT", path, {"pinned": False}) == (404, "gone")
    assert walker.get("/notices?status=withdrawn")["notices"][0]["withdrawn"]
    assert walker.error("POST", "/notices", {**body, "title_en": ""}) == (422, "invalid_input")


def test_contact(walker):
    rule = walker.post("/alert_rules", {"kind": "metric", "metric": "cpu", "comparison": "above", "threshold": 90, "minutes": 5, "all_servers": True,
                                        "webhook_url": "https://example.com/hook"})["alert_rule"]
    walker.get(f"/alert_rules/{rule['id']}")
    walker.put(f"/alert_rules/{rule['id']}", {"kind": "stopped_itself", "label_selector": "a=b"})
    walker.get("/alert_rules?server=1&page=1")
    walker.get("/alerts?status=open&server=1&per_page=5")
    assert walker.error("POST", "/alert_rules", {"kind": "metric"}) == (422, "invalid_input")
    walker.delete(f"/alert_rules/{rule['id']}")
    thread = walker.post("/contact_threads", {"subject": "Hello", "text": "Is anybody there?"})["contact_thread"]
    path = f"/contact_threads/{thread['id']}"
    walker.get(path)
    walker.post(path + "/messages", {"text": "Yes."})
    walker.get(path + "/messages?page=1&per_page=1")
    walker.put(path, {"state": "closed"})
    walker.get("/contact_threads?state=closed&page=1&per_page=1")
    file = walker.post("/contact_attachments", {"name": "a.txt", "bytes": 1})["contact_attachment"]
    file_path = f"/contact_attachments/{file['id']}"
    walker.get(file_path)
    walker.put(f"{file_path}/data", {"at": 0, "data": "YQ=="})
    walker.post(f"{path}/messages", {"text": "See this.", "attachments": [file["id"]]})
    walker.get(f"{path}/messages")
    assert walker.request("GET", f"{file_path}/data").content == b"a"
    walker.delete(file_path)
    assert walker.error("POST", "/contact_threads", {"subject": "Hello", "text": ""}) == (422, "invalid_input")
    assert walker.error("GET", "/contact_threads/999999/messages") == (404, "not_found")


def test_events(walker, document):
    """Every kind of event, with data as described."""
    kinds = {}
    with walker.request("GET", "/events", stream=True) as stream:
        lines = stream.iter_lines(chunk_size=1, decode_unicode=True)
        server = walker.create_server("event")
        walker.post("/notices", {"title_ja": "題", "title_en": "Title", "body_ja": "文", "body_en": "Text"})
        walker.post("/contact_threads", {"subject": "Hello", "text": "Is anybody there?"})
        walker.delete_server(server)
        while "deleted" not in kinds:
            line = next(lines)
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
                data = json.loads(next(lines).removeprefix("data: "))
                validate(document, document["components"]["schemas"]["EventData"], data)
                kinds[kind] = data
    assert set(kinds) == {"resync", "server", "action", "deleted", "notice", "contact_thread"}
    assert kinds["resync"] == {} and all(kind in kinds[kind] for kind in ("server", "action", "deleted", "notice", "contact_thread"))


def test_images_go(walker):
    """Last, because servers are made from it."""
    image = walker.get("/images?name=tiny")["images"][0]
    walker.delete(f"/images/{image['id']}")
    eventually(lambda: not walker.request("GET", f"/images/{image['id']}").ok)


def test_everything_was_visited(document, seen):
    if "getMe" not in seen or "getHealth" not in seen:
        pytest.fail("this one looks at what the others did: run the whole file")
    missing = [f"{method} {path}" for method, path, operation in operations(document) if operation["operationId"] not in seen]
    assert not missing, missing
    failed = [operation["operationId"] for _, _, operation in operations(document)
              if len(operation["responses"]) > 1 and not any(status < 400 for status in seen[operation["operationId"]])]
    assert set(failed) == NEVER_SUCCEEDS_HERE, failed
