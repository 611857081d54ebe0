"""The Cloud API as somebody else's client library speaks it, against the sandbox: only its base address is changed.

Usage: cloud_api.py   (pywa; reads the sandbox's address from its input, writes first where its webhook is, then what happened)
"""

import json
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from urllib.parse import parse_qs, urlparse

from pywa import WhatsApp
from pywa.types.templates import (
    AuthenticationBody,
    BodyText,
    Buttons,
    CopyCodeOTPButton,
    FooterText,
    HeaderImage,
    QuickReplyButton,
    Template,
    TemplateCategory,
    TemplateLanguage,
    TemplateStatus,
)

NUMBER_ID = "106540352242922"
WABA_ID = "102290129340398"
PERSON = "5491155550123"
PATIENCE = 30
PICTURE = b"\x89PNG\r\n\x1a\n" + b"invented" * 8

client = WhatsApp(
    phone_id=NUMBER_ID,
    token="invented-token",
    waba_id=WABA_ID,
    app_id="9001",
    app_secret="S",
    verify_token="T",
    server=None,
)
heard: dict[str, Queue] = {name: Queue() for name in ("message", "status", "template")}
refused: list[int] = []


@client.on_message
def on_message(_, message):
    heard["message"].put(message)


@client.on_message_status
def on_status(_, status):
    heard["status"].put(status)


@client.on_template_status_update
def on_template(_, update):
    heard["template"].put(update)


class Hook(BaseHTTPRequestHandler):
    """Where webhooks come in: signature and content are the library's business."""

    def do_GET(self):
        query = parse_qs(urlparse(self.path).query)
        first = lambda name: query.get(name, [None])[0]
        text, status = client.webhook_challenge_handler(first("hub.verify_token"), first("hub.challenge"))
        self.answer(status, text)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wrong = client.webhook_update_validator(body, self.headers.get("X-Hub-Signature-256"))
        if wrong:
            refused.append(wrong[1])
            return self.answer(wrong[1], wrong[0])
        text, status = client.webhook_update_handler(body)
        self.answer(status, text)

    def answer(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(str(text).encode())

    def log_message(self, *_):
        pass


def wait(kind, fits):
    """The first thing heard that fits."""
    while True:
        try:
            thing = heard[kind].get(timeout=PATIENCE)
        except Empty:
            raise SystemExit(f"nothing was heard: {kind}; refused {refused}") from None
        if fits(thing):
            return thing


def statuses_of(sent):
    """Every status of a message up to its delivery."""
    told = []
    while "delivered" not in told and "read" not in told:
        told.append(wait("status", lambda s: s.id == sent.id).status.value)
    return told


def post(address, body):
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def work(base):
    client.api._session.base_url = base + "/v26.0"
    told = {}
    number = client.get_business_phone_number()
    told["number"] = [number.id, str(number.quality_rating), number.display_phone_number]

    listed = list(client.get_templates())
    told["templates"] = sorted({t.name for t in listed})
    text = BodyText("Hola {{1}}, le esperamos el {{2}} a las nueve.", "Ana", "martes")
    buttons = Buttons(buttons=[QuickReplyButton(text="Confirmo"), QuickReplyButton(text="Cancelar")])
    picture = HeaderImage(example=PICTURE, mime_type="image/png")
    reminder = Template(
        name="client_reminder",
        language=TemplateLanguage.SPANISH_ARG,
        category=TemplateCategory.UTILITY,
        components=[picture, text, FooterText(text="Centro"), buttons],
    )
    code_button = CopyCodeOTPButton(text="Copiar")
    code = Template(
        name="client_code",
        language=TemplateLanguage.SPANISH_ARG,
        category=TemplateCategory.AUTHENTICATION,
        components=[AuthenticationBody(add_security_recommendation=True), Buttons(buttons=[code_button])],
    )
    told["created"] = [client.create_template(t).status.value for t in (reminder, code)]
    names = {"client_reminder", "client_code"}
    while names:
        update = wait("template", lambda u: u.template_name in names)
        names.discard(update.template_name)
    read = {t.name: t for t in client.get_templates(statuses=[TemplateStatus.APPROVED])}
    told["approved"] = sorted(name for name in read if name.startswith("client_"))

    media = client.upload_media(PICTURE, mime_type="image/png", filename="banner.png")
    url = client.get_media_url(media.id)
    told["media"] = [url.mime_type, int(url.file_size) == len(PICTURE), client.get_media_bytes(url=url.url) == PICTURE]

    sent = client.send_template(
        to=PERSON,
        name="client_reminder",
        language=TemplateLanguage.SPANISH_ARG,
        params=[picture.params(image=media.id), text.params("Ana", "martes")],
    )
    told["template"] = statuses_of(sent)
    sent = client.send_template(
        to=PERSON,
        name="client_code",
        language=TemplateLanguage.SPANISH_ARG,
        params=[AuthenticationBody.params(otp="493817"), code_button.params(otp="493817")],
    )
    told["code"] = statuses_of(sent)

    post(base + "/_sandbox/reply", {"from": PERSON, "to": NUMBER_ID, "text": "Hola, ¿a qué hora?"})
    message = wait("message", lambda m: m.text)
    told["message"] = [message.from_user.wa_id, message.text]
    told["read"] = bool(message.mark_as_read())
    told["text"] = statuses_of(client.send_message(to=PERSON, text="A las nueve", reply_to_message_id=message.id))
    told["image"] = statuses_of(client.send_image(to=PERSON, image=media.id, caption="El plano"))
    told["deleted"] = bool(client.delete_template("client_code"))
    told["refused"] = refused
    return told


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_port}/hook", flush=True)
    print(json.dumps(work(sys.stdin.readline().strip())), flush=True)


main()
