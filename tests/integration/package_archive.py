"""An apt archive on this machine, of lists alone: nothing is ever installed from it."""
import functools
import hashlib
import http.server
import threading


class Archive:
    """Serves the pockets of a release below a folder. Unsigned; `sources` says that it is trusted all the same."""

    def __init__(self, folder, codename="bookworm"):
        self.root = folder / "archive"
        self.codename = codename
        self.sources = folder / "sources.list"
        self.server = None
        self.start()
        self.port = self.server.server_address[1]
        self.trust(True)
        self.publish(main={}, security={})

    def trust(self, trusted):
        option = "[trusted=yes] " if trusted else ""
        self.sources.write_text("".join(f"deb {option}http://127.0.0.1:{self.port}/ {suite} main\n" for suite in (self.codename, f"{self.codename}-security")))

    def publish(self, main=None, security=None):
        """Packages by name: a version, or a dict of more fields of deb-control(5)."""
        for suite, label, packages in ((self.codename, "Debian", main), (f"{self.codename}-security", "Debian-Security", security)):
            if packages is None:
                continue
            text = ""
            for name, fields in packages.items():
                fields = {"Version": fields} if isinstance(fields, str) else fields
                whole = {"Package": name, "Architecture": "amd64", "Maintainer": "Nobody <nobody@example.org>", "Installed-Size": "1",
                         "Filename": f"pool/{name}.deb", "Size": "1", "SHA256": "0" * 64, **fields}
                text += "".join(f"{key}: {value}\n" for key, value in whole.items()) + "\n"
            lists = self.root / "dists" / suite / "main" / "binary-amd64"
            lists.mkdir(parents=True, exist_ok=True)
            (lists / "Packages").write_text(text)
            (self.root / "dists" / suite / "Release").write_text(
                f"Origin: Debian\nLabel: {label}\nSuite: {suite.replace(self.codename, 'stable')}\nCodename: {suite}\nDate: Fri, 27 Nov 2026 10:00:00 UTC\n"
                f"Architectures: amd64\nComponents: main\nSHA256:\n {hashlib.sha256(text.encode()).hexdigest()} {len(text)} main/binary-amd64/Packages\n")

    def start(self):
        self.root.mkdir(exist_ok=True)

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *words):
                pass

            # What is published twice within a second would be unchanged to HTTP, whose dates count seconds.
            def send_head(self):
                del self.headers["If-Modified-Since"]
                return super().send_head()

        address = ("127.0.0.1", getattr(self, "port", 0))
        self.server = http.server.ThreadingHTTPServer(address, functools.partial(Quiet, directory=str(self.root)))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def package_list(packages, codename="bookworm", built="2026-11-20T10:00:00Z"):
    """What a recipe tells, see src/wire/package_list.h."""
    return f"Built: {built}\nCodename: {codename}\n\n" + "\n".join(
        f"Package: {name}\nStatus: install ok installed\nInstalled-Size: 1\nArchitecture: amd64\nVersion: {version}\n" for name, version in packages.items())
