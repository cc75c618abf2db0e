"""What hcloud-shaped clients do with zones, in their own requests, and each field that they decode, of the type that they decode it as."""
import datetime
import re

import pytest

from ippo_testing import eventually
from name_server import dns, operator, owner  # noqa: F401

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def moment(value):
    assert isinstance(value, str) and TIME.fullmatch(value), value
    datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))


def number(value):
    assert isinstance(value, int) and not isinstance(value, bool), value


def one_of(*words):
    def check(value):
        assert value in words, value
    return check


def text(value):
    assert isinstance(value, str), value


def some(value):
    text(value)
    assert value != ""


def yes_or_no(value):
    assert isinstance(value, bool), value


def or_null(check):
    return lambda value: value is None or check(value)


def many(check):
    def each(value):
        assert isinstance(value, list), value
        for item in value:
            check(item)
    return each


def labels(value):
    assert isinstance(value, dict) and all(isinstance(word, str) for pair in value.items() for word in pair), value


def shape(**fields):
    """Every one of these is there; more may be."""
    def check(value):
        assert isinstance(value, dict), value
        for name, judge in fields.items():
            assert name in value, (name, value)
            try:
                judge(value[name])
            except AssertionError as wrong:
                raise AssertionError(f"{name}: {wrong}") from wrong
    return check


ACTION = shape(id=number, command=some, status=one_of("running", "success", "error"), progress=number, started=moment, finished=or_null(moment),
               resources=many(shape(id=number, type=some)), error=or_null(shape(code=some, message=text)))
ZONE = shape(
    id=number, name=some, created=moment, ttl=number, mode=one_of("primary", "secondary"),
    primary_nameservers=many(shape(address=some, port=number, tsig_algorithm=or_null(one_of("hmac-md5", "hmac-sha1", "hmac-sha256")), tsig_key=or_null(text))),
    protection=shape(delete=yes_or_no), labels=labels,
    authoritative_nameservers=shape(assigned=many(some), delegated=many(some), delegation_last_check=or_null(moment),
                                    delegation_status=one_of("valid", "partially-valid", "invalid", "lame", "unregistered", "unknown")),
    registrar=one_of("hetzner", "other", "unknown"), status=one_of("ok", "updating", "error"), record_count=number)
RRSET = shape(id=some, name=some, type=some, ttl=or_null(number), labels=labels, protection=shape(change=yes_or_no),
              records=many(shape(value=some, comment=or_null(text))), zone=number)
META = shape(pagination=shape(page=number, per_page=number, previous_page=or_null(number), next_page=or_null(number), last_page=or_null(number), total_entries=or_null(number)))


class Client:
    """Asks as they do, and takes nothing that they could not."""

    def __init__(self, api):
        self.api = api

    def call(self, method, path, status, body=None, **answer):
        reply = self.api.request(method, path, body)
        assert reply.status_code == status, (method, path, reply.status_code, reply.text)
        assert reply.headers["content-type"].startswith("application/json")
        found = reply.json()
        shape(**answer)(found)
        return found

    def act(self, path, command, body):
        """Both ways of waiting: for all actions by their numbers, and for one of the kind of resource."""
        action = self.call("POST", path, 201, body, action=ACTION)["action"]
        assert action["command"] == command, action
        for asked in (f"/actions/{action['id']}", f"/zones/actions/{action['id']}"):
            assert eventually(lambda: self.call("GET", asked, 200, action=ACTION)["action"]["status"] == "success", 30)
        listed = self.call("GET", f"/actions?id={action['id']}&page=1&per_page=25&sort=status&sort=id", 200, actions=many(ACTION), meta=META)["actions"]
        assert [each["id"] for each in listed] == [action["id"]]
        return action


@pytest.fixture(scope="module")
def client(owner):
    return Client(owner)


def test_zones(client):
    made = client.call("POST", "/zones", 201, {"name": "client.example", "mode": "primary", "ttl": 10800, "labels": {"env": "prod"}, "rrsets": [
        {"name": "www", "type": "A", "ttl": 300, "labels": {"a": "b"}, "records": [{"value": "192.0.2.1", "comment": "first"}]}]}, zone=ZONE, action=ACTION)
    zone = made["zone"]
    assert (zone["name"], zone["mode"], zone["ttl"], zone["labels"], zone["protection"], zone["primary_nameservers"]) == ("client.example", "primary", 10800, {"env": "prod"}, {"delete": False}, [])
    assert made["action"]["resources"] == [{"id": zone["id"], "type": "zone"}] and made["action"]["command"] == "create_zone"
    # All zones, page by page, and by name, mode, label and order.
    for query in ("page=1&per_page=50", "name=client.example", "mode=primary", "label_selector=env%3Dprod", "sort=name%3Aasc&sort=id%3Adesc", "sort=created"):
        listed = client.call("GET", f"/zones?{query}", 200, zones=many(ZONE), meta=META)["zones"]
        assert "client.example" in [each["name"] for each in listed], query
    assert client.call("GET", "/zones?name=other.example", 200, zones=many(ZONE), meta=META)["zones"] == []
    for path in (f"/zones/{zone['id']}", "/zones/client.example"):
        assert client.call("GET", path, 200, zone=ZONE)["zone"]["id"] == zone["id"]
    assert client.call("PUT", f"/zones/{zone['id']}", 200, {"labels": {"env": "test"}}, zone=ZONE)["zone"]["labels"] == {"env": "test"}
    client.act(f"/zones/{zone['id']}/actions/change_ttl", "change_zone_ttl", {"ttl": 3600})
    client.act("/zones/client.example/actions/change_protection", "change_zone_protection", {"delete": True})
    error = client.call("DELETE", f"/zones/{zone['id']}", 423, error=shape(code=one_of("protected"), message=some))
    assert error
    client.act(f"/zones/{zone['id']}/actions/change_protection", "change_zone_protection", {"delete": False})
    assert client.call("GET", f"/zones/{zone['id']}", 200, zone=ZONE)["zone"]["ttl"] == 3600
    # What was done to it, by number and by name.
    for path in (f"/zones/{zone['id']}/actions", "/zones/client.example/actions?sort=id%3Adesc&status=success&page=1&per_page=50", "/zones/actions"):
        actions = client.call("GET", path, 200, actions=many(ACTION), meta=META)["actions"]
        assert {"create_zone", "change_zone_ttl", "change_zone_protection"} <= {each["command"] for each in actions}, path
    assert client.call("GET", f"/zones/{zone['id']}/actions/{made['action']['id']}", 200, action=ACTION)["action"]["id"] == made["action"]["id"]
    assert client.api.error("GET", f"/zones/{zone['id'] + 1000}/actions") == (404, "not_found")
    assert client.api.error("GET", "/zones/never.example/actions") == (404, "not_found")


def test_record_sets(client, dns):
    path = "/zones/client.example"
    zone = client.call("GET", path, 200, zone=ZONE)["zone"]
    made = client.call("POST", path + "/rrsets", 201, {"name": "mail", "type": "A", "ttl": None, "labels": {"of": "mail"}, "records": [{"value": "192.0.2.10", "comment": "one"}, {"value": "192.0.2.11"}]},
                       rrset=RRSET, action=ACTION)
    rrset = made["rrset"]
    assert (rrset["id"], rrset["zone"], rrset["ttl"], rrset["protection"]) == ("mail/A", zone["id"], None, {"change": False})
    assert [(each["value"], each["comment"]) for each in rrset["records"]] == [("192.0.2.10", "one"), ("192.0.2.11", "")]
    for query, wanted in (("page=1&per_page=50", None), ("name=mail", {"mail/A"}), ("type=A", {"mail/A", "www/A"}), ("label_selector=of%3Dmail", {"mail/A"}), ("sort=name%3Aasc", None), ("type=A&type=NS", {"mail/A", "www/A", "@/NS"})):
        listed = {each["id"] for each in client.call("GET", f"{path}/rrsets?{query}", 200, rrsets=many(RRSET), meta=META)["rrsets"]}
        assert listed == wanted if wanted else {"mail/A", "www/A", "@/NS"} <= listed, (query, listed)
    one = path + "/rrsets/mail/A"
    assert client.call("GET", one, 200, rrset=RRSET)["rrset"] == rrset
    assert client.call("PUT", one, 200, {"labels": {}}, rrset=RRSET)["rrset"]["labels"] == {}

    def values():
        found = client.call("GET", one, 200, rrset=RRSET)["rrset"]
        return sorted(each["value"] for each in found["records"]), found["ttl"]
    client.act(one + "/actions/set_records", "set_rrset_records", {"records": [{"value": "192.0.2.20", "comment": "set"}]})
    assert values() == (["192.0.2.20"], None)
    client.act(one + "/actions/add_records", "add_rrset_records", {"records": [{"value": "192.0.2.21"}], "ttl": 600})
    assert values() == (["192.0.2.20", "192.0.2.21"], 600)
    client.act(one + "/actions/update_records", "update_rrset_records", {"records": [{"value": "192.0.2.21", "comment": "said"}]})
    client.act(one + "/actions/remove_records", "remove_rrset_records", {"records": [{"value": "192.0.2.20"}]})
    assert values() == (["192.0.2.21"], 600)
    client.act(one + "/actions/change_ttl", "change_rrset_ttl", {"ttl": None})
    assert values() == (["192.0.2.21"], None)
    client.act(one + "/actions/change_protection", "change_rrset_protection", {"change": True})
    client.call("DELETE", one, 423, error=shape(code=one_of("protected"), message=some))
    client.act(one + "/actions/change_protection", "change_rrset_protection", {"change": False})
    dns.answers("mail.client.example", "A", "192.0.2.21")
    # Adding to one that is not there makes it; the last record takes it away.
    client.act(path + "/rrsets/fresh/AAAA/actions/add_records", "add_rrset_records", {"records": [{"value": "2001:db8::1"}]})
    client.act(path + "/rrsets/fresh/AAAA/actions/remove_records", "remove_rrset_records", {"records": [{"value": "2001:db8::1"}]})
    client.call("GET", path + "/rrsets/fresh/AAAA", 404, error=shape(code=one_of("not_found"), message=some))
    assert client.call("DELETE", one, 201, action=ACTION)["action"]["command"] == "delete_rrset"
    client.call("GET", one, 404, error=shape(code=one_of("not_found"), message=some))
    # What is wrong is named by its field.
    client.call("POST", path + "/rrsets", 422, {"name": "x", "type": "A", "records": [{"value": "192.0.2.256"}]},
                error=shape(code=one_of("invalid_input"), message=some, details=shape(fields=many(shape(name=one_of("records"), messages=many(some))))))


def test_files_and_deleting(client):
    path = "/zones/client.example"
    zone = client.call("GET", path, 200, zone=ZONE)["zone"]
    text_of_it = client.call("GET", path + "/zonefile", 200, zonefile=some)["zonefile"]
    assert "192.0.2.1" in text_of_it
    client.act(path + "/actions/import_zonefile", "import_zonefile", {"zonefile": re.sub(r"192\.0\.2\.1\b", "192.0.2.77", text_of_it)})
    assert client.call("GET", path + "/rrsets/www/A", 200, rrset=RRSET)["rrset"]["records"][0]["value"] == "192.0.2.77"
    gone = client.call("DELETE", f"/zones/{zone['id']}", 201, action=ACTION)["action"]
    # It is waited for when the zone is there no more.
    for asked in (f"/actions/{gone['id']}", f"/zones/actions/{gone['id']}", f"/zones/{zone['id']}/actions/{gone['id']}"):
        assert client.call("GET", asked, 200, action=ACTION)["action"]["command"] == "delete_zone"
    client.call("GET", path, 404, error=shape(code=one_of("not_found"), message=some))


def test_secondary(client):
    made = client.call("POST", "/zones", 201, {"name": "client2.example", "mode": "secondary", "primary_nameservers": [
        {"address": "9.9.9.9", "port": 53, "tsig_algorithm": "hmac-sha256", "tsig_key": "AAECAwQFBgcICQoLDA0ODw=="}, ]}, zone=ZONE, action=ACTION)
    assert made["zone"]["mode"] == "secondary" and made["zone"]["primary_nameservers"][0]["address"] == "9.9.9.9"
    client.act("/zones/client2.example/actions/change_primary_nameservers", "change_primary_nameservers", {"primary_nameservers": [{"address": "2620:fe::fe", "port": 5353}]})
    assert client.call("GET", "/zones?mode=secondary", 200, zones=many(ZONE), meta=META)["zones"][0]["primary_nameservers"][0]["port"] == 5353
    client.call("DELETE", "/zones/client2.example", 201, action=ACTION)
