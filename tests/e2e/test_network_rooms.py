"""Packet filters and name servers in Chromium on a real service and a real Knot; browser/network-real.mjs does it. The host is in memory."""
import os

import pytest

import tap
from ippo_testing import run
from name_server import NameServer
from test_panel import BROWSER


@pytest.fixture
def dns():
    instance = NameServer()
    try:
        yield instance.with_servers()
    finally:
        instance.close()


def test_a_filter_and_a_zone_by_the_panel(dns, playwright):
    (customer,), = dns.database("SELECT name FROM customer WHERE id = 1")
    dns.api("first").create_server("hajime", server_type="named")
    link = dns.cli("invitation", "create", "--for", customer).stdout.strip()
    done = run("node", "--test", "--test-reporter=tap", BROWSER / "network-real.mjs", check=False, cwd=BROWSER, timeout=300,
               env={**os.environ, "IPPO_URL": dns.url, "IPPO_INVITATION": link})
    tap.judge(done)
    dns.answers("www.panel.example", "A", "192.0.2.3")
    assert "RRSIG" in dict(dns.dig("www.panel.example", "A", "+dnssec"))
    firewall, = dns.api("after").get("/firewalls")["firewalls"]
    assert [rule["port"] for rule in firewall["rules"]] == ["22", "443"]
    assert [target["server"]["id"] for target in firewall["applied_to"]] == [1]
