"""SNS, which delivers the reports of SES: checks messages, and confirms subscriptions.

Format and signature: the SNS developer guide, "Verifying the signatures of Amazon SNS messages".
"""

import binascii
import re
from base64 import b64decode
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import urllib3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import Certificate, load_pem_x509_certificate
from django.conf import settings
from django.utils.dateparse import parse_datetime

from bikerental.core.errors import UnavailableError
from bikerental.notifications.constants import SNS_MESSAGE_AGE_MAX
from bikerental.notifications.exceptions import SnsRefusedError

NOTIFICATION, SUBSCRIPTION, UNSUBSCRIPTION = "Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"
_CONFIRMATION_KEYS = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED_KEYS = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    SUBSCRIPTION: _CONFIRMATION_KEYS,
    UNSUBSCRIPTION: _CONFIRMATION_KEYS,
}
CERTIFICATE_BYTES_MAX = 16 * 1024
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9a-f]{1,64}\.pem", re.ASCII)
_TOPIC = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]+):\d+:[\w-]+", re.ASCII)


def pool_make(**options: Any) -> urllib3.PoolManager:
    return urllib3.PoolManager(timeout=urllib3.Timeout(connect=3, read=5), retries=False, **options)


_pool = pool_make()


class SnsMessage(NamedTuple):
    kind: str
    topic: str
    text: str
    token: str


def sns_verify(document: dict[str, Any], *, now: datetime) -> SnsMessage:
    """The message, if one of our topics sent it recently. The cheapest checks come first.

    Only SHA-256 signatures are accepted; a topic makes them if its SignatureVersion is 2.

    :raises SnsRefusedError: if it is from another topic, not signed by SNS, or too old
    :raises UnavailableError: if the certificate cannot be fetched now
    """
    kind = document.get("Type")
    keys = SIGNED_KEYS.get(kind) if isinstance(kind, str) else None
    if keys is None:
        raise SnsRefusedError("no message of SNS")
    fields = {key: document[key] for key in keys if isinstance(document.get(key), str)}
    if set(keys) - {"Subject"} - set(fields):
        raise SnsRefusedError("a field is missing")
    topic = fields["TopicArn"]
    if topic not in settings.SNS_TOPIC_ARNS:
        raise SnsRefusedError("the topic is not in SNS_TOPIC_ARNS")
    if document.get("SignatureVersion") != "2":
        raise SnsRefusedError("set the topic's SignatureVersion to 2")
    _require_recent(fields["Timestamp"], now=now)
    certificate = _certificate(_certificate_url(document.get("SigningCertURL"), topic=topic))
    text = "".join(f"{key}\n{value}\n" for key, value in fields.items())
    _require_signature(text, document.get("Signature"), certificate, now=now)
    return SnsMessage(kind=str(kind), topic=topic, text=fields["Message"], token=fields.get("Token", ""))


def sns_confirm(message: SnsMessage) -> None:
    """Confirm the subscription of this service to one of our topics.

    It calls the API with the message's token, and ignores the address in the message.

    :raises SnsRefusedError: the token has expired
    :raises UnavailableError: SNS cannot be reached for now
    """
    import boto3  # here, because processes that do not use SES save the time and memory
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    config = Config(signature_version=UNSIGNED, **settings.AWS_CLIENT_OPTIONS)
    region = _region_and_host(message.topic)[0]
    try:
        client = boto3.client("sns", region_name=region, config=config)
        client.confirm_subscription(TopicArn=message.topic, Token=message.token)
    except ClientError as error:
        raise SnsRefusedError(f"SNS says {error.response.get('Error', {}).get('Code', '')}") from error
    except BotoCoreError as error:
        raise UnavailableError from error


def _require_recent(timestamp: str, *, now: datetime) -> None:
    try:
        sent_at = parse_datetime(timestamp)
    except ValueError:
        sent_at = None
    if sent_at is None or sent_at.tzinfo is None or abs(now - sent_at) > SNS_MESSAGE_AGE_MAX:
        raise SnsRefusedError("too old")


def _region_and_host(topic: str) -> tuple[str, str]:
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise SnsRefusedError("SNS_TOPIC_ARNS names no topic")
    partition, region = found.groups()
    return region, f"sns.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")


def _certificate_url(given: object, *, topic: str) -> str:
    """The URL of the certificate at SNS in the topic's region. Only the file's name is taken from the message."""
    host = _region_and_host(topic)[1]
    path = given.removeprefix(f"https://{host}") if isinstance(given, str) else ""
    if not _CERTIFICATE_PATH.fullmatch(path):
        raise SnsRefusedError("the certificate is not where SNS keeps its own")
    return f"https://{host}{path}"


@lru_cache(maxsize=8)  # SNS has one for each region and renews it about once a year; failures are not cached
def _certificate(url: str) -> Certificate:
    try:
        answer = _pool.request("GET", url, redirect=False, preload_content=False)
        try:
            body = answer.read(CERTIFICATE_BYTES_MAX + 1)
        finally:
            answer.close()
    except urllib3.exceptions.HTTPError as error:
        raise UnavailableError from error
    if answer.status >= 500:
        raise UnavailableError
    if answer.status != 200 or len(body) > CERTIFICATE_BYTES_MAX:
        raise SnsRefusedError("there is no such certificate")
    try:
        return load_pem_x509_certificate(body)
    except ValueError as error:
        raise SnsRefusedError("the certificate is none") from error


def _require_signature(text: str, signature: object, certificate: Certificate, *, now: datetime) -> None:
    key = certificate.public_key()
    is_valid_now = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    if not is_valid_now or not isinstance(key, RSAPublicKey):
        raise SnsRefusedError("the certificate is not valid now")
    try:
        raw = b64decode(signature if isinstance(signature, str) else "", validate=True)
        key.verify(raw, text.encode(), PKCS1v15(), hashes.SHA256())
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise SnsRefusedError("the signature is not SNS's") from error
