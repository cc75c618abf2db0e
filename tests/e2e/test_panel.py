"""The panel in Chromium, with a real guest behind it; browser/real.mjs tells the journey."""
import os
import pathlib

import tap
from ippo_testing import run

BROWSER = pathlib.Path(__file__).resolve().parent / "browser"


def test_the_first_visit(ippo, key, playwright):
    api = ippo.api("operator", "--operator")
    api.post("/ssh_keys", {"name": "panel", "public_key": key.public})
    server = api.create_server("panel", server_type="tiny", ssh_keys=["panel"])
    link = ippo.cli("invitation", "create", "--operator").stdout.strip()
    try:
        done = run("node", "--test", "--test-reporter=tap", BROWSER / "real.mjs", check=False, cwd=BROWSER, timeout=600,
                   env={**os.environ, "IPPO_URL": ippo.url, "IPPO_INVITATION": link, "IPPO_SERVER": "panel"})
    finally:
        api.delete_server(server)
    tap.judge(done)
