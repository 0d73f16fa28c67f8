"""SNS for tests: a certificate of its own, served over TLS under SNS's name, and messages signed with it."""

import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

from tests.support.serving import serving

TOPIC = "arn:aws:sns:eu-central-1:123456789012:mail-reports"
HOST = "sns.eu-central-1.amazonaws.com"
CERTIFICATE_URL = f"https://{HOST}/SimpleNotificationService-0123abcd.pem"
KEYS = ("Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type")


class Signer:
    """A key, and a certificate for it that names SNS."""

    def __init__(self, *, valid_from: datetime | None = None, valid_for: timedelta = timedelta(days=365)) -> None:
        self.key: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
        begin = valid_from or datetime.now(UTC) - timedelta(days=30)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + valid_for)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.TraditionalOpenSSL
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    def sign(self, document: dict[str, Any], algorithm: hashes.HashAlgorithm | None = None) -> dict[str, Any]:
        text = "".join(f"{key}\n{document[key]}\n" for key in KEYS if document.get(key) is not None)
        signature = self.key.sign(text.encode(), PKCS1v15(), algorithm or hashes.SHA256())
        return document | {"Signature": b64encode(signature).decode()}


def unsigned(message: str, *, now: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE_URL,
    } | changes


class CertificateServer(ThreadingHTTPServer):
    """Answers every path with `status` and `body`. `asked` lists the requested paths."""

    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body = 200, body
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: CertificateServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def certificate_server(signer: Signer, folder: Path) -> Iterator[CertificateServer]:
    """Serve the signer's certificate over TLS. A client must be told to trust it."""
    (folder / "server.pem").write_bytes(signer.pem + signer.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with CertificateServer(signer.pem) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with serving(server):
            yield server
