"""What LocalStack sees: a provider of S3 named `kept`, whose raw bucket outlives it.

LocalStack 4 keeps its objects in memory and forgets them at its end. This one is LocalStack's own but for three things:
an object of the raw bucket is in a folder before its put is answered and before its event is sent; its bytes are only
there; and when the bucket is made, all that is in the folder is in it, without an event, before anybody else can know
the bucket. LocalStack still forgets the versions of an object but the last one.
"""

import contextlib
import io
import os
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import unquote

from localstack.aws.api import RequestContext, handler
from localstack.aws.api.s3 import CreateBucketOutput, CreateBucketRequest
from localstack.services.plugins import Service, aws_provider
from localstack.services.s3.models import S3Bucket, S3Object
from localstack.services.s3.provider import S3Provider
from localstack.services.s3.storage.ephemeral import (
    EphemeralS3ObjectStore,
    EphemeralS3StoredObject,
    LockedFileMixin,
)

from .folder import Folder, Kept

# As the template names the raw bucket. The others hold code, which localstack/deploy uploads anew.
KEPT = "cenovka-raw-"
# What is kept of an object beside its bytes and its time.
HEADERS = (
    "etag",
    "checksum_algorithm",
    "checksum_value",
    "checksum_type",
    "encryption",
    "storage_class",
    "system_metadata",
    "user_metadata",
)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@aws_provider(name="kept")  # what PROVIDER_OVERRIDE_S3 says
def s3() -> Service:
    return Service.for_provider(KeepingProvider(Folder(Path(os.environ["CENOVKA_OBJECTS"]))))


class KeepingProvider(S3Provider):
    def __init__(self, folder: Folder) -> None:
        self.store = Store(folder)
        super().__init__(self.store)

    @handler("CreateBucket", expand=False)
    def create_bucket(self, context: RequestContext, request: CreateBucketRequest) -> CreateBucketOutput:
        created = super().create_bucket(context, request)
        _, bucket = self._get_cross_account_bucket(context, request["Bucket"])
        # In one region the bucket may be asked for again.
        if is_kept(bucket.name) and bucket.objects.is_empty():
            self.store.put_back(bucket)
        return created

    def _notify(self, context, s3_bucket, s3_object=None, s3_notif_ctx=None) -> None:
        # Every change of an object comes by here, when it is made and before it is answered.
        if is_kept(s3_bucket.name):
            # LocalStack writes keys in events as in a URL.
            self.store.keep(s3_bucket, s3_object.key if s3_object else unquote(s3_notif_ctx.key_name))
        super()._notify(context, s3_bucket, s3_object, s3_notif_ctx)


def is_kept(bucket: str) -> bool:
    return bucket.startswith(KEPT)


class Store(EphemeralS3ObjectStore):
    """Where bytes are: those of a kept bucket's current objects in the folder, all others where LocalStack has them."""

    def __init__(self, folder: Folder) -> None:
        super().__init__()  # not in /tmp, but where TMPDIR says
        self.folder = folder
        # An object is not opened while its bytes move.
        self.moving = threading.RLock()

    def open(self, bucket, s3_object, mode="r") -> EphemeralS3StoredObject:
        if mode == "w" or not is_kept(bucket):
            return super().open(bucket, s3_object, mode)
        with self.moving:
            if self._holds(bucket, s3_object):
                return super().open(bucket, s3_object, mode)
            return FromFolder(s3_object, self.folder.file(bucket, s3_object.key))

    def keep(self, bucket: S3Bucket, key: str) -> None:
        """Makes the folder say of a key what the bucket says."""
        with self.moving:
            current = bucket.objects.get(key)
            kept = self.folder.find(bucket.name, key)
            if kept:
                self._take_back_versions(bucket, key, current)
            # Else it was deleted, for good or by a marker.
            if isinstance(current, S3Object):
                self._write(bucket, current, kept)
            elif kept:
                self.folder.remove(bucket.name, key)

    def put_back(self, bucket: S3Bucket) -> None:
        """Fills a new bucket with what is in the folder."""
        for kept in self.folder.objects(bucket.name):
            bucket.objects.set(kept.key, restored(bucket, kept))

    def _write(self, bucket: S3Bucket, current: S3Object, kept: Kept | None) -> None:
        headers = {name: getattr(current, name) for name in HEADERS}
        if kept and kept.headers == headers and not self._holds(bucket.name, current):
            return
        modified = (current.last_modified - EPOCH) // timedelta(microseconds=1) * 1000
        try:
            with self.open(bucket.name, current) as stored:
                self.folder.put(bucket.name, current.key, stored, modified, headers)
        except OSError:
            # Who put it is told so: it must not seem to be there.
            bucket.objects.pop(current.key, current.version_id)
            raise
        finally:
            # Whoever reads them still, does so to the end.
            self._in_memory(bucket.name).pop(self._key_from_s3_object(current), None)

    def _take_back_versions(self, bucket: S3Bucket, key: str, current: object) -> None:
        """Moves the bytes of what is no longer current into memory, as LocalStack has those of all objects."""
        for version in bucket.objects.values(with_versions=True):
            if version.key != key or version is current or not isinstance(version, S3Object):
                continue
            if not self._holds(bucket.name, version):
                with self.open(bucket.name, version) as stored, super().open(bucket.name, version, "w") as taken:
                    taken.append(stored)

    def _holds(self, bucket: str, s3_object: S3Object) -> bool:
        return self._key_from_s3_object(s3_object) in self._in_memory(bucket)

    def _in_memory(self, bucket: str) -> dict:
        return self._filesystem[bucket]["keys"]


class OpenedFile(LockedFileMixin, io.FileIO):
    """A file in the folder, as LocalStack reads one."""


class FromFolder(EphemeralS3StoredObject):
    """An object whose bytes are in the folder, opened to be read."""

    def __init__(self, s3_object: S3Object, path: Path) -> None:
        file = OpenedFile(path, "rb")
        file.internal_last_modified = s3_object.internal_last_modified
        super().__init__(s3_object, file)

    def close(self) -> None:
        super().close()
        self.file.close()


def restored(bucket: S3Bucket, kept: Kept) -> S3Object:
    """The object that was kept."""
    known = {name: value for name, value in kept.headers.items() if name in HEADERS}
    s3_object = S3Object(kept.key, size=kept.size, acl=bucket.acl, owner=bucket.owner, **known)
    s3_object.last_modified = EPOCH + timedelta(microseconds=kept.modified // 1000)
    s3_object.internal_last_modified = kept.modified
    if not kept.known:
        with contextlib.closing(FromFolder(s3_object, kept.file)) as stored:
            s3_object.etag, s3_object.checksum_value = stored.etag, stored.checksum
    return s3_object
