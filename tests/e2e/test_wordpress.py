"""A server of the image wordpress, as it comes: its console says the password once, the site answers over TLS, the login works, strangers see
three ports, and a name gets a certificate.

The image is made when there is none of this month and of this recipe; one guest for all of it, in the order in which the tests stand here.
"""
import concurrent.futures
import json
import re
import shutil

import pytest
import requests

from console_client import open_console
from ippo_testing import BOOT_SECONDS, Key, address6_of, address_of, eventually, run
from test_first_step import scan

FINGERPRINT = re.compile(rb"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")
PASSWORD = re.compile(rb"Password / \S+  ([a-hj-km-np-z2-9-]{24})\r")


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """A key is an account's once; the other modules use theirs in the same account."""
    return Key(tmp_path_factory.mktemp("wordpress"))


class Site:
    def __init__(self, ippo, key):
        ippo.cli("image", "build", "wordpress", timeout=900)
        self.ippo, self.key, self.api = ippo, key, ippo.api()
        self.kept_key = self.api.post("/ssh_keys", {"name": "wordpress", "public_key": key.public})["ssh_key"]
        # A choice of one's own is added to what the image opens.
        self.made = self.api.create_server("site", server_type="1g", image="wordpress", ssh_keys=["wordpress"],
                                           first_step={"open_ports": ["8080/tcp"]})
        self.address, self.address6 = address_of(self.made), address6_of(self.made)
        self.api.act(self.made, "poweron")
        self.console = open_console(ippo, self.api, self.made, timeout=BOOT_SECONDS)

    def ssh(self, script, check=True):
        return self.key.ssh(self.address, script, check=check)

    def get(self, path, host=None, **options):
        with requests.Session() as session:
            session.trust_env = False
            return session.get(f"https://{host or self.address}{path}", verify=False, timeout=60, allow_redirects=False, **options)


@pytest.fixture(scope="module")
def site(ippo, key):
    site = Site(ippo, key)
    yield site
    site.api.delete_server(site.made)
    site.api.delete(f"/ssh_keys/{site.kept_key['id']}")
    ippo.cli("image", "delete", "wordpress", "--yes")


@pytest.fixture(scope="module")
def password(site):
    """Read on the console, where it is said."""
    site.console.until(lambda: PASSWORD.search(site.console.output))
    return PASSWORD.search(site.console.output)[1].decode()


def test_the_console_says_the_password_once(site, password):
    said = site.console.output.decode(errors="replace")
    assert said.count(password) == 1 and f"https://{site.address}/wp-login.php" in said
    site.key.wait_ssh(site.address)
    eventually(lambda: site.api.server(site.made)["ippo"]["first_boot_done"], BOOT_SECONDS, 1)
    # In no file and in no log of the server's; the database has its hash.
    # By a pipe: sudo writes its command to the log.
    site.ssh(f"! printf %s '{password}' | sudo grep -rqsF -f - /etc /var/lib/wordpress /var/lib/wordpress-server /var/lib/mysql /var/log /run/log /root /tmp")
    assert site.ssh("! sudo journalctl --no-pager | grep -qF -- '%s'" % password).returncode == 0
    assert site.ssh("sudo systemctl --failed --plain --no-legend").stdout == ""


def test_the_site_answers(site, password):
    eventually(lambda: site.get("/").status_code == 200, 60, 1)
    page = site.get("/")
    assert "wp-content" in page.text and "wordpress" in page.text.lower()
    # Without a name the certificate is the server's own, and the page in front says so, with the fingerprint of the console.
    plain = requests.get(f"http://{site.address}/", timeout=60, allow_redirects=False)
    plain.encoding = "utf-8"  # as the page itself says
    assert plain.status_code == 200 and "自己署名" in plain.text and f'href="https://{site.address}/"' in plain.text
    site.console.until(lambda: FINGERPRINT.search(site.console.output))
    shown = FINGERPRINT.search(site.console.output)[0].decode()
    served = run("sh", "-c", f"openssl s_client -connect {site.address}:443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256").stdout
    assert shown in plain.text and shown in served
    for path, status in (("/xmlrpc.php", 403), ("/wp-admin/install.php", 403), ("/wp-config.php", 200), ("/.git/config", 403),
                         ("/wp-json/wp/v2/users", 404), ("/wp-content/mu-plugins/wordpress-server.php", 403)):
        answer = site.get(path)
        assert answer.status_code == status and "DB_USER" not in answer.text, (path, answer.status_code, answer.text)


def login(site, password, host=None):
    with requests.Session() as session:
        session.trust_env, session.verify = False, False
        base = f"https://{host or site.address}"
        session.get(f"{base}/wp-login.php", timeout=60)
        session.post(f"{base}/wp-login.php", data={"log": "admin", "pwd": password, "wp-submit": "Log In", "testcookie": "1"}, timeout=60,
                     allow_redirects=False)
        return session.get(f"{base}/wp-admin/profile.php", timeout=120, allow_redirects=False)


def test_the_password_logs_in_and_no_other(site, password):
    inside = login(site, password)
    assert inside.status_code == 200 and "wp-admin-bar" in inside.text
    assert login(site, password[:-1] + "_").status_code == 302
    # Whoever guesses is told to wait.
    answers = [site.get("/wp-login.php").status_code for _ in range(20)]
    assert answers.count(429) >= 5


def test_it_is_safe(site):
    found = {item["id"]: item for item in json.loads(site.ssh("sudo firststep check --json", check=False).stdout)["items"]}
    # There is no time server in this test's world.
    assert {name: (item["verdict"], item["reason"]) for name, item in found.items() if item["verdict"] != "pass"}.keys() <= {"time"}, found
    listening = site.ssh("sudo ss -Hltn | awk '{ print $4 }'").stdout.split()
    assert not [where for where in listening if where.endswith(":3306")] and site.ssh("sudo test -S /run/mysqld/mysqld.sock").returncode == 0
    # The web server's user has the site's database and nothing else of it.
    assert site.ssh("sudo -u www-data mariadb -e 'SELECT * FROM mysql.user'", check=False).returncode != 0
    assert site.ssh("sudo mariadb -BN wordpress -e 'SELECT COUNT(*) FROM wp_users'").stdout == "1\n"


def test_strangers_see_three_ports(site):
    site.ssh("nohup python3 -m http.server --bind :: 8081 >/dev/null 2>&1 & sleep 1")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda words: scan(*words), ((site.address,), (site.address6, "-6"))))
    site.ssh("pkill -f http.server", check=False)
    # 8080 was chosen for this server: open, and nothing listens there.
    assert both == [{"22": "open", "80": "open", "443": "open", "8080": "closed"}] * 2


def test_a_new_password_ends_the_old_one(site, password):
    said = site.ssh("sudo wordpress-server password").stdout
    new = re.search(r"Password.* ([a-z2-9-]{24})\n", said)[1]
    eventually(lambda: site.get("/wp-login.php").status_code == 200, 90, 5)
    assert site.ssh("sudo wordpress-server name 'no name'", check=False).returncode == 1
    assert "leads to nowhere" in site.ssh("sudo wordpress-server name --yes www.example.test", check=False).stderr
    assert login(site, new).status_code == 200


NAME = "www.example.test"
PEBBLE = {"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000", "certificate": "/root/pebble.pem",
                     "privateKey": "/root/pebble.key", "httpPort": 80, "tlsPort": 443}}


def test_a_name_gets_a_certificate(site):
    """Of Pebble, which asks as Let's Encrypt does; it runs in the guest, as a guest reaches nothing else here."""
    with open(shutil.which("pebble"), "rb") as program:
        run(*site.key.command(site.address, "sudo tee /root/pebble >/dev/null"), stdin=program)
    site.ssh(f"""sudo sh -ec '
        chmod 755 /root/pebble
        echo "{site.address} {NAME}" >>/etc/hosts
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \\
            -keyout /root/pebble.key -out /root/pebble.pem 2>/dev/null
        cp /root/pebble.pem /usr/local/share/ca-certificates/pebble.crt
        update-ca-certificates >/dev/null 2>&1
        echo acme_url = https://localhost:14000/dir >>/etc/wordpress-server.conf
        cat >/root/pebble.json
        systemd-run --quiet --unit pebble -E PEBBLE_VA_NOSLEEP=1 /root/pebble -config /root/pebble.json' <<'END'
{json.dumps(PEBBLE)}
END""")
    eventually(lambda: site.ssh("curl -s -o /dev/null https://localhost:14000/dir", check=False).returncode == 0, 60, 1)
    said = site.ssh(f"sudo wordpress-server name {NAME} --yes", check=False)
    assert (said.returncode, said.stdout.splitlines()[-1:]) == (0, [f"https://{NAME}/"]), said

    def is_served():
        # The web server takes a new certificate up without a stop: a moment later.
        issuer = run("sh", "-c", f"openssl s_client -connect {site.address}:443 -servername {NAME} </dev/null 2>/dev/null | "
                                 "openssl x509 -noout -issuer -ext subjectAltName").stdout
        return "Pebble" in issuer and f"DNS:{NAME}" in issuer
    eventually(is_served, 60, 1)
    plain = requests.get(f"http://{site.address}/hello", timeout=60, allow_redirects=False)
    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://{NAME}/hello")
    # PHP looks every two seconds whether a file has changed. By its address the site is the same, and leads to the name.
    eventually(lambda: f"https://{NAME}/" in site.get("/").text, 30, 1)
    assert site.get("/", headers={"Host": NAME}).status_code == 200
    assert site.ssh("sudo systemctl start wordpress-server-renew && systemctl is-enabled wordpress-server-renew.timer").stdout == "enabled\n"
    assert f"https://{NAME}" in site.ssh("sudo wordpress-server status").stdout
    assert not site.ssh("sudo ls /var/lib/wordpress-server/acme/.well-known/acme-challenge").stdout
