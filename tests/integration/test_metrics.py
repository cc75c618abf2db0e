"""Measurements of servers, from the host to whoever asks. Most of it takes its minutes: a sample is taken each minute."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.request

import pytest

from ippo_testing import Api, eventually, free_port, run
from measurements import HETZNER, MINUTES, ask, databases, moment, points


@pytest.fixture(scope="module")
def operator(fake):
    """The least that Prometheus needs."""
    return fake.api("prometheus", "--operator", "--read-only")


@pytest.fixture(scope="module")
def measured(fake):
    """A server of which two samples have been taken."""
    server = fake.api().create_server("measured", start=True)
    eventually(lambda: points(fake.api(), server, "cpu"), MINUTES, 2)
    return server


def test_shape(fake, measured):
    got = ask(fake.api(), measured, "cpu,disk,network")
    assert set(got["time_series"]) == HETZNER
    assert got["step"] == 60
    for series in got["time_series"].values():
        for seconds, value in series["values"]:
            assert isinstance(seconds, int) and isinstance(value, str) and float(value) >= 0
            assert abs(seconds - time.time()) < 600 and seconds % 60 == 0
    # The fake guest's load is what its UUID says: it must come through the counters and the database as a rate. A
    # busy machine reads the counters a little beside the second that a sample is for.
    uuid = bytes.fromhex(fake.database("SELECT hex(uuid) FROM server WHERE id = ?", measured["id"])[0][0])
    busy = uuid[1] % 100 + 1
    everything = ask(fake.api(), measured)["time_series"]
    assert float(everything["cpu"]["values"][-1][1]) == pytest.approx(busy, rel=0.1)
    assert float(everything["network.0.pps.in"]["values"][-1][1]) == pytest.approx(busy * 5, rel=0.1)
    assert float(everything["memory.used"]["values"][-1][1]) == pytest.approx((128 + uuid[2]) << 20)
    assert float(everything["disk.0.used"]["values"][-1][1]) == pytest.approx((512 + uuid[3]) << 20)


def test_types_and_steps(fake, measured):
    api = fake.api()
    assert set(ask(api, measured, "cpu")["time_series"]) == {"cpu"}
    assert set(ask(api, measured, "cpu&type=memory")["time_series"]) == {"cpu", "memory.used"}
    for back, step in ((3600, 60), (86400, 180), (7 * 86400, 1800), (31 * 86400 - 60, 7200), (366 * 86400, 86400)):
        assert ask(api, measured, "cpu", back)["step"] == step
    assert ask(api, measured, "cpu", 3600, "&step=300")["step"] == 300


def test_bad_input(fake, measured):
    api, path = fake.api(), f"/servers/{measured['id']}/metrics"
    good = {"type": "cpu", "start": "2026-11-25T00:00:00Z", "end": "2026-11-25T01:00:00Z"}
    api.get(path, params=good)
    for field, value in (("type", "ram"), ("type", ""), ("type", "cpu,"), ("start", "2026-11-25"), ("start", "now"), ("start", ""),
                         ("start", "2026-11-25T00:00:00"), ("start", "1795599015"), ("end", "2026-11-25T24:00:00Z"),
                         ("end", "2026-11-25T00:00:00Z"), ("end", "2026-11-24T00:00:00Z"), ("start", "2024-11-25T00:00:00Z"),
                         ("step", "0"), ("step", "-1"), ("step", "1.5"), ("step", "60s"), ("step", "99999999999")):
        answer = api.request("GET", path, params={**good, field: value})
        assert answer.status_code == 422, (field, value, answer.text)
        error = answer.json()["error"]
        assert error["code"] == "invalid_input" and error["details"]["fields"][0]["messages"], error
    for field in good:
        answer = api.request("GET", path, params={name: value for name, value in good.items() if name != field})
        assert answer.json()["error"]["details"]["fields"][0]["name"] == field


def test_foreign_is_unknown(fake, measured):
    fake.cli("customer", "create", "other")
    token = fake.cli("--customer", "other", "token", "create", "theirs").stdout.strip()
    theirs = Api(fake.url, fake.ca, token)
    query = "/metrics?type=cpu&start=2026-11-25T00:00:00Z&end=2026-11-25T01:00:00Z"
    foreign, unknown = (theirs.request("GET", f"/servers/{number}{query}") for number in (measured["id"], 999999))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.text.replace(str(measured["id"]), "N") == unknown.text.replace("999999", "N")
    # What is wrong with the question is not looked at before whose it is.
    assert theirs.error("GET", f"/servers/{measured['id']}/metrics?type=nonsense") == (404, "not_found")


def test_cli(fake, measured):
    said = fake.cli("server", "metrics", "measured", env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
    assert re.search(r"^cpu +[\d.]+% +[\d.]+% +[\d.]+% +.*[▁▂▃▄▅▆▇█]", said, re.M), said
    assert re.search(r"^memory\.used +\d+\.\d MiB", said, re.M), said
    plain = fake.cli("server", "metrics", "measured", "--type", "cpu", "--last", "1d", env={**os.environ, "LC_ALL": "C"}).stdout
    assert plain.isascii() and len(plain.splitlines()) == 2, plain
    assert set(fake.cli_json("server", "metrics", "measured", "--type", "cpu")["time_series"]) == {"cpu"}
    assert fake.cli("server", "metrics", "measured", "--last", "2h", check=False).returncode == 2
    refused = fake.cli("server", "metrics", "measured", "--type", "ram", check=False)
    assert refused.returncode == 1 and "ram" in refused.stderr and "invalid_input" in refused.stderr
    assert fake.cli("server", "metrics", "nobody", check=False).returncode == 3
    assert "--last" in fake.cli("server", "metrics", "--help").stdout
    assert "server:metrics" in fake.cli("completion", "bash").stdout


def test_hcloud(fake, measured, tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path), "HCLOUD_ENDPOINT": f"{fake.url}/v1", "HCLOUD_TOKEN": fake.token("hcloud"),
                   "SSL_CERT_FILE": str(fake.ca)}
    for kind in ("cpu", "disk", "network"):
        said = run("hcloud", "server", "metrics", "measured", "--type", kind, "--start", moment(time.time() - 1800),
                   env=environment, timeout=60).stdout
        assert "┤" in said and f"Metric: {kind}" in said, said
    got = json.loads(run("hcloud", "server", "metrics", "measured", "--type", "cpu", "--start", moment(time.time() - 1800),
                         "-o", "json", env=environment, timeout=60).stdout)
    assert got, got


def test_scrape_is_for_operators(fake, measured, operator):
    assert fake.anonymous().error("GET", "/metrics") == (401, "unauthorized")
    assert fake.api().error("GET", "/metrics") == (403, "forbidden")
    said = operator.request("GET", "/metrics")
    assert said.ok and said.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert f'ippo_server_cpu_seconds_total{{server="{measured["id"]}"}} ' in said.text
    assert "ippo_servers_running 1\n" in said.text and "ippo_host_up 1\n" in said.text
    beyond = operator.request("GET", "/metrics?page=2").text
    assert "ippo_host_up" not in beyond and "server=" not in beyond
    assert operator.error("GET", "/metrics?page=0") == (422, "invalid_input")


def test_prometheus_reads_it(fake, measured, operator, tmp_path):
    """Debian's Prometheus, with a token in a file, over TLS with our CA."""
    (tmp_path / "token").write_text(operator.session.headers["Authorization"].removeprefix("Bearer "))
    (tmp_path / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "ippo", "scheme": "https", "metrics_path": "/v1/metrics",
                            "authorization": {"credentials_file": str(tmp_path / "token")}, "tls_config": {"ca_file": str(fake.ca)},
                            "static_configs": [{"targets": [f"localhost:{fake.port}"]}]}]}))
    port = free_port()
    with open(tmp_path / "log", "w") as log:
        prometheus = subprocess.Popen(["prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
                                       f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

    def query(what):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={what}", timeout=5) as answer:
                return json.load(answer)["data"]["result"]
        except OSError:
            return []
    try:
        found = eventually(lambda: query("ippo_server_cpu_seconds_total"), 60, 0.5)
        assert found[0]["metric"]["server"] == str(measured["id"]) and float(found[0]["value"][1]) > 0
        assert query("up")[0]["value"][1] == "1"
        assert query("ippo_sweeps_total")[0]["metric"]["job"] == "ippo"
    finally:
        prometheus.terminate()
        prometheus.wait(20)


def test_metrics_process_has_no_power(fake, measured):
    """It is looked at while it is there, which it is for a second after a question."""
    ask(fake.api(), measured, "cpu")
    pid = fake.pid("metrics")
    assert pid, "it has not ended yet"
    os.kill(pid, signal.SIGSTOP)
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        files = {os.readlink(path) for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
        user = run("id", "-u", "ippo-metrics").stdout.strip()
        assert re.search(rf"^Uid:\t{user}\t{user}\t{user}\t{user}$", status, re.M)
        assert re.search(r"^CapEff:\t0+$", status, re.M) and re.search(r"^CapBnd:\t0+$", status, re.M)
        assert re.search(r"^NoNewPrivs:\t1$", status, re.M) and re.search(r"^Seccomp:\t2$", status, re.M)
        assert not [name for name in files if "/core/" in name or name.endswith((".db", ".key"))]
        assert (fake.state / "metrics").stat().st_mode & 0o777 == 0o700
    finally:
        os.kill(pid, signal.SIGCONT)
    eventually(lambda: fake.pid("metrics") is None, 10)


def test_nothing_is_lost_when_processes_die(fake, measured):
    """kill -9 of each, of ippo-metrics too while it writes; the samples that were there are there again, and more come."""
    api = fake.api()
    before = points(api, measured, "cpu")
    assert before
    for role in ("core", "host"):
        fake.kill(role)
        fake.wait_healthy()
        assert points(api, measured, "cpu")[:len(before)] == before
    for _ in range(5):
        asking = threading.Thread(target=fake.api("killer").request, args=("GET", f"/servers/{measured['id']}/metrics?type=cpu"
                                  f"&start={moment(time.time() - 3600)}&end={moment(time.time())}"))
        asking.start()
        pid = eventually(lambda: fake.pid("metrics"), 10, 0.001)
        os.kill(pid, signal.SIGKILL)
        asking.join()
        assert points(api, measured, "cpu")[:len(before)] == before
    # The whole service at once, with samples in the journal that no database has.
    eventually(lambda: (fake.state / "core/metrics.journal").stat().st_size > 0, 90, 0.2)
    fake.kill("ippod")
    fake.start()
    eventually(lambda: len(points(api, measured, "cpu")) > len(before), MINUTES, 2)
    after = points(api, measured, "cpu")
    assert after[:len(before)] == before
    assert all(later[0] - earlier[0] <= 180 for earlier, later in zip(after, after[1:])), after


def test_a_restarted_guest_makes_no_spike(fake, measured):
    api = fake.api()
    uuid = bytes.fromhex(fake.database("SELECT hex(uuid) FROM server WHERE id = ?", measured["id"])[0][0])
    busy = uuid[1] % 100 + 1
    api.act(measured, "poweroff")
    api.act(measured, "poweron")
    count = len(points(api, measured, "cpu"))
    eventually(lambda: len(points(api, measured, "cpu")) > count, MINUTES, 2)
    assert max(float(value) for _, value in points(api, measured, "cpu")) <= busy * 1.05


def test_deletion_and_backup(fake, measured, tmp_path):
    api = fake.api()
    gone = api.create_server("gone", start=True)
    eventually(lambda: ask(api, gone, "cpu") and gone["id"] in databases(fake), MINUTES, 2)
    # A file of nobody, as a crash between two instants would leave it: gone at the next start.
    stray = fake.state / "metrics/e7/999911.rrd"
    stray.parent.mkdir(exist_ok=True)
    shutil.copy(fake.state / f"metrics/{measured['id'] % 256:02x}/{measured['id']}.rrd", stray)
    for path in (stray.parent, stray):
        shutil.chown(path, "ippo-metrics", "ippo-metrics")
    api.delete_server(gone)
    eventually(lambda: gone["id"] not in databases(fake), 30)
    fake.restart()
    eventually(lambda: 999911 not in databases(fake), 60)
    before = points(api, measured, "cpu")
    fake.cli("backup", tmp_path / "saved")
    assert f"metrics/{measured['id'] % 256:02x}/{measured['id']}.rrd" in run("tar", "-tzf", tmp_path / "saved").stdout
    fake.stop()
    shutil.rmtree(fake.state / "metrics")
    for journal in (fake.state / "core").glob("metrics.journal*"):
        journal.unlink()
    fake.cli("restore", tmp_path / "saved", "--yes")
    fake.start()
    assert points(api, measured, "cpu")[:len(before)] == before
    assert (fake.state / "metrics").stat().st_uid == int(run("id", "-u", "ippo-metrics").stdout)
