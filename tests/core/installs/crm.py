"""A manifest that declares something of everything an install can configure, and its JSON."""

from __future__ import annotations

from typing import Any

from trunkline.core.manifests import content_of, read_manifest

CRM = """\
specVersion: 1.0.0
integrations:
  - name: crm
    provider: hubspot
    read:
      objects:
        - objectName: contact
          mapToName: people
          destination: contacts
          schedule: "*/30 * * * *"
          backfill:
            defaultPeriod:
              days: 30
          requiredFields:
            - fieldName: email
            - fieldName: id
              mapToName: externalId
            - mapToName: tier
              mapToDisplayName: Tier
              default: lifecycle
          optionalFields:
            - fieldName: phone
              mapToName: phoneNumber
            - fieldName: city
            - mapToName: region
              mapToDisplayName: Region
        - objectName: deal.line
          destination: deals
          schedule: "0 * * * *"
          optionalFieldsAuto: all
        - objectName: owner
          destination: owners
          schedule: "0 0 * * *"
          enabled: always
          requiredFields:
            - fieldName: id
    write:
      objects:
        - objectName: contact
        - objectName: note
    subscribe:
      objects:
        - objectName: contact
          destination: changes
          inheritFieldsAndMapping: true
          createEvent:
            enabled: always
          updateEvent:
            enabled: always
            requiredWatchFields:
              - email
    proxy:
      enabled: true
"""


def source(text: str = CRM) -> dict[str, Any]:
    """The source content of the manifest's first integration."""
    manifest = read_manifest(text).manifest
    assert manifest is not None
    return content_of(manifest.integrations[0])


SOURCE = source()
