"""A passkey in Chromium on a real service; browser/passkeys-real.mjs does it. The host is in memory."""
import os

import pytest

import tap
from ippo_testing import IppoInstance, run
from test_panel import BROWSER


@pytest.fixture
def fake():
    instance = IppoInstance("fake")
    try:
        yield instance.start()
    finally:
        instance.close()


def test_a_passkey_is_added_used_and_removed(fake, playwright):
    (customer,), = fake.database("SELECT name FROM customer WHERE id = 1")
    link, second = (fake.cli("invitation", "create", "--for", customer).stdout.strip() for _ in range(2))
    done = run("node", "--test", "--test-reporter=tap", BROWSER / "passkeys-real.mjs", check=False, cwd=BROWSER, timeout=300,
               env={**os.environ, "IPPO_URL": fake.url, "IPPO_INVITATION": link, "IPPO_SECOND": second})
    tap.judge(done)
