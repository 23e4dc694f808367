"""Which pictures may be an icon, told from their bytes alone."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.integrations.pictures import gif, jpeg, png, svg, webp
from trunkline.core.integrations import check_icon
from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError, UnsupportedMediaError

XLINK = "http://www.w3.org/1999/xlink"
ALL = {
    "image/png": png(),
    "image/jpeg": jpeg(),
    "image/gif": gif(),
    "image/webp": webp(),
    "image/svg+xml": svg(),
}


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidRequestError) as refused:
        check_icon(content)
    return refused.value.message


@pytest.mark.parametrize("media_type", ALL)
def test_the_type_is_told_from_the_content(media_type: str) -> None:
    icon = check_icon(ALL[media_type])
    assert (icon.media_type, icon.content) == (media_type, ALL[media_type])
    assert icon.digest == sha256(ALL[media_type]).hexdigest()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (png(1_024, 1_024), "image/png"),
        (png(frames=1), "image/png"),
        (jpeg(1_024, 1_024), "image/jpeg"),
        (gif(1_024, 1_024), "image/gif"),
        (webp(1_024, 1_024), "image/webp"),
        (webp(1_024, 1_024, kind=b"VP8 "), "image/webp"),
        (webp(5, 3, frames=1), "image/webp"),
        (b"\xef\xbb\xbf  \n" + svg(), "image/svg+xml"),
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by hand -->' + svg(width="1024"),
            "image/svg+xml",
        ),
    ],
)
def test_the_largest_that_fits_is_taken(content: bytes, media_type: str) -> None:
    assert check_icon(content).media_type == media_type


@pytest.mark.parametrize("make", [png, jpeg, gif, webp])
@pytest.mark.parametrize(("width", "height"), [(1_025, 2), (2, 1_025), (16_000, 16_000)])
def test_refuses_more_pixels_than_an_icon_has(make, width: int, height: int) -> None:
    assert "1024 pixels" in refusal(make(width, height))


@pytest.mark.parametrize("content", [png(0, 2), jpeg(2, 0), gif(0, 0)])
def test_refuses_a_picture_of_nothing(content: bytes) -> None:
    refusal(content)


@pytest.mark.parametrize("content", [png(frames=2), gif(frames=2), webp(frames=2)])
def test_refuses_what_moves(content: bytes) -> None:
    assert refusal(content) == "icon: must not be animated"


@pytest.mark.parametrize("media_type", ["image/png", "image/gif", "image/webp"])
def test_refuses_every_beginning_of_a_picture(media_type: str) -> None:
    whole = ALL[media_type]
    for length in range(12, len(whole)):
        refusal(whole[:length])


def test_refuses_what_only_begins_like_a_picture() -> None:
    refusal(png(tail=b"<script>alert(1)</script>"))
    refusal(b"\x89PNG\r\n\x1a\n<html>")
    refusal(b"\xff\xd8\xff\xe0<html>")
    refusal(b"\xff\xd8\xff\xd9")
    refusal(b"GIF89a<script>")
    refusal(b"RIFF\x04\x00\x00\x00WEBP")
    refusal(webp() + b"\x00")
    refusal(b"\x89PNG\r\n\x1a\n" + png()[33:])


@pytest.mark.parametrize(
    "content", [b"", b"plain text", b"BM" + b"\x00" * 50, b"%PDF-1.7", b"\x00\x00\x01\x00"]
)
def test_refuses_other_files(content: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        check_icon(content)


def test_refuses_more_than_half_a_megabyte_before_looking_at_it() -> None:
    check_icon(svg("<!--" + "x" * (512 * 1024 - len(svg("<!---->"))) + "-->"))
    with pytest.raises(PayloadTooLargeError):
        check_icon(b"\x89PNG\r\n\x1a\n" + b"\x00" * 512 * 1024)


@pytest.mark.parametrize(
    "inside",
    [
        "<g id='a'><circle r='2'/></g><use href='#a'/>",
        "<style>.a{fill:url(#g);stroke:rgb(1 2 3)}</style><path class='a' d='M0 0'/>",
        f"<use xmlns:x='{XLINK}' x:href='#a'/>",
        (
            "<defs><linearGradient id='g'><stop offset='0' stop-color='#fff'/></linearGradient></defs>"
            "<rect fill='url(#g)' style='opacity:.5' transform='rotate(45 1 1)' data-name='Layer (1)'/>"
        ),
        "<title>Acme (CRM)</title><desc>x</desc><text font-family='Arial' xml:space='preserve'>A</text>",
        "<filter id='f'><feGaussianBlur stdDeviation='2'/></filter><g filter='url( \"#f\" )'/>".replace(
            '"', "&quot;"
        ),
    ],
)
def test_drawings_as_people_draw_them_are_taken(inside: str) -> None:
    assert check_icon(svg(inside)).media_type == "image/svg+xml"


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "script of another case": "<SCRIPT>alert(1)</SCRIPT>",
    "script in a namespace": "<h:script xmlns:h='http://www.w3.org/1999/xhtml'>alert(1)</h:script>",
    "foreign object": "<foreignObject><p/></foreignObject>",
    "handler": "<rect onload='alert(1)'/>",
    "handler of another case": "<rect onLoad='alert(1)'/>",
    "animation": "<rect><set attributeName='href' to='javascript:alert(1)'/></rect>",
    "animated attribute": "<animate attributeName='x'/>",
    "link": "<a href='https://evil.example'><rect/></a>",
    "javascript reference": "<use href='javascript:alert(1)'/>",
    "data reference": "<use href='data:image/svg+xml;base64,AAAA#x'/>",
    "reference elsewhere": "<use href='https://evil.example/x.svg#a'/>",
    "old reference elsewhere": f"<use xmlns:x='{XLINK}' x:href='//evil.example/#a'/>",
    "image": "<image href='https://evil.example/t.png'/>",
    "paint elsewhere": "<rect fill='url(https://evil.example/#a)'/>",
    "paint elsewhere behind an escape": "<rect fill='u\\72l(https://evil.example/#a)'/>",
    "paint elsewhere beside an own one": "<rect style='fill:url(#a);filter:url(//evil.example#b)'/>",
    "paint elsewhere in capitals": "<rect fill='URL(https://evil.example/#a)'/>",
    "image set": "<rect style='mask:image-set(\"//evil.example\" 1x)'/>".replace('"', "&quot;"),
    "import": "<style>@import 'https://evil.example/x.css';</style>",
    "import behind an escape": "<style>\\40import 'x';</style>",
    "import as a character": "<style>&#64;import 'x';</style>",
    "import in a section": "<style><![CDATA[@import 'x';]]></style>",
    "font": "<style>@font-face{src:url(#a)}</style>",
    "source in a style": "<style>a{b:src(x)}</style>",
    "expression": "<rect style='width:expression(alert(1))'/>",
    "cursor": "<rect cursor='url(#a)'/>",
    "frame": "<iframe src='x'/>",
    "base": "<rect xml:base='https://evil.example/'/>",
    "instruction": "<?xml-stylesheet href='https://evil.example/x.css'?>",
    "entity": "&nbsp;",
    "parts that multiply": "<g id='a'><rect/></g><g id='b'><use href='#a'/><use href='#a'/></g><use href='#b'/>",
    "a part within itself": "<g id='a'><use href='#a'/></g>",
    "malformed": "<g>",
    "deep": "<g>" * 60 + "</g>" * 60,
    "many": "<g/>" * 2_000,
    "many comments": "<!---->" * 2_001,
    "crowded": "<rect " + " ".join(f"data-{i}='1'" for i in range(60)) + "/>",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_refuses_a_drawing_that_does_more_than_draw(what: str) -> None:
    refusal(svg(HOSTILE[what]))


@pytest.mark.parametrize(
    "document",
    [
        b"<!DOCTYPE svg [<!ENTITY a 'x'>]>" + svg(),
        b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>"
        + svg(),
        b"<!DOCTYPE svg SYSTEM 'file:///etc/passwd'>" + svg(),
        b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
        b"<g xmlns='http://www.w3.org/2000/svg'/>",
        b"<svg/>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/><svg/>",
        b"<?xml version='1.0' encoding='UTF-16'?>" + svg(),
        b"<?xml version='1.0' encoding='utf-7'?>" + svg(),
        b"<?xml version='1.0' encoding='x-user-defined'?>" + svg(),
        b"<?php echo 1 ?>" + svg(),
        svg("<title>\xff</title>").replace(b"\xc3\xbf", b"\xff"),
        svg(width="1025"),
        svg(height="100000px"),
        svg(width="1e9"),
        svg(onload="alert(1)"),
        b"<",
    ],
)
def test_refuses_documents_that_are_no_plain_drawing(document: bytes) -> None:
    refusal(document)


def test_refuses_a_billion_laughs_at_once() -> None:
    layers = "".join(f"<!ENTITY l{i} '{f'&l{i - 1};' * 10}'>" for i in range(1, 10))
    refusal(f"<!DOCTYPE svg [<!ENTITY l0 'ha'>{layers}]>".encode() + svg("<text>&l9;</text>"))


def test_reads_a_word_as_long_as_an_icon_may_be_once() -> None:
    """Were it read again from each of its letters, this would take a quarter of an hour."""
    assert check_icon(svg(f"<path d='{'a' * 500_000}'/>")).media_type == "image/svg+xml"
    refusal(svg(f"<path fill='{'a' * 500_000}(1)'/>"))


@given(st.sampled_from(list(ALL.values())), st.binary(max_size=40), st.integers(0, 200))
def test_any_bytes_are_either_taken_or_refused_in_words(whole: bytes, piece: bytes, place: int) -> None:
    damaged = whole[:place] + piece + whole[place + len(piece) :]
    try:
        icon = check_icon(damaged)
    except (InvalidRequestError, UnsupportedMediaError):
        return
    assert icon.content == damaged


@given(st.binary(max_size=300))
def test_no_bytes_at_all_crash_the_readers(content: bytes) -> None:
    for head in (
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"RIFF\x10\x00\x00\x00WEBP",
        b"<svg ",
    ):
        try:
            check_icon(head + content)
        except (InvalidRequestError, UnsupportedMediaError):
            continue
