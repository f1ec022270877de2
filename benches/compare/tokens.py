"""Tokens of the benchmark's users."""
import base64
import functools
import hmac
import json
import time

SECRET = "a secret for the benchmark, of more than 32 bytes"
DAY = 86_400


@functools.cache
def token(user):
    """Signs a JWT by HS256. The server's `token` command would have to be started once for each of 1,000 users."""
    part = lambda it: base64.urlsafe_b64encode(it).rstrip(b"=")
    body = part(b'{"alg":"HS256"}') + b"." + part(json.dumps({"sub": user, "exp": int(time.time()) + DAY}).encode())
    return (body + b"." + part(hmac.digest(SECRET.encode(), body, "sha256"))).decode()
