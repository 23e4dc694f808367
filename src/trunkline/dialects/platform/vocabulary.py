"""The closed sets of words this dialect uses. Source: seeds 000 and 001."""

from __future__ import annotations

from typing import Literal

Visibility = Literal["private", "unlisted", "public"]
TrustTier = Literal["first_party", "vendor_official", "verified_partner", "verified_publisher"]
RetentionTier = Literal["short", "medium", "long", "none"]
MemberPolicy = Literal["auto_all", "auto_defaults", "manual"]
TierName = Literal["viewer", "editor", "admin"]
