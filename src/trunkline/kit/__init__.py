"""Pure values: no I/O, no import outside the standard library and msgspec."""
