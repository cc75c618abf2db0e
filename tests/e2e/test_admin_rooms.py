"""The rooms of operators in Chromium on a real service, with a customer at another browser; browser/admin-real.mjs does it.
The host is in memory."""
import os

import pytest

import tap
from ippo_testing import IppoInstance, run
from test_panel import BROWSER


@pytest.fixture
def fake():
    instance = IppoInstance("fake")
    try:
        yield instance.with_image()
    finally:
        instance.close()


def test_an_operator_looks_after_customers_by_the_panel(fake, playwright):
    operator = fake.api("operator", "--operator")
    link = fake.cli("invitation", "create", "--operator").stdout.strip()
    refused = fake.fail_a_mail()
    done = run("node", "--test", "--test-reporter=tap", BROWSER / "admin-real.mjs", check=False, cwd=BROWSER, timeout=400,
               env={**os.environ, "IPPO_URL": fake.url, "IPPO_INVITATION": link})
    tap.judge(done)
    # What the panel said is so, as the API tells it.
    aoi = next(one for one in operator.get("/customers")["customers"] if one["name"] == "aoi")
    assert aoi["quotas"]["servers"]["limit"] == 4 and aoi["quotas"]["tokens"]["limit"] == 7 and aoi["quotas"]["members"]["limit"] is None
    assert (aoi["note"], aoi["suspended"]) == ("Calls in the afternoon", False)
    assert operator.get("/customer_defaults")["customer_defaults"]["quotas"]["tokens"] == 7
    lines = [line["what"] for line in operator.get(f"/history?customer={aoi['id']}&per_page=50")["history"]]
    assert {"customer.suspend", "customer.resume", "server.create", "contact_thread.reply"} <= set(lines)
    moved, = [server for server in operator.get("/servers", headers={"X-Ippo-Customer": "midori"})["servers"]]
    assert moved["name"] == "hajime"
    assert "discarded" in operator.get(f"/outbox/{refused}")["message"]["error"]
    assert {user["name"] for user in operator.get("/users")["users"]} == {"mori", "aoi"}, "haru was deleted"
