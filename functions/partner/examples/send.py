"""Posts a message to the alliance: pip install standardwebhooks; python send.py message.json"""

import os
import secrets
import sys
import urllib.error
import urllib.request
from datetime import datetime, timezone

from standardwebhooks import Webhook

with open(sys.argv[1], encoding="utf-8") as file:
    body = file.read()

message = "msg_" + secrets.token_hex(12)  # keep it, and send it again when no answer comes
now = datetime.now(tz=timezone.utc)
request = urllib.request.Request(
    os.environ["FABRIQUE_URL"],
    data=body.encode(),
    headers={
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(os.environ["FABRIQUE_SECRET"]).sign(message, now, body),
    },
)
try:
    with urllib.request.urlopen(request) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as fault:
    print(fault.code, fault.read().decode())
