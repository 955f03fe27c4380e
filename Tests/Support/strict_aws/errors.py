"""The errors of the services, independent of their JSON or XML format."""


class AWSError(Exception):
    """`status` is the HTTP status; `members` are added to the body."""

    def __init__(self, code, message, status=400, **members):
        super().__init__(message)
        self.code, self.message, self.status, self.members = code, message, status, members


def validation(*complaints):
    """Returns one error that lists every invalid member, as AWS does."""
    count = len(complaints)
    noun = "error" if count == 1 else "errors"
    return AWSError("ValidationException", f"{count} validation {noun} detected: {'; '.join(complaints)}")
