"""S3 as boto3 and the AWS CLI use it, against a folder of plain files."""

import base64
import concurrent.futures
import hashlib
import io
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

pytest.importorskip("boto3")
from service import Service, code, wait_until  # noqa: E402


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("serve")) as running:
        running.client("s3").create_bucket(Bucket="bkt")
        yield running


@pytest.fixture
def s3(service):
    return service.client("s3")


def test_an_object_is_a_file(service, s3):
    s3.put_object(
        Bucket="bkt", Key="data/x.txt", Body=b"hello", ContentType="text/x", Metadata={"Who": "me"}
    )
    assert (service.folder / ".hone/s3/bkt/data/x.txt").read_bytes() == b"hello"
    (service.folder / ".hone/s3/bkt/data/y.txt").write_bytes(b"by hand")
    got = s3.get_object(Bucket="bkt", Key="data/x.txt")
    assert (
        got["Body"].read() == b"hello" and got["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'
    )
    assert got["ContentType"] == "text/x" and got["Metadata"] == {"who": "me"}
    assert s3.get_object(Bucket="bkt", Key="data/y.txt")["Body"].read() == b"by hand"
    assert s3.head_object(Bucket="bkt", Key="data/y.txt")["ContentLength"] == 7


def test_odd_keys_go_and_come(s3):
    keys = [
        "odd/ü b+c%/x",
        "odd/a//b",
        "odd/dir/",
        "odd/x",
        "odd/x/y",
        "odd/../up",
        "odd/%2e%2e/z",
        "odd/" + "w" * 600,
        "odd/<&>\"'",
        "odd/q?a=b#c",
        "odd/tab\tend",
    ]
    for n, key in enumerate(keys):
        s3.put_object(Bucket="bkt", Key=key, Body=str(n).encode())
    listed = [o["Key"] for o in s3.list_objects_v2(Bucket="bkt", Prefix="odd/")["Contents"]]
    assert listed == sorted(keys, key=lambda key: key.encode())
    for n, key in enumerate(keys):
        assert s3.get_object(Bucket="bkt", Key=key)["Body"].read() == str(n).encode()
    deleted = s3.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(deleted["Deleted"]) == len(keys)
    assert "Contents" not in s3.list_objects_v2(Bucket="bkt", Prefix="odd/")


def test_pages_neither_repeat_nor_skip(s3):
    keys = [f"page/{n:03}/{m}" for n in range(7) for m in range(3)]
    for key in keys:
        s3.put_object(Bucket="bkt", Key=key)
    for name in ("list_objects_v2", "list_objects"):
        pages = s3.get_paginator(name).paginate(
            Bucket="bkt", Prefix="page/", PaginationConfig={"PageSize": 4}
        )
        assert [o["Key"] for page in pages for o in page["Contents"]] == keys
        pages = s3.get_paginator(name).paginate(
            Bucket="bkt", Prefix="page/", Delimiter="/", PaginationConfig={"PageSize": 2}
        )
        assert [p["Prefix"] for page in pages for p in page["CommonPrefixes"]] == [
            f"page/{n:03}/" for n in range(7)
        ]


def test_ranges_and_conditions(s3):
    etag = s3.put_object(Bucket="bkt", Key="r", Body=b"0123456789")["ETag"]
    for asked, given in (
        ("bytes=0-3", b"0123"),
        ("bytes=7-", b"789"),
        ("bytes=-2", b"89"),
        ("bytes=4-99", b"456789"),
    ):
        got = s3.get_object(Bucket="bkt", Key="r", Range=asked)
        assert got["Body"].read() == given and got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert code(s3.get_object, Bucket="bkt", Key="r", Range="bytes=10-") == "InvalidRange"
    assert code(s3.get_object, Bucket="bkt", Key="r", IfMatch='"0"') == "PreconditionFailed"
    assert code(s3.get_object, Bucket="bkt", Key="r", IfNoneMatch=etag) == "304"
    assert s3.get_object(Bucket="bkt", Key="r", IfMatch=etag)["Body"].read() == b"0123456789"
    assert (
        code(s3.put_object, Bucket="bkt", Key="r", Body=b"", IfNoneMatch="*")
        == "PreconditionFailed"
    )
    assert s3.get_object(Bucket="bkt", Key="r")["Body"].read() == b"0123456789"


def test_big_objects_go_in_parts(s3):
    big = os.urandom(20 << 20)
    s3.upload_fileobj(io.BytesIO(big), "bkt", "big")
    back = io.BytesIO()
    s3.download_fileobj("bkt", "big", back)
    assert back.getvalue() == big
    parts = [big[n : n + (8 << 20)] for n in range(0, len(big), 8 << 20)]
    wanted = hashlib.md5(b"".join(hashlib.md5(p).digest() for p in parts)).hexdigest() + "-3"
    assert s3.head_object(Bucket="bkt", Key="big")["ETag"] == f'"{wanted}"'


def test_uploads_in_parts_one_by_one(s3):
    upload = s3.create_multipart_upload(Bucket="bkt", Key="parts", ContentType="x/y")["UploadId"]
    where = {"Bucket": "bkt", "Key": "parts", "UploadId": upload}
    first = s3.upload_part(**where, PartNumber=1, Body=b"a" * (5 << 20))["ETag"]
    second = s3.upload_part(**where, PartNumber=2, Body=b"b")["ETag"]
    assert [p["PartNumber"] for p in s3.list_parts(**where)["Parts"]] == [1, 2]
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket="bkt")["Uploads"]] == [upload]

    def complete(*parts):
        return code(
            s3.complete_multipart_upload,
            **where,
            MultipartUpload={"Parts": [{"PartNumber": n, "ETag": etag} for n, etag in parts]},
        )

    assert complete((2, second), (1, first)) == "InvalidPartOrder"
    assert complete((1, second), (2, second)) == "InvalidPart"
    assert complete((1, first), (2, second)) is None
    assert code(s3.list_parts, **where) == "NoSuchUpload"
    assert s3.head_object(Bucket="bkt", Key="parts")["ContentType"] == "x/y"
    upload = s3.create_multipart_upload(Bucket="bkt", Key="parts")["UploadId"]
    s3.abort_multipart_upload(Bucket="bkt", Key="parts", UploadId=upload)
    assert (
        code(s3.upload_part, Bucket="bkt", Key="parts", UploadId=upload, PartNumber=1)
        == "NoSuchUpload"
    )


def test_copies(s3):
    s3.put_object(Bucket="bkt", Key="from ü", Body=b"copy me", Metadata={"a": "1"})
    s3.copy_object(Bucket="bkt", Key="to", CopySource={"Bucket": "bkt", "Key": "from ü"})
    got = s3.get_object(Bucket="bkt", Key="to")
    assert got["Body"].read() == b"copy me" and got["Metadata"] == {"a": "1"}
    s3.copy_object(
        Bucket="bkt",
        Key="to",
        CopySource={"Bucket": "bkt", "Key": "to"},
        Metadata={"b": "2"},
        MetadataDirective="REPLACE",
    )
    assert s3.head_object(Bucket="bkt", Key="to")["Metadata"] == {"b": "2"}
    assert code(s3.copy_object, Bucket="bkt", Key="t", CopySource="bkt/none") == "NoSuchKey"


def test_buckets(service, s3):
    assert code(s3.create_bucket, Bucket="bkt") is None
    east = service.client("s3", region="eu-central-1")
    where = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
    assert code(east.create_bucket, Bucket="bkt", **where) == "BucketAlreadyOwnedByYou"
    s3.create_bucket(Bucket="gone")
    s3.put_object(Bucket="gone", Key="a/b/c")
    assert code(s3.delete_bucket, Bucket="gone") == "BucketNotEmpty"
    s3.delete_object(Bucket="gone", Key="a/b/c")
    s3.delete_bucket(Bucket="gone")
    assert code(s3.head_bucket, Bucket="gone") == "404"
    assert code(s3.list_objects_v2, Bucket="gone") == "NoSuchBucket"
    assert code(s3.put_object, Bucket="gone", Key="x", Body=b"1") == "NoSuchBucket"
    assert code(s3.get_object, Bucket="bkt", Key="none") == "NoSuchKey"
    assert code(s3.head_object, Bucket="bkt", Key="none") == "404"
    assert code(s3.get_bucket_acl, Bucket="bkt") == "NotImplemented"
    assert code(s3.head_bucket, Bucket="bkt", ExpectedBucketOwner="111111111111") == "403"
    assert "hone" in [b["Name"] for b in s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_addresses(service, version):
    s3 = service.client("s3", signature_version=version)
    where = {"Bucket": "bkt", "Key": "pre signed/ü+"}
    put = s3.generate_presigned_url("put_object", Params=where)
    assert (
        urllib.request.urlopen(
            urllib.request.Request(
                put,
                b"by address",
                method="PUT",
                headers={"Content-Type": ""} if version == "s3" else {},
            )
        ).status
        == 200
    )
    get = s3.generate_presigned_url("get_object", Params=dict(where, ResponseContentType="x/y"))
    answer = urllib.request.urlopen(get)
    assert answer.read() == b"by address" and answer.headers["Content-Type"] == "x/y"
    for wrong in (
        get.replace("signed", "sined"),
        s3.generate_presigned_url("get_object", Params=where, ExpiresIn=-1),
        get.replace("ignature=", "ignature=0"),
    ):
        with pytest.raises(urllib.error.HTTPError) as error:
            urllib.request.urlopen(wrong)
        assert error.value.code in (400, 403)


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_checked(s3, algorithm):
    s3.put_object(Bucket="bkt", Key="sum", Body=b"right", ChecksumAlgorithm=algorithm)
    wrong = {
        "CRC32": "AAAAAA==",
        "SHA1": base64.b64encode(bytes(20)).decode(),
        "SHA256": base64.b64encode(bytes(32)).decode(),
    }[algorithm]
    assert (
        code(
            s3.put_object, Bucket="bkt", Key="sum", Body=b"wrong", **{f"Checksum{algorithm}": wrong}
        )
        == "BadDigest"
    )
    assert (
        code(
            s3.put_object,
            Bucket="bkt",
            Key="sum",
            Body=b"wrong",
            ContentMD5=base64.b64encode(bytes(16)).decode(),
        )
        == "BadDigest"
    )
    assert s3.get_object(Bucket="bkt", Key="sum")["Body"].read() == b"right"


def test_many_at_a_time(service):
    s3 = service.client("s3", max_pool_connections=20)

    def one(n):
        s3.put_object(Bucket="bkt", Key=f"many/{n % 10}", Body=bytes([n]) * 100000)
        body = s3.get_object(Bucket="bkt", Key=f"many/{n % 10}")["Body"].read()
        return len(body) == 100000 and len(set(body)) == 1

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        assert all(pool.map(one, range(100)))


def test_nothing_is_left_of_what_failed(service, s3):
    code(s3.put_object, Bucket="bkt", Key="no", Body=b"x", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")
    wait_until(
        lambda: not list((service.folder / ".hone/s3/.hone/tmp").iterdir()), "the bytes are dropped"
    )


def test_the_aws_cli(service, tmp_path):
    aws = pathlib.Path(sys.executable).parent / "aws"
    if not aws.exists():
        pytest.skip("the AWS CLI is not installed")
    (tmp_path / "d/sub").mkdir(parents=True)
    (tmp_path / "d/one").write_text("1")
    (tmp_path / "d/sub/two").write_text("2")

    def run(*words):
        done = subprocess.run(
            [sys.executable, str(aws), *words],
            env=service.environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("s3", "mb", "s3://cli-bucket")
    run("s3", "sync", str(tmp_path / "d"), "s3://cli-bucket/d")
    assert [line.split()[-1] for line in run("s3", "ls", "s3://cli-bucket/d/").splitlines()] == [
        "sub/",
        "one",
    ]
    assert run("s3", "cp", "s3://cli-bucket/d/sub/two", "-") == "2"
    assert "assumed-role/hone" in run("sts", "get-caller-identity")


def test_buckets_in_the_host(service):
    """As SDKs of other languages ask: BUCKET.localhost. The name may not be known to resolvers."""
    import hashlib

    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    service.client("s3").put_object(Bucket="bkt", Key="virtual/k", Body=b"hosted")
    host = f"bkt.localhost:{service.port}"
    request = AWSRequest("GET", f"http://{host}/virtual/k")
    request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(b"").hexdigest()
    S3SigV4Auth(Credentials(service.key, service.secret), "s3", "us-east-1").add_auth(request)
    head = "".join(f"{n}: {v}\r\n" for n, v in request.headers.items() if n.lower() != "host")
    status, answer = service.raw(
        f"GET /virtual/k HTTP/1.1\r\nHost: {host}\r\n{head}Connection: close\r\n\r\n".encode()
    )
    assert status == 200 and answer.endswith(b"\r\n\r\nhosted"), answer


def test_metadata_is_limited_however_an_object_comes(service):
    s3 = service.client("s3")
    much = {"Bucket": "hone", "Key": "m", "Metadata": {"a": "x" * 3000}}
    s3.put_object(Bucket="hone", Key="source", Body=b"1")
    assert code(s3.put_object, **much, Body=b"1") == "MetadataTooLarge"
    assert code(s3.create_multipart_upload, **much) == "MetadataTooLarge"
    copy = dict(much, CopySource="hone/source", MetadataDirective="REPLACE")
    assert code(s3.copy_object, **copy) == "MetadataTooLarge"
