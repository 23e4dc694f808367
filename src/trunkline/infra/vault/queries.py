"""SQL of the vault's own tables, and of the columns that other tables keep sealed values in.

Constants that begin with a verb are statements, the others predicates. A sealed value reads
`v1.<data key id>.<…>`, so its data key is the 32 characters from the fourth on; `{held}` says which rows of a
column hold one.
"""

from __future__ import annotations

_KEY = "SELECT id, tenant, kek_id, wrapped, created_at FROM vault_keys"
KEYS_OF = f"{_KEY} WHERE tenant = :tenant ORDER BY created_at, id"
ALL_KEYS = f"{_KEY} ORDER BY tenant, created_at, id"
KEYS_UNDER_OTHERS = f"{_KEY} WHERE kek_id <> :active AND id > :after ORDER BY id LIMIT :limit"
ANY_KEY = "SELECT id FROM vault_keys LIMIT 1"
SEALED_ROOT = "SELECT sealed_root FROM instance WHERE id = 'root'"

KEYS_BY_KEK = "SELECT kek_id, count(*) FROM vault_keys GROUP BY kek_id"
COUNT_UNDER = "SELECT count(*) FROM vault_keys WHERE kek_id = :kek_id"
COUNT_UNDER_OTHERS = "SELECT count(*) FROM vault_keys WHERE kek_id <> :active"
KEK_OF_ROOT = "SELECT kek_id FROM instance WHERE id = 'root'"

TENANTS_BEFORE = """
SELECT tenant FROM vault_keys
WHERE tenant > :after GROUP BY tenant HAVING max(created_at) < :before ORDER BY tenant LIMIT :limit
"""
COUNT_TENANTS_BEFORE = """
SELECT count(*) FROM (
  SELECT tenant FROM vault_keys GROUP BY tenant HAVING max(created_at) < :before) AS due
"""
SUPERSEDED = """
SELECT k.id FROM vault_keys k
WHERE EXISTS (
  SELECT 1 FROM vault_keys n WHERE n.tenant = k.tenant AND n.created_at > k.created_at AND n.created_at < :before)
"""

REWRAP = "UPDATE vault_keys SET kek_id = :kek_id, wrapped = :wrapped WHERE id = :id"
OF_TENANT = "tenant = :tenant"
BY_ID = "id = :id"
ROOT_AS_READ = "id = 'root' AND sealed_root = :read"

_USED = "substr(t.{column}, 4, 32)"
_NEWEST = """(
  SELECT k.id FROM vault_keys k WHERE k.tenant = coalesce(t.{tenant}, 'instance')
  ORDER BY k.created_at DESC, k.id DESC LIMIT 1)"""
_OUTDATED = f"FROM {{table}} t WHERE {{held}} AND t.{{row}} > :after AND {_USED} <> {_NEWEST}"

USES = f"""
SELECT coalesce(t.{{tenant}}, 'instance'), {_USED}, count(*) FROM {{table}} t
WHERE {{held}} GROUP BY coalesce(t.{{tenant}}, 'instance'), {_USED}
"""
USERS = f"""
SELECT t.{{row}} FROM {{table}} t
WHERE {{held}} AND coalesce(t.{{tenant}}, 'instance') = :tenant AND {_USED} = :key_id ORDER BY t.{{row}} LIMIT :limit
"""
OUTDATED = f"SELECT t.{{row}} {_OUTDATED} ORDER BY t.{{row}} LIMIT :limit"
COUNT_OUTDATED = f"SELECT count(*) {_OUTDATED}"
VALUES = """
SELECT t.{row}, t.{home}, coalesce(t.{tenant}, 'instance'), {generation}, t.{column} FROM {table} t
WHERE {held} AND t.{row} > :after ORDER BY t.{row} LIMIT :limit
"""
VALUES_OF = """
SELECT t.{row}, t.{home}, coalesce(t.{tenant}, 'instance'), {generation}, t.{column} FROM {table} t
WHERE {held} AND t.{row} IN
"""
SWAP = "UPDATE {table} SET {column} = :fresh WHERE {row} = :row_id AND {column} = :read"
