"""Amazon S3, and whatever speaks like it: the first name of a path is the bucket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.utils.translation import gettext as _

from data_collections.connectors import dialling, stores
from data_collections.connectors.stores import PAGE, Bytes, File, Folder
from data_collections.pieces import CHUNK_BYTES, Pieces
from marketplace.lib.errors import BadInput

_MISSING: Final = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})
_REFUSED: Final = frozenset(
    {
        "401",
        "403",
        "AccessDenied",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "AllAccessDisabled",
        "InvalidToken",
        "ExpiredToken",
    }
)
_ONE_AFTER_ANOTHER: Final = TransferConfig(
    multipart_threshold=16 * CHUNK_BYTES, multipart_chunksize=16 * CHUNK_BYTES, use_threads=False
)
_making: Final = Lock()
"""boto3's session is not for several threads; its clients are."""


class S3Store:
    """One connector's view of its buckets."""

    def __init__(
        self, reference: str, *, endpoint: str, region: str, key: str, secret: str
    ) -> None:
        self._reference = reference
        if endpoint:
            dialling.check(endpoint)
        self._client = _client(endpoint, region, key, secret)

    def file(self, path: str) -> File | None:
        bucket, key = _split(path)
        if not key:
            return None
        try:
            with self._asking():
                head = self._client.head_object(Bucket=bucket, Key=key)
        except _Missing:
            return None
        return File(
            path,
            head["ContentLength"],
            head["LastModified"],
            head.get("ETag", "").strip('"'),
            head.get("ContentType", ""),
        )

    def has_folder(self, path: str) -> bool:
        bucket, key = _split(path)
        try:
            with self._asking():
                if not bucket:
                    return True
                if not key:
                    self._client.head_bucket(Bucket=bucket)
                    return True
                found = self._client.list_objects_v2(Bucket=bucket, Prefix=f"{key}/", MaxKeys=1)
        except _Missing:
            return False
        return bool(found.get("KeyCount"))

    def entries(self, folder: str, marker: str) -> Folder:
        bucket, key = _split(folder)
        if not bucket:
            with self._asking():
                names = [entry["Name"] for entry in self._client.list_buckets()["Buckets"]]
            return Folder(folders=tuple(sorted(names)))
        prefix = f"{key}/" if key else ""
        after = {"ContinuationToken": marker} if marker else {}
        try:
            with self._asking():
                found = self._client.list_objects_v2(
                    Bucket=bucket, Prefix=prefix, Delimiter="/", MaxKeys=PAGE, **after
                )
        except _Missing:
            raise stores.nothing_at(folder) from None
        begin = len(prefix)
        return Folder(
            folders=tuple(
                entry["Prefix"][begin:-1]
                for entry in found.get("CommonPrefixes", ())
                if entry["Prefix"] != f"{prefix}/"
            ),
            files=tuple(
                File(
                    f"{bucket}/{entry['Key']}",
                    entry["Size"],
                    entry["LastModified"],
                    entry.get("ETag", "").strip('"'),
                )
                for entry in found.get("Contents", ())
                if entry["Key"] != prefix
            ),
            marker=found.get("NextContinuationToken", ""),
        )

    def read(self, file: File, start: int, end: int) -> Bytes:
        bucket, key = _split(file.path)
        wanted = {"Range": f"bytes={start}-{end - 1}"} if end > start else {}
        same = {"IfMatch": f'"{file.tag}"'} if file.tag else {}
        try:
            with self._asking():
                found = self._client.get_object(Bucket=bucket, Key=key, **wanted, **same)
        except _Missing:
            raise stores.nothing_at(file.path) from None
        return Pieces(found["Body"], end - start)

    def write(self, path: str, content: Path, content_type: str) -> None:
        bucket, key = _split(path)
        if not key:
            raise _no_buckets()
        try:
            with self._asking(), content.open("rb") as body:
                self._client.upload_fileobj(
                    body,
                    bucket,
                    key,
                    ExtraArgs={"ContentType": content_type or "application/octet-stream"},
                    Config=_ONE_AFTER_ANOTHER,
                )
        except _Missing:
            raise stores.nothing_at(bucket) from None

    def make_folder(self, path: str) -> None:
        """Put the empty object that stands for a folder elsewhere, too."""
        bucket, key = _split(path)
        if not key:
            raise _no_buckets()
        try:
            with self._asking():
                self._client.put_object(Bucket=bucket, Key=f"{key}/", Body=b"")
        except _Missing:
            raise stores.nothing_at(bucket) from None

    def remove(self, path: str) -> None:
        bucket, key = _split(path)
        with self._asking():
            self._client.delete_object(Bucket=bucket, Key=key)

    def remove_folder(self, path: str) -> int:
        bucket, key = _split(path)
        if not key:
            raise _no_buckets()
        count = 0
        with self._asking():
            for page in self._client.get_paginator("list_objects_v2").paginate(
                Bucket=bucket, Prefix=f"{key}/", PaginationConfig={"PageSize": PAGE}
            ):
                keys = [entry["Key"] for entry in page.get("Contents", ())]
                for each in keys:
                    self._client.delete_object(Bucket=bucket, Key=each)
                count += sum(each != f"{key}/" for each in keys)
        return count

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Tell what is missing, what is refused and what does not answer apart."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in _MISSING:
                raise _Missing from error
            if code in _REFUSED:
                raise stores.refused(self._reference) from error
            if code in ("InvalidBucketName", "KeyTooLongError", "InvalidArgument"):
                raise BadInput(_("The connected store does not take this path.")) from error
            raise stores.silent(self._reference) from error
        except (BotoCoreError, Boto3Error, OSError) as error:
            raise stores.silent(self._reference) from error


class _Missing(Exception):
    """The store has no such bucket or object."""


def _split(path: str) -> tuple[str, str]:
    bucket, _slash, key = path.partition("/")
    return bucket, key


def _no_buckets() -> BadInput:
    return BadInput(_("Buckets are made and removed where they are kept; write s3://bucket/file."))


@lru_cache(maxsize=64)
def _client(endpoint: str, region: str, key: str, secret: str) -> Any:  # noqa: ANN401 - as botocore makes it
    """Make a client with these credentials only: nothing of the operator's own is looked for."""
    further = {"s3": {"addressing_style": "path"}, "proxies": {}} if endpoint else {}
    config = Config(
        connect_timeout=10,
        read_timeout=60,
        retries={"max_attempts": 2, "mode": "standard"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        ignore_configured_endpoint_urls=True,
        **further,
    )
    with _making:
        client = boto3.client(
            "s3",
            endpoint_url=endpoint or None,
            region_name=region or "us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=config,
        )
    if endpoint:
        dialling.guard(client)
    return client
