from __future__ import annotations

import pytest

from trunkline.infra.http import EgressPolicy, InvalidUrlError, Origin, egress_policy, parse_target
from trunkline.infra.http.targets import URL_MAX


@pytest.mark.parametrize(
    ("url", "origin", "path", "query"),
    [
        ("https://api.example.com", "https://api.example.com", "/", None),
        ("https://api.example.com/", "https://api.example.com", "/", None),
        ("HTTPS://API.Example.COM:443/A", "https://api.example.com", "/A", None),
        ("https://api.example.com?", "https://api.example.com", "/", ""),
        ("https://api.example.com?a=b?c/d@e", "https://api.example.com", "/", "a=b?c/d@e"),
        ("https://api.example.com:8443/a%2Fb/../c//d?q[]=1|2", "https://api.example.com:8443", "/a%2Fb/../c//d", "q[]=1|2"),
        ("https://h/a@b:c", "https://h", "/a@b:c", None),
        ("http://a_b.c-d.xn--bcher-kva.example/", "http://a_b.c-d.xn--bcher-kva.example", "/", None),
        ("http://h:80/", "http://h", "/", None),
        ("http://h:443/", "http://h:443", "/", None),
        ("https://8.8.8.8/", "https://8.8.8.8", "/", None),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]", "/", None),
        ("https://[2606:4700:0:0::0:1111]:8443/", "https://[2606:4700::1111]:8443", "/", None),
        ("https://[::FFFF:8.8.8.8]/", "https://[::ffff:808:808]", "/", None),
        ("https://1.2.3.4.example/", "https://1.2.3.4.example", "/", None),
        ("https://0x7f.example/", "https://0x7f.example", "/", None),
    ],
)  # fmt: skip
def test_a_plain_url_is_taken_apart_and_put_together(
    url: str, origin: str, path: str, query: str | None
) -> None:
    target = parse_target(url)
    assert (str(target.origin), target.path, target.query) == (origin, path, query)
    assert target.url == origin + path + ("" if query is None else f"?{query}")
    assert parse_target(target.url) == target


REFUSED = {
    "nothing": "",
    "relative": "/v1/me",
    "no scheme": "api.example.com/v1",
    "scheme alone": "https:",
    "no slashes": "https:api.example.com",
    "one slash": "https:/api.example.com",
    "three slashes": "https:///api.example.com",
    "another scheme": "ftp://api.example.com/",
    "a file": "file:///etc/passwd",
    "gopher": "gopher://h/_x",
    "unix": "unix:///run/docker.sock",
    "no host": "https://",
    "port alone": "https://:443/",
    "empty port": "https://h:/",
    "port zero": "https://h:0/",
    "port with a leading zero": "https://h:0443/",
    "port too high": "https://h:65536/",
    "port with a sign": "https://h:+443/",
    "port in words": "https://h:https/",
    "two ports": "https://h:80:443/",
    "userinfo": "https://user@h/",
    "userinfo and password": "https://user:pass@h/",
    "empty userinfo": "https://@h/",
    "encoded at": "https://h%40evil.example/",
    "backslash": "https://h\\@evil.example/",
    "backslashes": "https:\\\\h/",
    "backslash in the path": "https://h/a\\b",
    "fragment": "https://h/#a",
    "fragment in the host": "https://h#@evil.example/",
    "space": "https://h/a b",
    "leading space": " https://h/",
    "trailing newline": "https://h/\n",
    "tab in the scheme": "ht\ttps://h/",
    "newline in the host": "https://h\n.evil.example/",
    "nul": "https://h\x00.evil.example/",
    "del": "https://h/\x7f",
    "c1": "https://h/\x85",
    "non-ascii path": "https://h/é",
    "non-ascii host": "https://bücher.example/",
    "full-width letters": "https://ａpi.example/",
    "ideographic dot": "https://127。0。0。1/",
    "circled digits": "https://①②⑦.0.0.1/",
    "soft hyphen": "https://h\u00adx.example/",
    "percent in the host": "https://%6c%6f%63alhost/",
    "empty label": "https://a..b/",
    "leading dot": "https://.a/",
    "trailing dot": "https://a.example./",
    "leading hyphen": "https://-a.example/",
    "trailing hyphen": "https://a-.example/",
    "long label": f"https://{'a' * 64}.example/",
    "long name": f"https://{'.'.join(['a' * 63] * 4)}.example/",
    "decimal": "https://2130706433/",
    "hexadecimal": "https://0x7f000001/",
    "hexadecimal, capital": "https://0X7F000001/",
    "octal": "https://017700000001/",
    "dotted octal": "https://0177.0.0.1/",
    "dotted hexadecimal": "https://0x7f.0x0.0x0.0x1/",
    "short": "https://127.1/",
    "three parts": "https://127.0.1/",
    "five parts": "https://1.2.3.4.5/",
    "too high": "https://256.0.0.1/",
    "leading zeros": "https://127.000.000.001/",
    "numeric last label": "https://example.1/",
    "hexadecimal last label": "https://example.0x1/",
    "bare 0x": "https://example.0x/",
    "no brackets": "https://::1/",
    "empty brackets": "https://[]/",
    "name in brackets": "https://[localhost]/",
    "v4 in brackets": "https://[127.0.0.1]/",
    "zone": "https://[fe80::1%eth0]/",
    "encoded zone": "https://[fe80::1%25eth0]/",
    "empty zone": "https://[::1%]/",
    "future": "https://[v1.a]/",
    "bracket left open": "https://[::1/",
    "after the bracket": "https://[::1]a/",
    "before the bracket": "https://a[::1]/",
    "too many groups": "https://[1:2:3:4:5:6:7:8:9]/",
    "semicolon": "https://h;evil.example/",
    "comma": "https://h,evil.example/",
    "too long": "https://h/" + "a" * URL_MAX,
}  # fmt: skip


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_any_other_spelling_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidUrlError) as refused:
        parse_target(url)
    assert refused.value.kind.status == 400
    assert not any(
        word in refused.value.message for word in ("pass", "evil", "passwd", "127", "api.example.com/v1/me")
    )


def test_no_character_outside_the_plain_ones_is_let_through_anywhere() -> None:
    plain = {chr(code) for code in range(0x21, 0x7F)} - {"#", "\\"}
    for code in [*range(0x300), 0x2024, 0x3002, 0xFF0E, 0xFF61, 0xFEFF, 0x200B, 0xD800, 0x1F4A9]:
        character = chr(code)
        for url in (f"https://h/{character}", f"https://h/a?b={character}"):
            if character in plain:
                assert parse_target(url).url == url
            else:
                with pytest.raises(InvalidUrlError):
                    parse_target(url)
        if not (character.isascii() and (character.isalnum() or character in "_-.:/?")):
            with pytest.raises(InvalidUrlError):
                parse_target(f"https://a{character}b/")


def test_an_origin_is_scheme_host_and_port() -> None:
    assert Origin.of("https://API.example.com/a?b") == Origin("https", "api.example.com", 443)
    assert str(Origin("https", "api.example.com", 443)) == "https://api.example.com"
    assert str(Origin("https", "::1", 9000)) == "https://[::1]:9000"
    assert Origin.of("https://h/") != Origin.of("https://h:8443/")
    assert Origin.of("https://h/") != Origin.of("http://h/")
    with pytest.raises(InvalidUrlError):
        Origin.of("h")


def test_the_operators_list_is_read_as_exact_pairs() -> None:
    entries = ["127.0.0.1:9000", "[::1]:9000", "CRM.internal:8443", "[fd00:0::1]:1"]
    expected = {("127.0.0.1", 9000), ("::1", 9000), ("crm.internal", 8443), ("fd00::1", 1)}
    assert egress_policy(entries) == EgressPolicy(frozenset(expected))
    assert egress_policy([]) == EgressPolicy()


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "crm.internal",
        ":80",
        "127.1:80",
        "*:80",
        "10.0.0.0/8:80",
        "https://crm.internal:80",
        "a@b:80",
        "::1:80",
    ],
)
def test_an_entry_without_a_host_and_a_port_is_refused(entry: str) -> None:
    with pytest.raises(InvalidUrlError):
        egress_policy([entry])
