"""The kinds of destinations there are, and what must be said of each.

Source: ampersand reference section 1.11 and the members its document declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

WEBHOOK: Final = "webhook"
HEADERS: Final = "headers"  # the one member of the metadata that is kept with the secrets

METADATA: Final[Mapping[str, type]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "url",
                "region",
                "streamName",
                "endpointUrl",
                "partitionKeyTemplate",
                "bucket",
                "keyTemplate",
                "storageClass",
                "username",
                "tableName",
                "database",
                "accountIdentifier",
                "userId",
                "dbName",
                "schemaName",
                "projectId",
                "datasetId",
                "tableId",
                "workgroupName",
                "clusterIdentifier",
                "dbUser",
                "account",
                "container",
                "queueUrl",
                "topicId",
                "serverUrl",
                "exchange",
                "name",
            ),
            str,
        ),
        "tls": bool,
        "batchSize": int,
        "maxWaitSecs": int,
    }
)
"""What the members of the metadata hold, headers aside."""

SECRETS: Final = (
    "awsKeyId",
    "awsSecretKey",
    "awsSessionToken",
    "password",
    "privateKey",
    "credentials",
    "accessKeyId",
    "secretAccessKey",
    "accessKey",
    "username",
    "connectionString",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationType:
    """What cannot be left out.

    Attributes:
        calls_url: its `url` is asked by this server, so that it must be one that may be asked.
    """

    metadata: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    calls_url: bool = False


TYPES: Final[Mapping[str, DestinationType]] = MappingProxyType(
    {
        WEBHOOK: DestinationType(metadata=("url",), calls_url=True),
        "kinesis": DestinationType(),
        "s3": DestinationType(),
        "slack": DestinationType(metadata=("url",), calls_url=True),
        "clickhouse": DestinationType(),
        "snowflake": DestinationType(),
        "bigquery": DestinationType(),
        "redshift": DestinationType(),
        "sqs": DestinationType(metadata=("queueUrl",), secrets=("awsKeyId", "awsSecretKey")),
        "pubsub": DestinationType(metadata=("projectId", "topicId"), secrets=("credentials",)),
        "rabbitmq": DestinationType(metadata=("serverUrl", "exchange"), secrets=("username", "password")),
        "azureservicebus": DestinationType(metadata=("name",), secrets=("connectionString",)),
    }
)
