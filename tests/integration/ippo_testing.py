"""An Ippo of its own for a test: settings, state, name, port and addresses that nobody else has.

Everything is done through what users have too: the API over TLS, the CLI, signals, and looking at what
libvirt, the kernel and the disk really hold.
"""
import contextlib
import email
import email.policy
import fcntl
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("IPPO_BUILD", ROOT / "build")).resolve()
LOCKS = pathlib.Path("/run/ippo-tests")
ROLES = ("web", "core", "host")

# Emulation on a shared machine: patience is for the worst day, not the usual one.
BOOT_SECONDS = 300


class Failed(AssertionError):
    """An answer that was not the expected one."""


def patience(seconds):
    """A machine with much to do is no failure: what is no deadline of the service, but only a test's, is stretched."""
    return max(seconds, min(3 * seconds, 180)) if seconds >= 10 else seconds


def eventually(what, seconds=30, every=0.05):
    """Calls what() until it is truthy and returns that. Less than ten seconds are meant as they stand."""
    seconds = patience(seconds)
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {getattr(what, '__doc__', None) or what}")
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*command, check=True, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if check and done.returncode:
        raise Failed(f"{' '.join(str(word) for word in command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def start_libvirt():
    run(ROOT / "setup/libvirt", "start", env={**os.environ, "IPPO_BUILD": str(BUILD)})


def libvirtd_pid():
    """The libvirtd that answers on qemu:///system."""
    for path in ("/run/ippo-libvirt/libvirtd.pid", "/run/libvirtd.pid", "/run/libvirt/libvirtd.pid"):
        try:
            pid = int(pathlib.Path(path).read_text())
            if pathlib.Path(f"/proc/{pid}/comm").read_text().strip() == "libvirtd":
                return pid
        except (OSError, ValueError):
            continue
    raise Failed("no libvirtd runs")


def kill_libvirt():
    """kill -9, and until it has gone; guests go on. Whoever calls it starts it again."""
    pid = libvirtd_pid()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not os.path.exists(f"/proc/{pid}/exe"), 10)  # a zombie has none


def tiny_image():
    """The path of the tests' guest image; made when it is not there."""
    return pathlib.Path(run(ROOT / "images/tiny/build").stdout.strip())


def debian_image():
    return pathlib.Path(run(ROOT / "setup/image", env={**os.environ, "IPPO_BUILD": str(BUILD)}).stdout.strip())


def sha256(path):
    return "sha256:" + run("sha256sum", path).stdout.split()[0]


class Api:
    """One principal over TLS."""

    def __init__(self, url, ca, token=None):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(ca)
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def request(self, method, path, body=None, **options):
        if body is not None:
            options["json"] = body
        return self.session.request(method, f"{self.url}/v1{path}", timeout=60, **options)

    def call(self, method, path, body=None, status=None, **options):
        """The answer's JSON; fails unless the status is 2xx, or the given one."""
        answer = self.request(method, path, body, **options)
        good = answer.status_code == status if status else answer.ok
        if not good:
            raise Failed(f"{method} {path} {body}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def put(self, path, body=None, **options):
        return self.call("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def error(self, method, path, body=None, **options):
        """The (status, code) of a request that must be refused; the message must say something."""
        answer = self.request(method, path, body, **options)
        if answer.ok:
            raise Failed(f"{method} {path} {body} was not refused: {answer.text}")
        error = answer.json()["error"]
        assert error["message"] and "details" in error, error
        return answer.status_code, error["code"]

    def wait(self, action, success=True, seconds=BOOT_SECONDS):
        """The finished action; fails when it did not end as expected."""
        def finished():
            found = self.get(f"/actions/{action['id']}")["action"]
            return found if found["status"] != "running" else None
        finished.__doc__ = f"end of {action['command']}"
        found = eventually(finished, seconds, 0.1)
        if success is not None and (found["status"] == "success") != success:
            raise Failed(f"{found['command']} ended in {found['status']}: {found['error']}")
        return found

    def every(self, path, key):
        """All pages of a list."""
        found, page = [], 1
        while page:
            answer = self.get(f"{path}{'&' if '?' in path else '?'}page={page}&per_page=50")
            found += answer[key]
            page = answer["meta"]["pagination"]["next_page"]
        return found

    def create_server(self, name, start=False, wait=True, **fields):
        body = {"name": name, "server_type": "1g", "image": "tiny", "start_after_create": start, **fields}
        answer = self.post("/servers", body)
        if wait:
            for action in [answer["action"], *answer["next_actions"]]:
                self.wait(action)
        return self.get(f"/servers/{answer['server']['id']}")["server"] if wait else answer

    def act(self, server, verb, body=None, **options):
        return self.wait(self.post(f"/servers/{server['id']}/actions/{verb}", body)["action"], **options)

    def server(self, server):
        return self.get(f"/servers/{server['id']}")["server"]

    def wait_status(self, server, status, seconds=30):
        def reached():
            return self.server(server)["status"] == status
        reached.__doc__ = f"{server['name']} is {status}"
        eventually(reached, seconds)

    def delete_server(self, server):
        return self.wait(self.delete(f"/servers/{server['id']}")["action"])


class IppoInstance:
    def __init__(self, driver="fake", settings=None):
        self.name = "t" + secrets.token_hex(2)
        # libvirt's QEMU must be able to walk to disks, so not below a folder that is private.
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"ippo-{self.name}-", dir="/var/tmp"))
        self.dir.chmod(0o711)
        self.state = self.dir / "state"
        self.run_dir = self.dir / "run"
        self.config = self.dir / "ippo.conf"
        self.log = self.dir / "ippod.log"
        self.port = free_port()
        self.url = f"https://localhost:{self.port}"
        self.driver = driver
        self.pool_lock, number = self._claim_pool()
        self.pool = f"10.78.{number}.0/24"
        self.pool6 = f"fd78:{secrets.token_hex(2)}:{secrets.token_hex(2)}::/48"
        sections = {
            "ippo": {"instance": self.name, "state_dir": self.state, "run_dir": self.run_dir, "program_dir": BUILD},
            "web": {"listen": f"127.0.0.1:{self.port}", "url": self.url, "panel_dir": BUILD / "panel"},
            "core": {"rate_limit": 0, "pool_ipv4": self.pool, "pool_ipv6": self.pool6},
            "host": {"driver": driver, "emulation": "yes"},
            # A name server only where a test wants one: see name_server.py.
            # Nobody is asked about names elsewhere.
            "dns": {"listen": "", "resolver": "127.0.0.1:1"},
            # Mails go nowhere but into a folder, unless a test says where.
            "post": {} if "post" in (settings or {}) else {"mail_drop": self.dir / "mail", "sender": "ippo@localhost"},
        }
        for section, values in (settings or {}).items():
            sections.setdefault(section, {}).update(values)
        self.config.write_text("".join(
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
            for section, values in sections.items()))
        self.process = None
        self.tokens = {}

    @staticmethod
    def _claim_pool():
        LOCKS.mkdir(exist_ok=True)
        for number in range(1, 255):
            lock = open(LOCKS / f"pool-{number}", "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock, number
            except BlockingIOError:
                lock.close()
        raise Failed("no free pool: other tests hold all 254")

    # life

    def start(self, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BUILD / "ippod", "--config", self.config, "--foreground"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            self.wait_healthy()
        return self

    def with_image(self):
        """Started, with an image whose disk holds nothing."""
        self.start()
        disk = self.dir / "disk.raw"
        disk.write_bytes(bytes(1 << 20))
        self.import_image("tiny", disk)
        return self

    def wait_healthy(self, seconds=60):
        def healthy():
            if self.process.poll() is not None:
                raise Failed(f"ippod ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
            try:
                return self.anonymous().get("/health")["health"]["status"] == "ok" and self._host_up()
            except (requests.RequestException, Failed, OSError, ValueError):
                return False
        healthy.__doc__ = f"the service is healthy; log:\n{self.log.read_text()[-2000:] if self.log.exists() else ''}"
        eventually(healthy, seconds)

    def _host_up(self):
        return self.cli("health", "--json", check=False).returncode == 0

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.process = None

    def restart(self):
        self.stop()
        return self.start()

    def pid(self, role):
        """The pid of ippod, or of the child of that role; None when there is none just now."""
        if role == "ippod":
            return self.process.pid
        for pid in self._children(self.process.pid):
            if self._comm(pid) == f"ippo-{role}":
                return pid
        return None

    @staticmethod
    def _children(pid):
        try:
            return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []

    @staticmethod
    def _comm(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            return None

    def kill(self, role):
        """kill -9, and for children: until ippod has started another."""
        pid = eventually(lambda: self.pid(role))
        os.kill(pid, signal.SIGKILL)
        if role == "ippod":
            self.process.wait(10)
            self.process = None
        else:
            eventually(lambda: self.pid(role) not in (None, pid))

    def close(self):
        """Ends it and takes away whatever it left on the machine."""
        self.stop()
        if self.driver == "libvirt":
            for domain in self.domains():
                run("virsh", "-q", "-c", "qemu:///system", "destroy", domain, check=False)
                run("virsh", "-q", "-c", "qemu:///system", "undefine", domain, check=False)
            for family in ("inet", "netdev", "bridge"):
                run("nft", "delete", "table", family, f"ippo_{self.name}", check=False)
            run("nft", "delete", "table", "inet", f"traffic_{self.name}", check=False)
            for tap in self.taps() + self.segments():
                run("ip", "link", "del", tap, check=False)
        self.pool_lock.close()
        if not os.environ.get("IPPO_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    # asking

    @property
    def ca(self):
        return self.state / "ca/ca.pem"

    def anonymous(self):
        return Api(self.url, self.ca)

    def token(self, name="test", *options):
        if name not in self.tokens:
            self.tokens[name] = self.cli("token", "create", name, *options).stdout.strip()
        return self.tokens[name]

    def api(self, name="test", *options):
        return Api(self.url, self.ca, self.token(name, *options))

    def fail_a_mail(self):
        """The number of one that its receiver has refused."""
        with contextlib.closing(sqlite3.connect(self.state / "core/ippo.db", timeout=30)) as database, database:
            return database.execute("INSERT INTO outbox(kind, recipient, subject, body, created_ms, next_ms, state, changed_ms, error) "
                                    "VALUES (1, 'gone@example.com', 'Hello', 'text', 1, 1, 3, ?, 'no such mailbox')",
                                    (int(time.time() * 1000),)).lastrowid

    def close_edge(self, server):
        """As a server begins where there is a probe."""
        with contextlib.closing(sqlite3.connect(self.state / "core/ippo.db", timeout=30)) as database, database:
            database.execute("UPDATE server SET inbound = 1 WHERE id = ?", (server["id"],))

    def mails(self, address, count=1):
        """The texts of the mails to an address, the oldest first, as soon as there are so many."""
        def there():
            found = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                     for path in sorted((self.dir / "mail").glob("*.eml"), key=lambda path: int(path.stem.split("-")[1]))]
            found = [mail.get_content() for mail in found if mail["To"].addresses[0].addr_spec == address]
            return found if len(found) >= count else None
        return eventually(there, 20, 0.1)

    def cli(self, *words, check=True, **options):
        return run(BUILD / "ippo", "--config", self.config, *words, check=check, **{"timeout": BOOT_SECONDS, **options})

    def cli_json(self, *words):
        return json.loads(self.cli(*words, "--json").stdout)

    def import_image(self, name, path, **options):
        self.cli("image", "import", name, "--file", path, "--checksum", sha256(path), **options)

    def database(self, query, *values):
        """What the database holds, read from a copy as a backup would."""
        # Closed at once: one that outlives core's would go on with a log that is no more.
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/core/ippo.db?mode=ro", uri=True, timeout=10)) as database:
            return database.execute(query, values).fetchall()

    # what the machine really holds

    def domains(self):
        listed = run("virsh", "-q", "-c", "qemu:///system", "list", "--all", "--name").stdout.split()
        return sorted(name for name in listed if name.startswith(f"{self.name}-"))

    def taps(self):
        links = json.loads(run("ip", "-j", "link").stdout or "[]")
        return sorted(link["ifname"] for link in links if link["ifname"].startswith(f"{self.name}-"))

    def segments(self):
        """Ports and bridges of private networks."""
        links = json.loads(run("ip", "-j", "link").stdout or "[]")
        return sorted(link["ifname"] for link in links if link["ifname"].startswith((f"{self.name}.", f"{self.name}_")))

    def files(self, kind):
        folder = self.state / "host" / kind
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    def rules(self):
        return run("nft", "list", "table", "inet", f"ippo_{self.name}", check=False).stdout

    def lasting_rules(self):
        """Without what the kernel itself keeps for a while of who sent what, and forgets."""
        return re.sub(r"\tset (spoofing|flows|crowds) \{.*?\n\t\}", "", self.rules(), flags=re.DOTALL)

    def qemu_pid(self, server):
        """The process of a server's guest."""
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = path.read_bytes()
            except OSError:
                continue
            if command.startswith(b"/usr/bin/qemu-system") and re.search(
                    rb"guest=%s-%d[,\0]" % (self.name.encode(), server["id"]), command):
                return int(path.parent.name)
        return None

    def leftovers(self):
        """Everything of any server on this machine, by kind."""
        return {
            "domains": self.domains() if self.driver == "libvirt" else [],
            "taps": self.taps() + self.segments() if self.driver == "libvirt" else [],
            "volumes": self.files("volumes"),
            "seeds": self.files("seeds"),
            "addresses": self.database("SELECT ip FROM address"),
            "rules": sorted(set(re.findall(rf'"({self.name}-[0-9a-f]+)"', self.lasting_rules()))) if self.driver == "libvirt" else [],
        }


class Key:
    """An SSH key pair, and ssh with it. A guest in emulation may need long for its part of a handshake; whoever expects a
    silence gives a ConnectTimeout of their own."""

    def __init__(self, folder):
        self.path = pathlib.Path(folder) / "id_ed25519"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", self.path)
        self.public = self.path.with_suffix(".pub").read_text().strip()

    def command(self, address, *words, user="debian", options=()):
        # Of an option that is there twice, ssh takes the first.
        return ["ssh", *options, "-i", str(self.path), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=60",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                f"{user}@{address}", *words]

    def ssh(self, address, *words, check=True, **options):
        return run(*self.command(address, *words, **options), check=check, timeout=120)

    def wait_ssh(self, address, seconds=BOOT_SECONDS, options=(), **more):
        def answers():
            try:
                return self.ssh(address, "true", check=False, options=("-o", "ConnectTimeout=10", *options), **more).returncode == 0
            except subprocess.TimeoutExpired:
                return False
        answers.__doc__ = f"SSH answers on {address}"
        eventually(answers, seconds, 0.5)


def address_of(server):
    return server["public_net"]["ipv4"]["ip"]


def address6_of(server):
    return server["public_net"]["ipv6"]["ip"].replace("::/64", "::1")
