"""Asks a DHCP server as firmware does: one DISCOVER, and what the OFFER says of booting.

A program of its own for the lab, run there with plain Python: `pxe_client INTERFACE MAC
ARCHITECTURE [ipxe|http|pxe] [RELAY SERVER]`; it prints the offer as JSON. ARCHITECTURE is option
93: a number, several with commas between, or `-` for firmware that leaves it out. Takes a lease
only with `--take CLIENT`, the client identifier (option 61) in hexadecimal.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import socket
import struct
import time

#: Who answers does so at once; who expects no answer says less.
LIMIT = 300.0
MAGIC = b"\x63\x82\x53\x63"
BROADCAST = "255.255.255.255"
#: Options that say something about booting, as text.
TEXTS = {12: "hostname", 60: "vendor_class", 66: "server_name", 67: "file"}
OFFER, ACKNOWLEDGED = 2, 5
ADDRESSES = {3: "router", 6: "dns", 42: "ntp", 54: "server"}


def option(number: int, value: bytes) -> bytes:
    """One DHCP option."""
    return bytes((number, len(value))) + value


#: What an iPXE that can HTTP and TFTP says of itself, a NIC of Broadcom's first (the byte 0x14).
FEATURES = bytes.fromhex("b1050114e41657" "eb03011501" "170101" "150101" "130101")
CLASSES = {"http": "HTTPClient", "pxe": "PXEClient", "ipxe": "PXEClient"}


def discover(asked: argparse.Namespace, transaction: bytes, *more: bytes) -> bytes:
    """The packet that firmware, or iPXE after it, sends; a request where `more` says so."""
    mac, relay = bytes.fromhex(asked.mac.replace(":", "")), asked.relay
    codes = [] if asked.architecture == "-" else list(map(int, asked.architecture.split(",")))
    name = asked.vendor_class
    if name is None:
        name = f"{CLASSES[asked.kind]}:Arch:{(codes or [0])[0]:05}:UNDI:003000"
    flags = 0 if relay != "0.0.0.0" else 0x8000
    head = struct.pack("!BBBB4sHH", 1, 1, 6, 1 if flags == 0 else 0, transaction, 0, flags)
    head += bytes(12) + socket.inet_aton(relay) + mac.ljust(16, b"\0") + bytes(192) + MAGIC
    options = b"".join(more or (option(53, b"\x01"),))
    options += option(55, bytes((1, 3, 6, 12, 42, 60, 66, 67)))
    if codes:
        options += option(93, struct.pack(f"!{len(codes)}H", *codes))
    if name:
        options += option(60, name.encode())
    if asked.kind == "ipxe":
        options += option(77, b"iPXE") + option(175, asked.features)
    return head + options + b"\xff"


def offer(packet: bytes, transaction: bytes, kind: int) -> dict[str, object] | None:
    """What an answer says, if it is one to us and of this kind."""
    if len(packet) < 240 or packet[0] != 2 or packet[4:8] != transaction:
        return None
    said: dict[str, object] = {
        "address": socket.inet_ntoa(packet[16:20]),
        "next_server": socket.inet_ntoa(packet[20:24]),
    }
    if name := packet[108:236].rstrip(b"\0"):
        said["file"] = name.decode(errors="replace")
    at = 240
    while at < len(packet) and packet[at] != 255:
        number = packet[at]
        if number == 0:
            at += 1
            continue
        value = packet[at + 2 : at + 2 + packet[at + 1]]
        if number == 53 and value != bytes((kind,)):
            return None
        if number in TEXTS:
            said[TEXTS[number]] = value.rstrip(b"\0").decode(errors="replace")
        elif number in ADDRESSES:
            said[ADDRESSES[number]] = socket.inet_ntoa(value[:4])
        elif number == 51:
            said["lease"] = int.from_bytes(value)
        at += 2 + len(value)
    return said


def ask(asked: argparse.Namespace) -> dict[str, object] | None:
    """The offer, or what was taken; None where nobody answers in time."""
    transaction = os.urandom(4)
    if asked.take is None:
        return answer(asked, discover(asked, transaction), transaction, OFFER)
    client = option(61, asked.take)
    packet = discover(asked, transaction, option(53, b"\x01"), client)
    if (said := answer(asked, packet, transaction, OFFER)) is None:
        return None
    wanted = (
        option(number, socket.inet_aton(str(said[name])))
        for number, name in ((50, "address"), (54, "server"))
    )
    packet = discover(asked, transaction, option(53, b"\x03"), client, *wanted)
    return answer(asked, packet, transaction, ACKNOWLEDGED)


def answer(
    asked: argparse.Namespace, packet: bytes, transaction: bytes, kind: int
) -> dict[str, object] | None:
    """Send this until somebody answers it."""
    relay, server, interface = asked.relay, asked.server, asked.interface
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        client.bind(("", 68 if relay == "0.0.0.0" else 67))
        ends = time.monotonic() + asked.limit
        again = 0.0
        while (left := ends - time.monotonic()) > 0:
            if left <= asked.limit - again:
                client.sendto(packet, (server, 67))
                again += 2.0
            heard, _, _ = select.select([client], [], [], min(left, 2.0))
            if heard and (said := offer(client.recv(4096), transaction, kind)):
                return said
    return None


def main() -> None:
    """Ask once and print the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("interface")
    parser.add_argument("mac")
    parser.add_argument("architecture")
    parser.add_argument("kind", choices=("ipxe", "http", "pxe"))
    parser.add_argument("relay", nargs="?", default="0.0.0.0")
    parser.add_argument("server", nargs="?", default=BROADCAST)
    parser.add_argument("--limit", type=float, default=LIMIT)
    parser.add_argument("--take", type=bytes.fromhex, metavar="CLIENT")
    parser.add_argument("--vendor-class", metavar="TEXT", help="option 60; empty leaves it out")
    parser.add_argument("--features", type=bytes.fromhex, default=FEATURES, metavar="HEX")
    print(json.dumps(ask(parser.parse_args())))


if __name__ == "__main__":
    main()
