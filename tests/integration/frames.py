"""Frames of Ethernet with what a test wants to put in them: addresses, checksums that are right, and a mark."""
import ipaddress
import socket
import struct

IPV4, ARP, IPV6 = 0x0800, 0x0806, 0x86dd
ICMP, TCP, UDP, ICMPV6 = 1, 6, 17, 58


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def checksum(data):
    """Of the internet, RFC 1071."""
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ether(source, target, kind, payload):
    return target + source + struct.pack(">H", kind) + payload


def ip(source, target, protocol, payload, fragment=0, hops=64):
    """A packet of the family of its addresses. @fragment: IPv4's flags and offset."""
    source, target = ipaddress.ip_address(source), ipaddress.ip_address(target)
    if source.version == 6:
        return struct.pack(">IHBB", 6 << 28, len(payload), protocol, hops) + source.packed + target.packed + payload
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0x1bb0, fragment, hops, protocol, 0, source.packed, target.packed)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def summed(source, target, protocol, segment, at):
    """With the checksum over the pseudo header in its place, RFC 9293 and RFC 8200."""
    source, target = ipaddress.ip_address(source).packed, ipaddress.ip_address(target).packed
    pseudo = source + target + struct.pack(">II", len(segment), protocol)
    return segment[:at] + struct.pack(">H", checksum(pseudo + segment) or 0xffff) + segment[at + 2:]


def udp(source, target, ports, data):
    segment = struct.pack(">HHHH", *ports, 8 + len(data), 0) + data
    return ip(source, target, UDP, summed(source, target, UDP, segment, 6))


def syn(source, target, ports, data=b""):
    segment = struct.pack(">HHIIBBHHH", *ports, 1, 0, 5 << 4, 2, 1024, 0, 0) + data
    return ip(source, target, TCP, summed(source, target, TCP, segment, 16))


def icmpv6(source, target, kind, body, hops=255):
    segment = struct.pack(">BBH", kind, 0, 0) + body
    return ip(source, target, ICMPV6, summed(source, target, ICMPV6, segment, 2), hops=hops)


def arp(sender_mac, sender, target, is_answer=False):
    return struct.pack(">HHBBH", 1, IPV4, 6, 4, 2 if is_answer else 1) + sender_mac + socket.inet_aton(sender) + bytes(6) + \
        socket.inet_aton(target)
