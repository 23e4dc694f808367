import pytest

from trunkline.infra.vault import key_hash, same


def test_hashes_as_hmac_sha256():
    # RFC 4231 test case 2's message under a 32-byte key; value computed with openssl.
    assert (
        key_hash(bytes(range(32)), "what do ya want for nothing?")
        == "099805f4ac310786968565c098db515cc50862b420ae31e20238312344bed36a"
    )


def test_pepper_and_key_both_count():
    pepper = bytes(range(32))
    assert key_hash(pepper, "sec_a") == key_hash(pepper, "sec_a")
    assert key_hash(pepper, "sec_a") != key_hash(pepper, "sec_b")
    assert key_hash(pepper, "sec_a") != key_hash(pepper[::-1], "sec_a")


@pytest.mark.parametrize("pepper", [b"", bytes(31), bytes(33)])
def test_refuses_a_pepper_of_a_wrong_length(pepper):
    with pytest.raises(ValueError, match="a pepper is 32 bytes long"):
        key_hash(pepper, "sec_a")


def test_compares_any_text_a_caller_may_send():
    assert same("", "")
    assert same("žluť", "žluť")
    assert same("\ud800", "\ud800")
    assert not same("a", "b")
    assert not same("a", "aa")
    assert not same("\ud800", "?")
    assert len(key_hash(bytes(32), "\ud800")) == 64
