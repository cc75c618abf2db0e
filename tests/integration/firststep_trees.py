"""File trees of other systems in their real layouts, for firststep --root."""
import os
import pathlib

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH7e0WEGFMTSdyfUwi2rdAWtMwkSWk5dEcfzwHcCvSLW test\n"

DEBIAN_NFT = """#!/usr/sbin/nft -f

flush ruleset

table inet filter {
\tchain input {
\t\ttype filter hook input priority filter;
\t}
\tchain forward {
\t\ttype filter hook forward priority filter;
\t}
\tchain output {
\t\ttype filter hook output priority filter;
\t}
}
"""

DEBIAN_SSHD = """# This is the sshd server system-wide configuration file.
Include /etc/ssh/sshd_config.d/*.conf

#Port 22
#PermitRootLogin prohibit-password
#PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM yes
X11Forwarding yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem\tsftp\t/usr/lib/openssh/sftp-server
"""

SUDOERS = "Defaults\tenv_reset\nroot\tALL=(ALL:ALL) ALL\n%{group}\tALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n"

RHEL_CRYPTO = """Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-gcm@openssh.com,aes128-ctr
MACs hmac-sha2-256-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-512-etm@openssh.com
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384
HostKeyAlgorithms ecdsa-sha2-nistp256,ssh-ed25519,rsa-sha2-256,rsa-sha2-512
"""

PUBLIC_ZONE = """<?xml version="1.0" encoding="utf-8"?>
<zone>
  <short>Public</short>
  <description>For use in public areas.</description>
  <service name="ssh"/>
  <service name="dhcpv6-client"/>
  <service name="cockpit"/>
  <forward/>
</zone>
"""


class Tree:
    """A system's files below a folder, with what both families have."""

    def __init__(self, root: pathlib.Path, release: str, group: str):
        self.root = root
        root.chmod(0o755)
        self.write("/etc/os-release", release)
        self.write("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
                   "aya:x:1000:1000:Aya:/home/aya:/bin/bash\n")
        self.write("/etc/shadow", "root:*:20000:0:99999:7:::\ndaemon:*:20000:0:99999:7:::\naya:!:20000:0:99999:7:::\n", 0o640)
        self.write("/etc/group", f"root:x:0:\n{group}:x:27:\naya:x:1000:\n")
        self.write("/etc/sudoers", SUDOERS.format(group=group), 0o440)
        self.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444)
        self.write("/etc/ssh/ssh_host_ed25519_key", "not read\n", 0o600)
        self.write("/etc/ssh/ssh_host_ed25519_key.pub", KEY)
        self.group = group
        for folder in ("root", "home/aya"):
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder).chmod(0o700)
        os.chown(root / "home/aya", 1000, 1000)

    def at(self, path):
        return self.root / path.lstrip("/")

    def write(self, path, text, mode=0o644):
        full = self.at(path)
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_text(text) if isinstance(text, str) else full.write_bytes(text)
        full.chmod(mode)

    def link(self, path, target):
        full = self.at(path)
        full.parent.mkdir(parents=True, exist_ok=True)
        full.symlink_to(target)

    def enable(self, unit, target="multi-user"):
        self.link(f"/etc/systemd/system/{target}.target.wants/{unit}", f"/usr/lib/systemd/system/{unit}")

    def add_owner(self):
        """What the image or cloud-init does: an ordinary user with sudo and a key."""
        self.write("/etc/group", self.at("/etc/group").read_text().replace(f"{self.group}:x:27:", f"{self.group}:x:27:aya"))
        folder = self.at("/home/aya/.ssh")
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        self.write("/home/aya/.ssh/authorized_keys", KEY, 0o600)
        for path in (folder, folder / "authorized_keys"):
            os.chown(path, 1000, 1000)


def debian_12(root):
    tree = Tree(root, 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n', "sudo")
    tree.write("/etc/ssh/sshd_config", DEBIAN_SSHD)
    tree.write("/usr/lib/systemd/system/nftables.service", "[Unit]\n")
    tree.write("/usr/lib/systemd/system/systemd-timesyncd.service", "[Unit]\n")
    tree.write("/etc/nftables.conf", DEBIAN_NFT, 0o755)
    tree.write("/etc/apt/apt.conf.d/01autoremove", "APT {};\n")
    tree.write("/usr/bin/unattended-upgrade", "#!/usr/bin/python3\n", 0o755)
    tree.write("/etc/systemd/journald.conf", "[Journal]\n#Storage=auto\n")
    return tree


def ubuntu_24_04(root):
    tree = Tree(root, 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', "sudo")
    tree.write("/etc/ssh/sshd_config", DEBIAN_SSHD)
    tree.write("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication yes\n", 0o600)
    tree.write("/usr/lib/systemd/system/ssh.socket", "[Unit]\nDescription=OpenBSD Secure Shell server socket\n\n[Socket]\n"
               "ListenStream=0.0.0.0:22\nListenStream=[::]:22\nBindIPv6Only=ipv6-only\nAccept=no\n")
    tree.write("/usr/lib/systemd/system-generators/sshd-socket-generator", "ELF", 0o755)
    tree.enable("ssh.socket", "sockets")
    tree.write("/usr/lib/systemd/system/nftables.service", "[Unit]\n")
    tree.write("/etc/nftables.conf", DEBIAN_NFT, 0o755)
    tree.write("/etc/apt/apt.conf.d/20auto-upgrades",
               'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n')
    tree.write("/usr/bin/unattended-upgrade", "#!/usr/bin/python3\n", 0o755)
    tree.write("/etc/systemd/journald.conf", "[Journal]\n#Storage=auto\n")
    tree.at("/var/log/journal").mkdir(parents=True)
    tree.write("/usr/lib/systemd/system/systemd-timesyncd.service", "[Unit]\n")
    tree.enable("systemd-timesyncd.service", "sysinit")
    return tree


def rocky_9(root):
    tree = Tree(root, 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nPRETTY_NAME="Rocky Linux 9.4 (Blue Onyx)"\n',
                "wheel")
    tree.write("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nAuthorizedKeysFile\t.ssh/authorized_keys\n"
               "Subsystem\tsftp\t/usr/libexec/openssh/sftp-server\n", 0o600)
    tree.write("/etc/ssh/sshd_config.d/50-redhat.conf", "Include /etc/crypto-policies/back-ends/opensshserver.config\n"
               "SyslogFacility AUTHPRIV\nChallengeResponseAuthentication no\nGSSAPIAuthentication yes\nUsePAM yes\n", 0o600)
    tree.write("/usr/share/crypto-policies/DEFAULT/opensshserver.txt", RHEL_CRYPTO)
    tree.link("/etc/crypto-policies/back-ends/opensshserver.config", "/usr/share/crypto-policies/DEFAULT/opensshserver.txt")
    tree.write("/etc/crypto-policies/config", "# a comment\nDEFAULT\n")
    tree.write("/etc/firewalld/firewalld.conf", "# firewalld config file\nDefaultZone=public\nFirewallBackend=nftables\n")
    tree.write("/usr/lib/firewalld/zones/public.xml", PUBLIC_ZONE)
    for name, ports in (("ssh", [("tcp", 22)]), ("dhcpv6-client", [("udp", 546)]), ("cockpit", [("tcp", 9090)])):
        tree.write(f"/usr/lib/firewalld/services/{name}.xml", "<service>\n" + "".join(
            f'  <port protocol="{protocol}" port="{port}"/>\n' for protocol, port in ports) + "</service>\n")
    tree.enable("firewalld.service")
    tree.write("/etc/dnf/automatic.conf", "[commands]\nupgrade_type = default\ndownload_updates = yes\napply_updates = no\n")
    tree.write("/usr/lib/systemd/system/dnf-automatic.timer", "[Timer]\n")
    tree.write("/etc/systemd/journald.conf", "[Journal]\n#Storage=auto\n")
    tree.write("/usr/lib/systemd/system/chronyd.service", "[Unit]\n")
    tree.enable("chronyd.service")
    return tree


FAMILIES = {"debian-12": debian_12, "ubuntu-24.04": ubuntu_24_04, "rocky-9": rocky_9}
