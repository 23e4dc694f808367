"""Nothing is ever connected to that not everybody may reach, however it is spelled and wherever it is given."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address, ip_network

import pytest
import structlog
from structlog.testing import capture_logs

from tests.infra.http.forbidden import PUBLIC, RANGES, spellings
from tests.infra.http.upstream import OK, Call, Upstream, dialling, get, names, opened, script, upstream
from trunkline.infra.http import (
    Egress,
    EgressPolicy,
    InvalidHeaderError,
    InvalidUrlError,
    TargetForbiddenError,
    UnreachableError,
)
from trunkline.infra.http.addresses import FORBIDDEN_V4, FORBIDDEN_V6, forbidden_range
from trunkline.infra.http.connecting import is_own

ADDRESSES = [(name, address) for name, addresses in RANGES.items() for address in addresses]


def test_the_corpus_is_as_large_as_promised() -> None:
    per_range = [sum(len(spellings(one)) for one in addresses) for addresses in RANGES.values()]
    assert len(RANGES) >= 30
    assert min(per_range) >= 12
    assert 4 * sum(per_range) >= 1_500
    assert len(PUBLIC) >= 50


@pytest.mark.parametrize("position", ["host", "host of https"])
def test_no_spelling_of_a_forbidden_address_is_connected_to(position: str) -> None:
    async def attack() -> int:
        scheme = "https" if position == "host of https" else "http"
        cases = 0
        async with upstream(script(OK)) as victim, opened() as egress:
            with dialling() as dialled:
                for _, address in ADDRESSES:
                    for host in spellings(address).values():
                        cases += 1
                        with pytest.raises((InvalidUrlError, TargetForbiddenError)) as refused:
                            await egress.fetch(get(f"{scheme}://{host}:{victim.port}/"))
                        assert getattr(refused.value, "sent", False) is False
            assert dialled == []
            assert victim.connections == 0
        return cases

    assert asyncio.run(attack()) > 1_500


def test_no_answer_of_a_name_server_leads_to_a_forbidden_address() -> None:
    answers = [
        mixed
        for _, address in ADDRESSES
        for mixed in ([address], ["93.184.216.34", address], [address, "2606:4700::1111"], [f"{address}%lo"])
    ]

    async def attack() -> None:
        async def resolve(host: str) -> list[str]:
            return answers[int(host.split("-")[1].removesuffix(".test"))]

        async with upstream(script(OK)) as victim, opened(resolve=resolve) as egress:
            with dialling() as dialled:
                for number in range(len(answers)):
                    with pytest.raises(TargetForbiddenError):
                        await egress.fetch(get(f"https://n-{number}.test:{victim.port}/"))
            assert dialled == []
            assert victim.connections == 0

    asyncio.run(attack())
    assert len(answers) > 250


def test_a_redirect_to_a_forbidden_address_comes_back_as_an_answer() -> None:
    hosts = [
        host.encode("utf-8", "surrogatepass")
        for _, address in ADDRESSES
        for host in spellings(address).values()
        if not any(character in host for character in "\n\x00\t")
    ]

    async def attack() -> None:
        async with upstream(script(OK)) as victim:
            places = iter([b"http://%b:%d/" % (host, victim.port) for host in hosts])

            async def redirect(call: Call) -> None:
                answer = b"HTTP/1.1 %d Elsewhere\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n"
                call.say(answer % (301 + len(asked.calls) % 2, next(places)))

            async with upstream(redirect) as asked, opened(asked) as egress:
                for host in hosts:
                    answer = await egress.fetch(get(asked.origin))
                    assert answer.status in {301, 302}
                    assert host.decode("latin-1") in (answer.header("location") or "")
                assert asked.connections == 1
            assert victim.connections == 0

    asyncio.run(attack())
    assert len(hosts) > 1_500


def test_a_host_header_is_never_the_callers() -> None:
    async def attack() -> int:
        cases = 0
        async with upstream(script(OK)) as asked, opened(asked) as egress:
            for _, address in ADDRESSES:
                for number, host in enumerate(spellings(address).values()):
                    cases += 1
                    name = ("Host", "host", "HOST", "hOsT")[number % 4]
                    with pytest.raises(InvalidHeaderError):
                        await egress.fetch(get(asked.origin, (name, host)))
            assert asked.connections == 0
        return cases

    assert asyncio.run(attack()) > 1_500


def test_a_public_address_is_dialled_as_it_is() -> None:
    async def controls() -> None:
        async with opened(resolve=names(**{f"n{i}": one for i, one in enumerate(PUBLIC)})) as egress:
            with dialling() as dialled:
                for number, address in enumerate(PUBLIC):
                    literal = f"[{address}]" if ":" in address else address
                    for host in (literal, f"n{number}.test"):
                        with pytest.raises(UnreachableError) as refused:
                            await egress.fetch(get(f"https://{host}/"))
                        assert type(refused.value) is UnreachableError
            assert dialled == [one for one in PUBLIC for _ in range(2)]

    asyncio.run(controls())


def test_the_table_begins_and_ends_where_it_says() -> None:
    for one in (*FORBIDDEN_V4, *FORBIDDEN_V6):
        assert forbidden_range(one.network[0]) is not None
        assert forbidden_range(one.network[-1]) is not None
    assert [one for one in PUBLIC if forbidden_range(ip_address(one))] == []
    assert [one for _, one in ADDRESSES if not forbidden_range(ip_address(one))] == []


def test_the_table_knows_every_block_of_the_registries_that_is_not_everybodys() -> None:
    # IANA IPv4 and IPv6 Special-Purpose Address Registries: "globally reachable" is not "true".
    blocks = """0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
        192.0.0.0/29 192.0.0.8/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16
        198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32 ::1/128 ::/128 ::ffff:0:0/96
        64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:2::/48 2001:db8::/32 2001:10::/28 2002::/16
        3fff::/20 5f00::/16 fc00::/7 fe80::/10"""
    for block in blocks.split():
        network = ip_network(block)
        assert forbidden_range(network[0]) is not None, block
        assert forbidden_range(network[-1]) is not None, block


def test_denied_and_unreachable_look_alike() -> None:
    async def both() -> tuple[UnreachableError, UnreachableError, UnreachableError]:
        failures: list[UnreachableError] = []
        async with opened(resolve=names(inside="10.0.0.1", outside="93.184.216.34")) as egress:
            with dialling():
                for host in ("inside", "outside", "nowhere"):
                    with pytest.raises(UnreachableError) as refused:
                        await egress.fetch(get(f"https://{host}.test/"))
                    failures.append(refused.value)
        return failures[0], failures[1], failures[2]

    inside, outside, nowhere = asyncio.run(both())
    assert type(inside) is TargetForbiddenError
    assert type(outside) is type(nowhere) is UnreachableError
    seen = {
        (one.kind, one.code, one.message, str(one), one.details, one.sent)
        for one in (inside, outside, nowhere)
    }
    assert len(seen) == 1
    assert inside.kind.status == 502
    assert "10.0" not in str(inside)


def test_the_log_tells_them_apart() -> None:
    async def run() -> None:
        async with opened(resolve=names(inside="10.0.0.1", outside="93.184.216.34")) as egress:
            with dialling():
                for host in ("inside", "outside"):
                    with pytest.raises(UnreachableError):
                        await egress.fetch(get(f"https://{host}.test/secret?token=canary"))

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("info"))
    with capture_logs() as events:
        asyncio.run(run())
    assert events == [
        {
            "event": "egress_forbidden",
            "log_level": "warning",
            "origin": "https://inside.test",
            "address": "10.0.0.1",
            "reason": "private",
        },
        {
            "event": "egress_unreachable",
            "log_level": "info",
            "origin": "https://outside.test",
            "address": "93.184.216.34",
            "reason": "ConnectionRefusedError",
        },
    ]


def test_plain_http_goes_only_where_the_operator_said() -> None:
    async def attack(victim: Upstream, egress: Egress) -> None:
        with dialling() as dialled, pytest.raises(TargetForbiddenError):
            await egress.fetch(get("http://93.184.216.34/"))
        assert dialled == []
        assert (await egress.fetch(get(victim.origin))).body == b"ok"
        for url in (f"http://127.0.0.1:{victim.port + 1}/", f"http://localhost:{victim.port}/"):
            with pytest.raises(UnreachableError):
                await egress.fetch(get(url))
        assert victim.connections == 1

    async def run() -> None:
        async with upstream(script(OK)) as victim, opened(victim) as egress:
            await attack(victim, egress)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("answer", "reached"),
    [
        ("127.0.0.1", True),
        ("169.254.169.254", False),
        ("100.100.100.200", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
    ],
)
def test_an_exempt_name_leads_to_private_addresses_only(answer: str, reached: bool) -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server:
            allowed = [("crm.test", server.port)]
            async with opened(resolve=names(crm=answer), allowed=allowed) as egress:
                asked = get(f"http://crm.test:{server.port}/")
                if reached:
                    assert (await egress.fetch(asked)).body == b"ok"
                    assert server.calls[0].header("Host") == f"crm.test:{server.port}"
                else:
                    with dialling() as dialled, pytest.raises(TargetForbiddenError):
                        await egress.fetch(asked)
                    assert dialled == []

    asyncio.run(run())


def test_an_exempt_address_leads_to_itself() -> None:
    policy = EgressPolicy(frozenset({("169.254.169.254", 80)}))

    async def run() -> None:
        egress = Egress(policy)
        with dialling() as dialled:
            with pytest.raises(UnreachableError):
                await egress.fetch(get("http://169.254.169.254/"))
            for url in (
                "http://169.254.169.253/",
                "https://169.254.169.254/",
                "http://[::ffff:169.254.169.254]/",
            ):
                with pytest.raises(TargetForbiddenError):
                    await egress.fetch(get(url))
        assert dialled == ["169.254.169.254"]
        await egress.close()

    asyncio.run(run())


def test_an_address_of_this_machine_is_known_without_sending_anything() -> None:
    assert [is_own(ip_address(one), 443) for one in ("127.0.0.1", "127.0.0.9")] == [True, False]
    assert not any(is_own(ip_address(one), 443) for one in PUBLIC)


def test_a_connection_that_leads_elsewhere_is_dropped_before_a_byte_is_sent() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as victim, opened() as egress:
            loop = asyncio.get_running_loop()
            connect = loop.sock_connect

            async def divert(sock: object, _: tuple[str, int]) -> None:
                await connect(sock, ("127.0.0.1", victim.port))  # type: ignore[arg-type]

            with dialling(divert) as dialled, pytest.raises(TargetForbiddenError):
                await egress.fetch(get("https://93.184.216.34/"))
            assert dialled == ["93.184.216.34"]
            assert victim.calls == []

    asyncio.run(run())
