"""Which SVG documents may be an icon: drawings that load nothing, run nothing and stay small.

An SVG is a document of the origin that serves it, so what it may hold is a list of what drawings need, not a
list of what is known to hurt. It is checked and stored as it came, never rewritten.
"""

from __future__ import annotations

import re
from xml.parsers import expat


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_NODES = 2_000  # elements, comments and stretches of text
MAX_DEPTH = 50
MAX_ATTRIBUTES = 50  # of one element
MAX_SIDE = 1_024  # user units
ELEMENTS = _words(
    """
    svg g defs symbol use style title desc metadata path rect circle ellipse line polyline polygon text tspan
    textPath linearGradient radialGradient stop clipPath mask pattern marker filter feBlend feColorMatrix
    feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight
    feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset
    fePointLight feSpecularLighting feSpotLight feTile feTurbulence
    """
)
ATTRIBUTES = _words(
    """
    id class lang role focusable version width height viewBox x y x1 y1 x2 y2 cx cy r rx ry fx fy fr d points dx
    dy rotate transform preserveAspectRatio pathLength offset href textLength lengthAdjust startOffset method
    spacing side in in2 result operator k1 k2 k3 k4 mode type values tableValues slope intercept amplitude
    exponent stdDeviation edgeMode radius scale xChannelSelector yChannelSelector baseFrequency numOctaves seed
    stitchTiles surfaceScale diffuseConstant specularConstant specularExponent azimuth elevation z pointsAtX
    pointsAtY pointsAtZ limitingConeAngle order kernelMatrix divisor bias targetX targetY preserveAlpha
    kernelUnitLength markerWidth markerHeight markerUnits refX refY orient gradientUnits gradientTransform
    spreadMethod clipPathUnits maskUnits maskContentUnits patternUnits patternContentUnits patternTransform
    filterUnits primitiveUnits alignment-baseline baseline-shift clip-path clip-rule color color-interpolation
    color-interpolation-filters direction display dominant-baseline enable-background fill fill-opacity fill-rule
    filter flood-color flood-opacity font-family font-size font-size-adjust font-stretch font-style font-variant
    font-weight image-rendering letter-spacing lighting-color marker-end marker-mid marker-start mask mask-type
    opacity overflow paint-order shape-rendering stop-color stop-opacity stroke stroke-dasharray
    stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width style
    text-anchor text-decoration text-rendering unicode-bidi vector-effect visibility word-spacing writing-mode
    """
)
FUNCTIONS = _words(
    "calc circle ellipse hsl hsla inset matrix polygon rgb rgba rotate scale scaleX scaleY skew skewX skewY "
    "translate translateX translateY url"
)
_SVG = "http://www.w3.org/2000/svg"
_XLINK = "http://www.w3.org/1999/xlink"
_XML = "http://www.w3.org/XML/1998/namespace"
_SEPARATOR = "\x1f"
_TEXT_ATTRIBUTES = ("aria-", "data-")
_FUNCTION = re.compile(r"(?<![\w-])([\w-]+)\(")  # tried once a word: a long one must not take its square
_OWN_URL = re.compile(r"""url\(\s*(?:#[\w.-]+|'#[\w.-]+'|"#[\w.-]+")\s*\)""", re.ASCII)
_OWN_HREF = re.compile(r"#[\w.:-]{1,200}", re.ASCII)
_NUMBER = re.compile(r"\s*\+?([0-9.]{1,20}(?:[eE][+-]?[0-9]{1,3})?)", re.ASCII)


class UnsafeDrawingError(ValueError):
    """The document is no SVG, or holds something an icon may not; the text says what."""


def check_drawing(data: bytes) -> None:
    """Refuse whatever is not a small SVG drawing that stands for itself.

    Raises:
        UnsafeDrawingError: not UTF-8 or malformed XML, a document type or entities, a processing instruction,
            another root or namespace, an element, attribute or style function outside the lists, a reference
            out of the document, a used part that uses another, or more than 2,000 nodes, 50 levels or 1,024
            units.
    """
    # Read as UTF-8 whatever it declares, so that nobody reads another document out of the same bytes.
    parser = expat.ParserCreate("utf-8", _SEPARATOR)
    walk = _Walk()
    parser.XmlDeclHandler = walk.declaration
    parser.StartDoctypeDeclHandler = walk.refuse_doctype
    parser.EntityDeclHandler = walk.refuse_doctype
    parser.ProcessingInstructionHandler = walk.refuse_instruction
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    parser.CommentHandler = walk.comment
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise UnsafeDrawingError(f"is no well-formed XML: {expat.ErrorString(error.code)}") from error
    walk.finish()


class _Walk:
    """What has been seen of a document."""

    def __init__(self) -> None:
        self._nodes = 0
        self._open: list[tuple[str, str | None]] = []
        self._styles: list[str] = []
        self._used: set[str] = set()
        self._using: set[str] = set()

    def declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() != "utf-8":
            raise UnsafeDrawingError("is not in UTF-8")

    def refuse_doctype(self, *_: object) -> None:
        raise UnsafeDrawingError("declares a document type or an entity")

    def refuse_instruction(self, *_: object) -> None:
        raise UnsafeDrawingError("holds a processing instruction")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count()
        namespace, _, name = tag.rpartition(_SEPARATOR)
        if namespace != _SVG or name not in ELEMENTS:
            raise UnsafeDrawingError(f"holds the element {name[:50]}, which an icon may not")
        if not self._open:
            if name != "svg":
                raise UnsafeDrawingError("does not begin with an svg element")
            _check_size(attributes)
        self._open.append((name, attributes.get("id")))
        if len(self._open) > MAX_DEPTH or len(attributes) > MAX_ATTRIBUTES:
            raise UnsafeDrawingError(f"is nested deeper than {MAX_DEPTH}, or has too many attributes")
        for spelled, value in attributes.items():
            _check_attribute(spelled, value)
            if name == "use" and spelled.rpartition(_SEPARATOR)[2] == "href":
                self._used.add(value.strip().removeprefix("#"))
                self._using.update(part for _, part in self._open if part is not None)

    def end(self, _tag: str) -> None:
        self._open.pop()

    def text(self, text: str) -> None:
        self._count()
        if self._open and self._open[-1][0] == "style":
            self._styles.append(text)

    def comment(self, _text: str) -> None:
        self._count()

    def finish(self) -> None:
        # All of them together: a stretch of text may end anywhere.
        _check_style("".join(self._styles))
        if self._used & self._using:
            raise UnsafeDrawingError("uses a part that uses another, which may multiply without end")

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise UnsafeDrawingError(f"has more than {MAX_NODES} nodes")


def _check_attribute(spelled: str, value: str) -> None:
    namespace, _, name = spelled.rpartition(_SEPARATOR)
    if namespace == "" and name.startswith(_TEXT_ATTRIBUTES):
        return
    allowed = {"": ATTRIBUTES, _XLINK: {"href"}, _XML: {"space", "lang"}}.get(namespace, frozenset())
    if name not in allowed:
        raise UnsafeDrawingError(f"holds the attribute {name[:50]}, which an icon may not")
    if name == "href" and not _OWN_HREF.fullmatch(value.strip()):
        raise UnsafeDrawingError("refers to something outside itself")
    _check_style(value)


def _check_style(text: str) -> None:
    """Presentation attributes are read as styles too, escapes included, so both are checked alike."""
    if "@" in text or "\\" in text:
        raise UnsafeDrawingError("has a style with a rule or an escape, which may load something")
    for function in _FUNCTION.finditer(text):
        if function[1] not in FUNCTIONS:
            raise UnsafeDrawingError(f"has a style with {function[1][:50]}(), which an icon may not")
        if function[1] == "url" and not _OWN_URL.match(text, function.start()):
            raise UnsafeDrawingError("refers to something outside itself")


def _check_size(attributes: dict[str, str]) -> None:
    for name in ("width", "height"):
        number = _NUMBER.match(attributes.get(name, ""))
        try:
            size = float(number[1]) if number else 0.0
        except ValueError:
            size = 0.0
        if size > MAX_SIDE:
            raise UnsafeDrawingError(f"is larger than {MAX_SIDE} x {MAX_SIDE}")
