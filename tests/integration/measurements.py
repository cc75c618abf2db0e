"""What the service says it has measured of a server."""
import time

ALL = "cpu,disk,network,memory,disk_use"
HETZNER = {"cpu", "disk.0.iops.read", "disk.0.iops.write", "disk.0.bandwidth.read", "disk.0.bandwidth.write", "network.0.pps.in",
           "network.0.pps.out", "network.0.bandwidth.in", "network.0.bandwidth.out"}
MINUTES = 200  # seconds within which two samples have been taken, on the worst day


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def ask(api, server, types=ALL, back=3600, more=""):
    now = time.time()
    return api.get(f"/servers/{server['id']}/metrics?type={types}&start={moment(now - back)}&end={moment(now)}{more}")["metrics"]


def points(api, server, name, types=ALL, **options):
    return ask(api, server, types, **options)["time_series"][name]["values"]


def databases(ippo):
    return sorted(int(path.stem) for path in (ippo.state / "metrics").glob("*/*.rrd"))
