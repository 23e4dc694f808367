"""The corpus: ranges that must not be reached, and every way there is to spell an address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

# One or two addresses of each, at the edges and where it hurts.
RANGES: dict[str, tuple[str, ...]] = {
    "unspecified": ("0.0.0.0", "0.255.255.255"),
    "private 10": ("10.0.0.1", "10.255.255.255"),
    "carrier-grade NAT": ("100.64.0.1", "100.127.255.255"),
    "metadata, Alibaba": ("100.100.100.200",),
    "loopback": ("127.0.0.1", "127.255.255.254"),
    "metadata": ("169.254.169.254", "169.254.170.2"),
    "link-local": ("169.254.0.1", "169.254.255.255"),
    "private 172": ("172.16.0.1", "172.31.255.255"),
    "IETF": ("192.0.0.1", "192.0.0.192"),
    "documentation 1": ("192.0.2.1",),
    "AS112": ("192.31.196.1", "192.175.48.1"),
    "AMT": ("192.52.193.1",),
    "6to4 relay": ("192.88.99.1",),
    "private 192": ("192.168.0.1", "192.168.255.255"),
    "benchmarking": ("198.18.0.1", "198.19.255.255"),
    "documentation 2": ("198.51.100.1",),
    "documentation 3": ("203.0.113.255",),
    "multicast": ("224.0.0.1", "239.255.255.255"),
    "reserved": ("240.0.0.1", "255.255.255.254"),
    "broadcast": ("255.255.255.255",),
    "metadata, Azure": ("168.63.129.16",),
    "unspecified 6": ("::",),
    "loopback 6": ("::1",),
    "compatible": ("::7f00:1", "::a00:1", "::808:808"),
    "mapped": ("::ffff:7f00:1", "::ffff:a9fe:a9fe", "::ffff:808:808"),
    "translated": ("::ffff:0:7f00:1", "::ffff:0:808:808"),
    "NAT64": ("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::808:808"),
    "local NAT64": ("64:ff9b:1::1", "64:ff9b:1:ffff:ffff:ffff:a00:1"),
    "discard": ("100::1", "100:0:0:1::1"),
    "Teredo": ("2001::1", "2001:0:7f00:1::1"),
    "IETF 6": ("2001:1::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1"),
    "documentation 6": ("2001:db8::1", "3fff::1", "3fff:fff:ffff::1"),
    "6to4": ("2002:7f00:1::1", "2002:a00:1::1", "2002:808:808::1"),
    "AS112 6": ("2620:4f:8000::1",),
    "segment routing": ("5f00::1",),
    "unassigned": ("1::1", "4000::1", "8000::1", "c000::1", "fe00::1", "1fff:ffff::1"),
    "unique local": ("fc00::1", "fdff:ffff::1"),
    "metadata, AWS": ("fd00:ec2::254", "fd00:ec2::23"),
    "metadata, Google": ("fd20:ce::254",),
    "link-local 6": ("fe80::1", "febf:ffff::1", "fe80::a9fe:a9fe"),
    "site-local": ("fec0::1", "feff::1"),
    "multicast 6": ("ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "ISATAP": ("2606:4700::5efe:7f00:1", "2606:4700::200:5efe:a00:1"),
}

PUBLIC = (
    "1.0.0.1", "1.1.1.1", "4.2.2.2", "8.8.4.4", "8.8.8.8", "9.9.9.9", "9.255.255.255", "11.0.0.0", "13.107.42.14",
    "17.253.144.10", "20.112.250.133", "23.192.228.80", "31.13.71.36", "34.117.59.81", "52.84.0.1", "63.245.208.195",
    "93.184.216.34", "99.255.255.255", "100.63.255.255", "100.128.0.0", "104.16.132.229", "126.255.255.255",
    "128.0.0.1", "140.82.121.4", "151.101.1.140", "168.63.129.15", "168.63.129.17", "169.253.255.255",
    "169.255.0.0", "172.15.255.255", "172.32.0.0", "185.199.108.153", "191.255.255.255", "192.0.1.0", "192.0.3.0",
    "192.31.195.255", "192.52.194.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0",
    "192.175.49.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0",
    "209.85.233.101", "216.58.214.14", "223.255.255.255",
    "2001:200::1", "2001:470::1", "2001:4860:4860::8888", "2001:db7:ffff::1", "2001:db9::1", "2003::1", "2400:cb00::1",
    "2606:4700:4700::1111", "2607:f8b0:4005:80a::200e", "2620:4f:7fff::1", "2620:4f:8001::1", "2620:fe::fe",
    "2a00:1450:4001:82a::200e", "2a03:2880:f12f:83:face:b00c:0:25de", "3ffe:ffff::1", "3fff:1000::1",
    "2606:4700::5eff:7f00:1",
)  # fmt: skip


def spellings(address: str) -> dict[str, str]:
    """An address as the host of a URL, in at least a dozen ways; not one of them may lead anywhere."""
    return _spelled_6(IPv6Address(address)) if ":" in address else _spelled_4(IPv4Address(address))


def _spelled_4(address: IPv4Address) -> dict[str, str]:
    value, octets = int(address), str(address).split(".")
    a, b, c, d = (int(octet) for octet in octets)
    mixed = f"{value >> 16 & 0xFFFF:x}:{value & 0xFFFF:x}"
    return {
        "dotted": str(address),
        "decimal": str(value),
        "hexadecimal": hex(value),
        "octal": f"0{value:o}",
        "dotted octal": ".".join(f"0{int(octet):o}" for octet in octets),
        "dotted hexadecimal": ".".join(hex(int(octet)) for octet in octets),
        "three parts": f"{a}.{b}.{c * 256 + d}",
        "two parts": f"{a}.{value & 0xFFFFFF}",
        "mixed bases": f"{hex(a)}.{b}.0{c:o}.{d}",
        "padded": ".".join(octet.zfill(4) for octet in octets),
        "overflowing": f"{a + 256}.{b}.{c}.{d}",
        "root dot": f"{address}.",
        "mapped": f"[::ffff:{address}]",
        "mapped in groups": f"[::ffff:{mixed}]",
        "compatible": f"[::{mixed}]",
        "NAT64": f"[64:ff9b::{address}]",
        "local NAT64": f"[64:ff9b:1::{address}]",
        "6to4": f"[2002:{mixed}::1]",
        "Teredo": f"[2001:0:{mixed}::]",
        "ISATAP": f"[2606:4700::5efe:{mixed}]",
        "full-width": "".join(chr(ord(one) + 0xFEE0) if one != "." else "。" for one in str(address)),
        "circled": "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(one)] if one != "." else "." for one in str(address)),
        "userinfo": f"api.example.com@{address}",
        "userinfo and port": f"api.example.com:443@{address}",
        "backslash": f"{address}\\@api.example.com",
        "fragment": f"{address}#@api.example.com",
        "encoded": "".join(f"%{ord(one):02x}" for one in str(address)),
        "encoded dots": str(address).replace(".", "%2e"),
        "leading space": f" {address}",
        "tab": f"{a}.{b}\t.{c}.{d}",
        "newline": f"{address}\n",
        "nul": f"{address}\x00.example.com",
    }


def _spelled_6(address: IPv6Address) -> dict[str, str]:
    short, long = str(address), address.exploded
    low = IPv4Address(int(address) & 0xFFFF_FFFF)
    head = ":".join(long.split(":")[:6])
    return {
        "short": f"[{short}]",
        "long": f"[{long}]",
        "capital": f"[{long.upper()}]",
        "dotted tail": f"[{head}:{low}]",
        "zone": f"[{short}%eth0]",
        "encoded zone": f"[{short}%25eth0]",
        "zone number": f"[{short}%1]",
        "bare": short,
        "bare long": long,
        "userinfo": f"api.example.com@[{short}]",
        "userinfo and port": f"api.example.com:443@[{short}]",
        "encoded brackets": f"%5b{short}%5d",
        "root dot": f"[{short}].",
        "prefix": f"[{short}/128]",
        "space inside": f"[ {short}]",
        "full-width": f"[{''.join(chr(ord(one) + 0xFEE0) for one in short)}]",
        "backslash": f"[{short}]\\@api.example.com",
        "fragment": f"[{short}]#.example.com",
        "nul": f"[{short}\x00]",
    }
