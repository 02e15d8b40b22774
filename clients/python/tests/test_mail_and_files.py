"""ftplib and smtplib with servers of other authors, in other processes: one side in the daemon, or both."""

from __future__ import annotations

import email
import email.policy
import hashlib

import pytest

from programs import Program, run

pytest.importorskip("pyftpdlib", reason="needs pyftpdlib: pip install -r test/python/requirements.txt")
pytest.importorskip("aiosmtpd", reason="needs aiosmtpd: pip install -r test/python/requirements.txt")

# Whether the server's sockets are in the daemon, and the client's.
SIDES = [
    pytest.param(False, True, id="client-brokered"),
    pytest.param(True, False, id="server-brokered"),
    pytest.param(True, True, id="both-brokered"),
]

FTP_CLIENT = """
    import ftplib, hashlib, io, os, socket, sys

    port, passive, brokered = int(sys.argv[1]), sys.argv[2] == "passive", sys.argv[3] == "True"
    data = os.urandom(5_000_000)
    ftp = ftplib.FTP()
    ftp.connect("127.0.0.1", port)
    assert (ftp.sock.fileno() >= 2**30) == brokered
    ftp.login()
    ftp.set_pasv(passive)
    ftp.storbinary("STOR uploaded", io.BytesIO(data))
    print(hashlib.sha256(data).hexdigest())
    received = hashlib.sha256()
    ftp.retrbinary("RETR uploaded", received.update)
    print(received.hexdigest())
    rest = io.BytesIO()
    ftp.retrbinary("RETR uploaded", rest.write, rest=4_000_000)
    print(rest.getvalue() == data[4_000_000:])
    ftp.storlines("STOR lines", io.BytesIO(b"one\\ntwo\\n"))
    lines = []
    ftp.retrlines("RETR lines", lines.append)
    print(lines, sorted(ftp.nlst()))
    ftp.quit()
"""


@pytest.mark.parametrize("mode", ["passive", "active"])
@pytest.mark.parametrize(("server", "client"), SIDES)
def test_ftp(tmp_path, server, client, mode):
    with Program(f"-m pyftpdlib -i 127.0.0.1 -p 0 -w -d {tmp_path}", brokered=server) as ftpd:
        port = ftpd.says(r"starting FTP server on 127\.0\.0\.1:(\d+)").group(1)
        sent, received, *rest = run(FTP_CLIENT, brokered=client, arguments=[port, mode, client])
        assert received == sent == hashlib.sha256((tmp_path / "uploaded").read_bytes()).hexdigest()
        assert rest == ["True", "['one', 'two'] ['lines', 'uploaded']"]


SMTP_SERVER = """
    import asyncio, sys
    from aiosmtpd.handlers import Mailbox
    from aiosmtpd.smtp import SMTP

    async def main():
        mailbox = Mailbox(sys.argv[1])
        server = await asyncio.get_running_loop().create_server(lambda: SMTP(mailbox), "127.0.0.1", 0)
        listener = server.sockets[0]
        print("listens", listener.getsockname()[1], listener.fileno() >= 2**30, flush=True)
        await server.serve_forever()
    asyncio.run(main())
"""

SMTP_CLIENT = """
    import email.message, hashlib, os, smtplib, sys

    port, brokered = int(sys.argv[1]), sys.argv[2] == "True"
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        assert (smtp.sock.fileno() >= 2**30) == brokered
        print(smtp.noop()[0], smtp.vrfy("someone")[0])
        for index in range(3):
            data = os.urandom(1_000_000)
            message = email.message.EmailMessage()
            message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", str(index)
            message.set_content("a line\\n.and one that begins with a dot\\n")
            message.add_attachment(data, maintype="application", subtype="octet-stream")
            smtp.send_message(message)
            print(hashlib.sha256(data).hexdigest())
"""


@pytest.mark.parametrize(("server", "client"), SIDES)
def test_smtp(tmp_path, server, client):
    mailbox = tmp_path / "mail"
    with Program(SMTP_SERVER, brokered=server, arguments=[mailbox]) as smtpd:
        listens = smtpd.says(r"^listens (\d+) (\w+)$")
        assert listens.group(2) == str(server)
        said, *sent = run(SMTP_CLIENT, brokered=client, arguments=[listens.group(1), client])
    assert said == "250 252"
    received = {}
    for path in (mailbox / "new").iterdir():
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        text = message.get_body(("plain",)).get_content()
        assert text == "a line\n.and one that begins with a dot\n"
        [attachment] = message.iter_attachments()
        received[message["Subject"]] = hashlib.sha256(attachment.get_content()).hexdigest()
    assert received == {str(index): digest for index, digest in enumerate(sent)}
