#!/usr/bin/env python3
"""Judges messages with a running server, with nothing but Python's standard library: client.py "some text" "another"."""
import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("BTP_URL", "http://localhost:8000")
KEY = os.environ.get("BTP_KEY")


def detect(message: str, tries: int = 3) -> dict:
    headers = {"Content-Type": "application/json"}
    if KEY:
        headers["Authorization"] = f"Bearer {KEY}"
    body = json.dumps({"message": message}).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{URL}/detect", body, headers), timeout=15) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        wait = error.headers.get("Retry-After")
        if wait and tries > 1:
            time.sleep(int(wait))
            return detect(message, tries - 1)
        raise SystemExit(f"{problem['code']}: {problem['detail']}") from None
    except OSError as error:  # refused, unknown host, timed out
        reason = getattr(error, "reason", error)
        raise SystemExit(f'no server answers at {URL} ({reason}): start one with "npx btp-cli serve", or set BTP_URL') from None


for text in sys.argv[1:] or ["Nobody likes you, just leave."]:
    decision = detect(text)
    print(f"{decision['label']}  score {decision['score']:.3f}  threshold {decision['threshold']}  {text}")
