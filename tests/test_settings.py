from __future__ import annotations

from pathlib import Path

import pytest

from trunkline.cli.configuration import documented, settings_reference
from trunkline.settings import (
    LogFormat,
    LogLevel,
    RetentionTier,
    Settings,
    SettingsError,
    check_exposure,
    load_settings,
    redacted_text,
    redacted_url,
)


def refusal(**variables: str) -> SettingsError:
    with pytest.raises(SettingsError) as refused:
        load_settings(environ=variables)
    return refused.value


def test_the_defaults_are_safe_and_below_one_directory(tmp_path: Path) -> None:
    found = load_settings(environ={"XDG_DATA_HOME": str(tmp_path)})
    assert found == Settings(
        data_dir=tmp_path / "trunkline",
        database_url=f"sqlite:///{tmp_path}/trunkline/trunkline.db",
        vault_key=tmp_path / "trunkline" / "vault.key",
        host="127.0.0.1",
        port=8080,
        public_url=None,
        unsafe_public_http=False,
        egress_allow=(),
        workers=1,
        log_format=LogFormat.CONSOLE,
        log_level=LogLevel.INFO,
        retention_tier=RetentionTier.MEDIUM,
    )
    check_exposure(found)


def test_flags_win_over_variables_over_the_file_over_defaults(tmp_path: Path) -> None:
    (tmp_path / "trunkline.toml").write_text(
        'host = "::1"\nport = 1\nworkers = 2\nlog_level = "debug"\n', encoding="utf-8"
    )
    variables = {"TRUNKLINE_PORT": "2", "TRUNKLINE_WORKERS": "3", "TRUNKLINE_DATA_DIR": str(tmp_path)}
    found = load_settings({"workers": 4, "log_level": None}, environ=variables)
    assert (found.host, found.port, found.workers, found.log_level) == ("::1", 2, 4, LogLevel.DEBUG)
    assert found.log_format is LogFormat.CONSOLE


def test_the_data_directory_of_a_flag_wins_over_the_variables_file(tmp_path: Path) -> None:
    for name, port in (("a", 1), ("b", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "trunkline.toml").write_text(f"port = {port}\n", encoding="utf-8")
    found = load_settings({"data_dir": tmp_path / "b"}, environ={"TRUNKLINE_DATA_DIR": str(tmp_path / "a")})
    assert (found.data_dir, found.port) == (tmp_path / "b", 2)


def test_paths_of_the_file_start_at_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(
        'data_dir = "data"\nvault_key = "../keys/vault.key"\ndatabase_url = "sqlite:///data/hub.db"\n',
        encoding="utf-8",
    )
    for found in (
        load_settings(environ={"TRUNKLINE_CONFIG": str(file)}),
        load_settings(environ={"TRUNKLINE_CONFIG": "/nowhere"}, config=file),
    ):
        assert found.data_dir == tmp_path / "data"
        assert found.vault_key == tmp_path.parent / "keys" / "vault.key"
        assert found.sqlite_path == tmp_path / "data" / "hub.db"


def test_relative_paths_of_flags_start_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_settings({"data_dir": Path("data")}, environ={})
    assert found.data_dir == tmp_path / "data"
    assert found.sqlite_path == tmp_path / "data" / "trunkline.db"


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("TRUNKLINE_PROT", "did you mean TRUNKLINE_PORT?"),
        ("TRUNKLINE_DATADIR", "did you mean TRUNKLINE_DATA_DIR?"),
        ("TRUNKLINE_TOKENS", "did you mean TRUNKLINE_TOKEN?"),
        ("TRUNKLINE_data_dir", ""),
        ("TRUNKLINE___rich_repr__", ""),
        ("TRUNKLINE_", ""),
    ],
)
def test_an_unknown_variable_is_refused(variable: str, hint: str) -> None:
    refused = refusal(**{variable: "x"})
    assert str(refused) == f"unknown variable {variable}"
    assert hint in refused.hint


def test_variables_of_the_client_and_empty_ones_are_left_alone(tmp_path: Path) -> None:
    found = load_settings(
        environ={
            "TRUNKLINE_TOKEN": "t",
            "TRUNKLINE_URL": "https://hub.example.com",
            "TRUNKLINE_PORT": "",
            "TRUNKLINE_DATA_DIR": str(tmp_path),
        }
    )
    assert found.port == 8080


def test_what_kubernetes_sets_for_a_service_of_this_name_is_no_setting(tmp_path: Path) -> None:
    found = load_settings(
        {"data_dir": tmp_path},
        environ={
            "TRUNKLINE_PORT": "tcp://10.3.0.7:8080",
            "TRUNKLINE_SERVICE_HOST": "10.3.0.7",
            "TRUNKLINE_SERVICE_PORT_HTTP": "8080",
            "TRUNKLINE_PORT_8080_TCP_ADDR": "10.3.0.7",
        },
    )
    assert found.port == 8080


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "http", "a whole number from 0 to 65535"),
        ("PORT", "65536", "a whole number from 0 to 65535"),
        ("WORKERS", "0", "a whole number from 1 to 64"),
        ("LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("LOG_FORMAT", "xml", "one of console, json"),
        ("UNSAFE_PUBLIC_HTTP", "maybe", "true or false"),
    ],
)
def test_a_malformed_value_is_refused_and_named(name: str, value: str, expected: str) -> None:
    refused = refusal(**{f"TRUNKLINE_{name}": value})
    assert str(refused) == f"TRUNKLINE_{name} in the environment must be {expected}, not '{value}'"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("prot = 1\n", "unknown setting prot in"),
        ("[server]\nport = 1\n", "unknown setting server in"),
        ('port = "1"\n', "must be a whole number from 0 to 65535, not '1'"),
        ("port = true\n", "must be a whole number"),
        ("public_url = 1\n", "must be a text, not 1"),
        ("port = \n", "is not TOML: "),
        ('data_dir = "elsewhere"\n', "data_dir cannot be set in"),
    ],
)
def test_a_file_with_a_mistake_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    (tmp_path / "trunkline.toml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings({"data_dir": tmp_path}, environ={})
    assert sentence in str(refused.value)
    assert str(tmp_path / "trunkline.toml") in str(refused.value)


def test_a_named_file_must_be_there_and_readable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the settings file .*: No such file"):
        load_settings(environ={}, config=tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'host = "\xe9"\n')
    with pytest.raises(SettingsError, match="is not UTF-8"):
        load_settings(environ={}, config=tmp_path / "latin.toml")


@pytest.mark.parametrize(
    "url", ["mysql://h/d", "trunkline.db", "sqlite://x.db", "sqlite:///", "sqlite:///a?b=c"]
)
def test_a_url_of_another_database_is_refused(url: str) -> None:
    assert "is neither sqlite:///path nor postgresql://" in str(refusal(TRUNKLINE_DATABASE_URL=url))


def test_the_short_scheme_of_postgresql_is_spelled_out() -> None:
    found = load_settings(environ={"TRUNKLINE_DATABASE_URL": "postgres://u@h/d"})
    assert (found.database_url, found.sqlite_path) == ("postgresql://u@h/d", None)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:canary@h:5/d", "postgresql://ada:***@h:5/d"),
        ("postgresql://ada:can#ary@h:5,[::1]:6/d", "postgresql://ada:***@h:5,[::1]:6/d"),
        (
            "postgresql:///d?user=ada&password=canary&host=/run",
            "postgresql:///d?user=ada&password=***&host=/run",
        ),
        ("postgresql://ada@h/d", "postgresql://ada@h/d"),
        ("postgresql://h1:5432,h2:5433/d", "postgresql://h1:5432,h2:5433/d"),
        ("postgresql://%2Frun%2Fpostgresql/d", "postgresql://%2Frun%2Fpostgresql/d"),
        ("sqlite:////var/lib/hub.db", "sqlite:////var/lib/hub.db"),
    ],
)
def test_a_password_is_masked_wherever_settings_are_shown(url: str, shown: str) -> None:
    assert redacted_url(url) == shown
    found = load_settings({"database_url": url}, environ={})
    assert found.database_url == url
    assert f"database_url={shown!r}" in repr(found)
    assert "can" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:can@ary@h/d",
        "postgresql://ada:can/ary@h/d",
        "postgresql://ada:canary%zz@h/d",
        "postgresql://ada:canary%00@h/d",
        "postgresql://ada:canary@[::1/d",
        "postgresql://ada:canary@h:many/d",
        "postgresql://ada:canary/d",
        "postgresql:///d?user=ada&password=can=ary",
        "postgresql//ada:canary@h/d",
        "postgresql:/ada:canary@h/d",
        "ada:canary@h/d",
        "ada:can://ary@h/d",
        "mysql://ada:canary@h/d",
        "postgresql://a/da:canary@h/d",
        "postgresql://a?da:canary@h/d",
        "a/da:canary@h/d",
    ],
)
def test_a_malformed_database_url_is_refused_without_its_password(url: str) -> None:
    for spelled in (url, url.replace("postgresql:", "postgres:")):
        refused = refusal(TRUNKLINE_DATABASE_URL=spelled)
        assert "database URL" in str(refused)
        shown = str(refused) + refused.hint
        assert "can" not in shown
        assert "ary" not in shown


def test_a_database_url_of_another_kind_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "trunkline.toml").write_text('database_url = ["postgresql://u:canary@h/d"]\n', "utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings({"data_dir": tmp_path}, environ={})
    assert str(refused.value) == f"database_url in {tmp_path / 'trunkline.toml'} must be a text"


def test_sentences_quote_urls_without_passwords() -> None:
    sentence = "cannot reach postgresql://u:canary@h/d, only http://127.0.0.1:8080/ping; ask ada@x.example"
    assert redacted_text(sentence) == sentence.replace("canary", "***")


def test_a_value_is_named_with_where_it_was_set() -> None:
    with pytest.raises(SettingsError, match=r"^--port on the command line must be a whole number"):
        load_settings({"port": 70_000}, environ={})


def test_a_list_is_one_text_with_commas_or_a_list_of_the_file(tmp_path: Path) -> None:
    both = ("127.0.0.1:9000", "crm.internal:8443")
    text = " 127.0.0.1:9000 ,crm.internal:8443,"
    assert load_settings(environ={"TRUNKLINE_EGRESS_ALLOW": text}).egress_allow == both
    assert load_settings({"egress_allow": text}, environ={}).egress_allow == both
    for content in ('["127.0.0.1:9000", "crm.internal:8443"]', f'"{text}"'):
        (tmp_path / "trunkline.toml").write_text(f"egress_allow = {content}\n", encoding="utf-8")
        assert load_settings({"data_dir": tmp_path}, environ={}).egress_allow == both
    (tmp_path / "trunkline.toml").write_text("egress_allow = [9000]\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"egress_allow in .* must be a list of texts, not \[9000\]"):
        load_settings({"data_dir": tmp_path}, environ={})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_machine_alone_may_be_served_without_tls(host: str) -> None:
    check_exposure(load_settings({"host": host}, environ={}))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "hub.example.com"])
def test_a_network_is_served_only_behind_tls_or_against_the_warning(host: str) -> None:
    for url in (None, "http://hub.example.com"):
        with pytest.raises(SettingsError) as refused:
            check_exposure(load_settings({"host": host, "public_url": url}, environ={}))
        assert "--public-url https://" in refused.value.hint
    check_exposure(load_settings({"host": host, "public_url": "https://hub.example.com"}, environ={}))
    check_exposure(load_settings({"host": host, "unsafe_public_http": True}, environ={}))


@pytest.mark.parametrize(
    "url",
    [
        "hub.example.com",
        "ftp://h",
        "https://h/path",
        "https://u:p@h",
        "https://h?a=b",
        "https://",
        "https://h#f",
        "https://[h",
        "https://h:99999",
        "https://h:0",
        "https://a b",
        "https://a\tb",
        "https://a\n",
        "https://bücher.example",
        'https://a"b',
    ],
)
def test_a_public_url_is_an_origin(url: str) -> None:
    assert f"the public URL {redacted_url(url)}" in str(refusal(TRUNKLINE_PUBLIC_URL=url))


@pytest.mark.parametrize(
    ("flags", "url"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"host": "0.0.0.0", "port": 9000}, "http://127.0.0.1:9000"),
        ({"host": "::"}, "http://[::1]:8080"),
        ({"host": "0.0.0.0", "public_url": "https://hub.example.com/"}, "https://hub.example.com"),
    ],
)
def test_the_base_url_is_where_clients_reach_it(flags: dict[str, object], url: str) -> None:
    assert load_settings(flags, environ={}).base_url() == url


def test_the_base_url_names_the_port_in_use() -> None:
    assert load_settings({"port": 0}, environ={}).base_url(4711) == "http://127.0.0.1:4711"


def test_the_reference_documents_every_setting() -> None:
    assert [one.name for one in documented()] == list(Settings.__struct_fields__)
    page = settings_reference()
    assert "| `port` | `TRUNKLINE_PORT` | `--port` | `8080` | The port to listen on;" in page
    assert "| `retention_tier` | `TRUNKLINE_RETENTION_TIER` |  | `medium` |" in page
