#!/usr/bin/env python3
"""Transforms an AWS SAM template into plain CloudFormation, as JSON, without credentials and without a network.

cfn-lint judges the values inside AWS::Serverless resources only in part, while it knows every rule of the plain
ones. So what is linted and tested is what CloudFormation itself would see after the transformation.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import boto3
import yaml
from samtranslator.model.exceptions import ExceptionWithMessage, InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

FUNCTION_TYPE = "AWS::Serverless::Function"

# The location where `sam package` would have uploaded the code. It is never read.
UPLOADED_CODE = "s3://code-bucket/code.zip"


class TemplateError(Exception):
    """An error of reading or transforming the template; each line of the message is one cause."""


def read_template(path: Path) -> dict[str, Any]:
    """Reads a SAM template from a YAML or JSON file, including short forms such as !Ref."""
    try:
        template = yaml_parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TemplateError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise TemplateError(f"is not UTF-8: {error.reason} at byte {error.start}") from error
    except yaml.YAMLError as error:
        raise TemplateError(f"is not YAML: {error}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise TemplateError("is not a template: it has no mapping named Resources")
    return template


def point_to_uploaded_code(template: dict[str, Any]) -> None:
    """Replaces local code by a location in S3, within the template itself: the translator does not accept local paths."""
    for resource in template["Resources"].values():
        if not isinstance(resource, dict) or resource.get("Type") != FUNCTION_TYPE:
            continue
        properties = resource.get("Properties")
        if isinstance(properties, dict) and isinstance(properties.get("CodeUri"), str):
            properties["CodeUri"] = UPLOADED_CODE


def ignore_personal_settings() -> None:
    """Prevents boto3 from reading the user's profiles and configuration files."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        os.environ[name] = os.devnull


def transform(template: dict[str, Any], parameters: dict[str, str], region: str) -> dict[str, Any]:
    """Returns the template in plain CloudFormation; omitted parameters have their defaults."""
    # A session with only a Region: the translator uses it for the partition and sends no requests.
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        return translator.translate(template, parameters)
    except InvalidDocumentException as error:
        raise TemplateError("\n".join(cause.message for cause in error.causes)) from error
    except ExceptionWithMessage as error:
        raise TemplateError(error.message) from error


def parameter(argument: str) -> tuple[str, str]:
    """Parses one NAME=VALUE argument."""
    name, separator, value = argument.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(f"{argument!r} is not of the form NAME=VALUE")
    return name, value


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Transforms an AWS SAM template into plain CloudFormation, offline.")
    parser.add_argument("template", type=Path, help="the SAM template, YAML or JSON")
    parser.add_argument("parameters", nargs="*", type=parameter, metavar="NAME=VALUE", help="a template parameter")
    parser.add_argument("--region", default="us-east-1", help="the Region to transform for (default: %(default)s)")
    return parser.parse_args()


def fail(path: Path, error: TemplateError) -> NoReturn:
    for line in str(error).splitlines():
        print(f"{path}: {line}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    arguments = parse_arguments()
    ignore_personal_settings()
    try:
        template = read_template(arguments.template)
        point_to_uploaded_code(template)
        transformed = transform(template, dict(arguments.parameters), arguments.region)
    except TemplateError as error:
        fail(arguments.template, error)
    print(json.dumps(transformed, indent=2))


if __name__ == "__main__":
    main()
