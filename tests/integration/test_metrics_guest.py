"""Measurements of a real guest: what was done inside of it is seen from outside."""
import time

from ippo_testing import IppoInstance, Key, address_of, eventually, start_libvirt, tiny_image
from measurements import HETZNER, MINUTES, ask, databases, points


def test_real_guest(tmp_path):
    """A real guest that is idle, then busy: seen from outside in all of its numbers."""
    start_libvirt()
    ippo = IppoInstance("libvirt")
    try:
        ippo.start()
        ippo.import_image("tiny", tiny_image())
        ippo.cli("plan", "create", "tiny", "--cores", "1", "--memory", "256", "--disk", "1", "--monthly", "1")
        api, key = ippo.api(), Key(tmp_path)
        api.post("/ssh_keys", {"name": "k", "public_key": key.public})
        server = api.create_server("busy", server_type="tiny", ssh_keys=["k"], start=True)
        key.wait_ssh(address_of(server))
        eventually(lambda: points(api, server, "cpu"), MINUTES, 3)
        begin = time.time()
        before = float(eventually(lambda: points(api, server, "disk.0.used"), MINUTES, 3)[-1][1])
        key.ssh(address_of(server), "dd if=/dev/zero of=/dev/vda bs=1M seek=512 count=16 conv=notrunc,fsync && "
                "dd if=/dev/vda of=/dev/null bs=1M skip=100 count=32; (while :; do :; done) >/dev/null 2>&1 & "
                "(while :; do dd if=/dev/zero of=/dev/vda bs=1M seek=512 count=16 conv=notrunc,fsync; "
                "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vda of=/dev/null bs=1M skip=100 count=32; sleep 5; done) >/dev/null 2>&1 &")

        def busy():
            return [value for seconds, value in points(api, server, "cpu") if seconds > begin + 60 and float(value) > 40]
        eventually(busy, 2 * MINUTES, 3)
        found = ask(api, server)["time_series"]
        assert all(float(value) < 150 for _, value in found["cpu"]["values"]), found["cpu"]
        for name in HETZNER | {"memory.used", "disk.0.used"}:
            eventually(lambda: any(float(value) > 0 for _, value in ask(api, server)["time_series"][name]["values"]), 2 * MINUTES, 3)
        found = ask(api, server)["time_series"]
        assert 8 << 20 < float(found["memory.used"]["values"][-1][1]) < 2 << 30
        assert 15 << 20 < float(found["disk.0.used"]["values"][-1][1]) - before < 64 << 20
        api.delete_server(server)
        eventually(lambda: not databases(ippo), 30)
    finally:
        ippo.close()
