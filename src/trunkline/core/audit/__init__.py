"""The audit: who did what, for those who administer an organization."""

from trunkline.core.audit.reads import get_audit_entry, list_audit_entries
from trunkline.core.audit.specs import AUDIT_ENTRY, SPECS, AuditRow

__all__ = ["AUDIT_ENTRY", "SPECS", "AuditRow", "get_audit_entry", "list_audit_entries"]
