from threading import Semaphore

from django.contrib.auth.hashers import Argon2PasswordHasher

# A hash keeps one core busy and takes 19 MiB. More hashes at once than a process has cores would only take memory: 57
# MiB with three threads. The wait here is a hash of 50 ms.
_AT_ONCE = Semaphore(2)


class OwaspArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's parameters: 19 MiB for each log-in; Django's default takes 100."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _AT_ONCE:
            encoded: str = super().encode(password, salt)
        return encoded

    def verify(self, password: str, encoded: str) -> bool:
        with _AT_ONCE:
            return super().verify(password, encoded)
