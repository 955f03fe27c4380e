"""The errors of the services, before they are put in JSON or XML."""


class AWSError(Exception):
    """`status` is the HTTP status; `members` go into the body beside the message."""

    def __init__(self, code, message, status=400, **members):
        super().__init__(message)
        self.code, self.message, self.status, self.members = code, message, status, members


def validation(*complaints):
    """AWS names every member that is wrong, in one message."""
    count = len(complaints)
    noun = "error" if count == 1 else "errors"
    return AWSError("ValidationException", f"{count} validation {noun} detected: {'; '.join(complaints)}")
