from __future__ import annotations

import pytest

from trunkline.kit.keys import generate
from trunkline.kit.leaks import find_secrets


@pytest.mark.parametrize(
    "text",
    # Named, because workers must collect the same tests although keys are random.
    ids=["secret key", "session", "login", "api token", "aws", "github", "stripe", "pem"],
    argvalues=[
        generate("sec_").reveal(),
        f"Bearer {generate('tok_').reveal()}",
        f"sid={generate('ses_').reveal()}",
        generate("inf_").reveal(),
        "AKIA" + "A" * 16,
        "ghp_" + "a" * 36,
        "sk_live_" + "a" * 24,
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_finds_credentials_wherever_they_stand(text):
    assert list(find_secrets({"a": [{"b": text}]}, "manifest")) == ["manifest.a[0].b"]


def test_finds_text_in_slots_that_ask_for_a_secret():
    value = {"type": "oauth2", "client_secret": "hunter2", "nested": {"apiKey": "x"}, "clientId": "public"}
    assert list(find_secrets(value, "authConfig", slots=True)) == [
        "authConfig.client_secret",
        "authConfig.nested.apiKey",
    ]
    assert list(find_secrets(value, "authConfig")) == []


def test_leaves_ordinary_text_alone():
    assert (
        list(find_secrets({"a": "a sec_ret", "b": ["fun_" + "0" * 32], "n": 1}, "manifest", slots=True)) == []
    )
