// Posts a message to the alliance: npm install standardwebhooks; node send.mjs message.json
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Webhook } from "standardwebhooks";

const body = await readFile(process.argv[2], "utf8");
const id = `msg_${randomUUID()}`; // keep it, and send it again when no answer comes
const now = new Date();
const answer = await fetch(process.env.FABRIQUE_URL, {
  method: "POST",
  body,
  headers: {
    "Content-Type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(process.env.FABRIQUE_SECRET).sign(id, now, body),
  },
});
console.log(answer.status, await answer.text());
