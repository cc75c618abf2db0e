"""Pages of others in Chromium, beside a signed-in user's own; browser/cross-site.mjs says what they try.

The host is in memory: what is shown is who is let in, and its serial port answers with every byte it hears.
"""
import os

import pytest

import tap
from ippo_testing import IppoInstance, run
from test_panel import BROWSER

URL = "https://ippo.test"


@pytest.fixture
def fake():
    instance = IppoInstance("fake", {"web": {"url": URL}})
    try:
        yield instance.with_image()
    finally:
        instance.close()


def test_pages_of_others_are_refused(fake, playwright, tmp_path):
    server = fake.api("operator", "--operator").create_server("guest", start=True)
    pem = tmp_path / "pem"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
        "-subj", "/CN=elsewhere.test", "-keyout", pem, "-out", tmp_path / "certificate")
    with open(pem, "a") as both:
        both.write((tmp_path / "certificate").read_text())
    done = run("node", "--test", "--test-reporter=tap", BROWSER / "cross-site.mjs", check=False, cwd=BROWSER, timeout=300,
               env={**os.environ, "IPPO_URL": URL, "IPPO_PORT": str(fake.port), "IPPO_SERVER": str(server["id"]), "IPPO_PEM": str(pem),
                    "IPPO_INVITATION": fake.cli("invitation", "create", "--operator").stdout.strip(), "IPPO_TOKEN": fake.token("operator")})
    tap.judge(done)
