"""The query protocol's XML."""
from xml.sax.saxutils import escape

from cloudwatch import NAMESPACE, Entries


def element(name, value):
    if isinstance(value, Entries):
        content = "".join(
            f"<entry>{element('key', key)}{element('value', item)}</entry>" for key, item in value.items())
    elif isinstance(value, dict):
        content = "".join(element(key, item) for key, item in value.items())
    elif isinstance(value, list):
        content = "".join(element("member", item) for item in value)
    else:
        content = escape(str(value))
    return f"<{name}>{content}</{name}>"


def result(operation, members, request_id):
    body = element(f"{operation}Result", members) + element("ResponseMetadata", {"RequestId": request_id})
    return f'<{operation}Response xmlns="{NAMESPACE}">{body}</{operation}Response>\n'.encode()


def error(failure, request_id):
    kind = "Receiver" if failure.status >= 500 else "Sender"
    body = element("Error", {"Type": kind, "Code": failure.code, "Message": failure.message})
    return f'<ErrorResponse xmlns="{NAMESPACE}">{body}{element("RequestId", request_id)}</ErrorResponse>\n'.encode()
