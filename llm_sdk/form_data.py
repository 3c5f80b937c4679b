"""Bodies of the type multipart/form-data, as clients send files. No I/O."""

from typing import NamedTuple

__all__ = ["Form", "read_form"]

BRACKETS = "[]"
"""Behind the name of a field that comes several times."""


class Form(NamedTuple):
    """``fields`` by name, the last one where a name comes again; ``files`` are the names of the files that came."""

    fields: dict[str, str]
    files: dict[str, str]


def read_form(content_type: str, body: bytes) -> Form:
    """The form that a request sends; one without anything where the body is of another type."""
    # Here, because few requests are forms, and email takes as long to import as a whole protocol.
    from email import message_from_bytes
    from email.policy import HTTP

    message = message_from_bytes(b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + body, policy=HTTP)
    form = Form({}, {})
    for part in message.iter_parts() if message.get_content_type() == "multipart/form-data" else ():
        name = part.get_param("name", header="content-disposition")
        if not isinstance(name, str):
            continue
        name = name.removesuffix(BRACKETS)
        filename = part.get_filename()
        if filename is not None:
            form.files[name] = filename
            continue
        value = part.get_payload(decode=True)
        form.fields[name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
    return form
