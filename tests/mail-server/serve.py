"""A mail server that wants a login, and writes what it is sent to its output: first its port, then a line for each mail."""

import argparse
import asyncio
import json
import logging
import ssl
import warnings

from aiosmtpd.smtp import SMTP, AuthResult


class Mails:
    """Takes all mails."""

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "encrypted": server.transport.get_extra_info("cipher") is not None,
            "login": session.auth_data,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "text": envelope.content.decode(),
        }
        print(json.dumps(mail), flush=True)
        return "250 taken"


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--login", required=True, help="user:password")
    parser.add_argument("--certificate", help="a file with the certificate and its key; without it nothing is encrypted")
    parser.add_argument("--from-the-start", action="store_true", help="encrypt without being asked by STARTTLS")
    options = parser.parse_args()
    # It warns of logins in the clear, and tells at length of clients that do not believe it: both are wanted here.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)

    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate)

    def authenticate(server, session, envelope, mechanism, data):
        login = f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=login == options.login, auth_data=login)

    def connection():
        by_starttls = context if not options.from_the_start else None
        return SMTP(
            Mails(),
            hostname="mail.example",
            tls_context=by_starttls,
            require_starttls=by_starttls is not None,
            authenticator=authenticate,
            auth_required=True,
            # Encrypted from the start, it does not know that it is.
            auth_require_tls=by_starttls is not None,
        )

    at_once = context if options.from_the_start else None
    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, ssl=at_once)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
