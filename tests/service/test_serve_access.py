"""Who may ask: signatures, rights, Host, Origin, limits."""

import datetime
import hashlib
import os
import signal
import socket
import subprocess
import threading
import urllib.error
import urllib.request

import pytest

pytest.importorskip("boto3")
from botocore.auth import SigV4Auth  # noqa: E402
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials  # noqa: E402
from service import HONE, LIMIT_S, Service, code, wait_until  # noqa: E402


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with Service(tmp_path_factory.mktemp("serve")) as running:
        yield running


def get(url, **headers):
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=LIMIT_S
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def signed(
    service,
    target="SageMaker.ListTrainingJobs",
    body=b"{}",
    name="sagemaker",
    region="us-east-1",
    at=None,
):
    """A signed request of a JSON service, by botocore, as if made at another time."""
    request = AWSRequest(
        "POST",
        service.url + "/",
        data=body,
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target},
    )
    auth = SigV4Auth(Credentials(service.key, service.secret), name, region)
    if at is None:
        auth.add_auth(request)
    else:
        real = datetime.datetime

        class Then(real):
            @classmethod
            def utcnow(cls):
                return at

            @classmethod
            def now(cls, tz=None):
                return at.replace(tzinfo=tz)

        import botocore.auth

        if hasattr(botocore.auth, "get_current_datetime"):
            kept = botocore.auth.get_current_datetime
            botocore.auth.get_current_datetime = lambda *_, **__: at
        else:
            kept = None
        botocore.auth.datetime.datetime = Then
        try:
            auth.add_auth(request)
        finally:
            botocore.auth.datetime.datetime = real
            if kept:
                botocore.auth.get_current_datetime = kept
    return dict(request.headers)


def post(service, headers, body=b"{}"):
    try:
        with urllib.request.urlopen(
            urllib.request.Request(service.url + "/", body, headers), timeout=LIMIT_S
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_only_healthz_is_answered_without_credentials(service):
    assert get(service.url + "/healthz") == (200, "ok\n")
    assert get(service.url + "/metrics")[0] == 403
    assert get(service.url + "/metrics?token=wrong")[0] == 403
    assert get(service.url + "/")[0] == 403
    assert get(service.url + "/hone/x")[0] == 403
    status, body = post(service, {"X-Amz-Target": "SageMaker.ListTrainingJobs"})
    assert status == 403 and '"__type":"MissingAuthenticationTokenException"' in body
    status, body = post(
        service,
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"Action=GetCallerIdentity&Version=2011-06-15",
    )
    assert status == 403 and "<Code>MissingAuthenticationToken</Code>" in body
    status, text = get(service.url + "/metrics", Authorization=f"Bearer {service.token}")
    assert status == 200 and "hone_up 1" in text


def test_wrong_secrets_and_keys(service):
    for name, call, wrong_secret, wrong_key in (
        ("sts", "get_caller_identity", "SignatureDoesNotMatch", "InvalidClientTokenId"),
        ("s3", "list_buckets", "SignatureDoesNotMatch", "InvalidAccessKeyId"),
        (
            "sagemaker",
            "list_training_jobs",
            "InvalidSignatureException",
            "UnrecognizedClientException",
        ),
    ):
        assert code(getattr(service.client(name, secret="wrong"), call)) == wrong_secret
        assert code(getattr(service.client(name, key="HONENOBODY"), call)) == wrong_key


def test_times_and_scopes(service):
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    for minutes, good in ((-14, True), (14, True), (-16, False), (16, False)):
        headers = signed(
            service, target="SageMaker.NoSuch", at=now + datetime.timedelta(minutes=minutes)
        )
        status, body = post(service, headers)
        assert ("UnknownOperationException" in body) == good, (minutes, body)
        assert good or ("InvalidSignatureException" in body and "Signature expired" in body)
    status, body = post(service, signed(service, name="s3"))
    assert status == 403 and "InvalidSignatureException" in body and "sagemaker" in body


def test_says_that_sagemaker_is_not_there(service):
    status, body = post(service, signed(service, target="SageMaker.CreateHyperParameterTuningJob"))
    assert status == 400 and "UnknownOperationException" in body
    assert "no sagemaker action CreateHyperParameterTuningJob yet" in body


def test_a_request_that_was_changed(service):
    headers = signed(service)
    assert "InvalidSignatureException" in post(service, headers, b'{"MaxResults":1}')[1]
    assert (
        "InvalidSignatureException"
        in post(service, dict(headers, **{"X-Amz-Target": "SageMaker.DeleteTags"}))[1]
    )
    # A header of AWS that is added on the way is not signed.
    assert "InvalidSignatureException" in post(service, dict(headers, **{"X-Amz-Other": "1"}))[1]
    assert (
        "IncompleteSignatureException"
        in post(service, dict(headers, Authorization="AWS4-HMAC-SHA256 x"))[1]
    )
    assert (
        "IncompleteSignatureException"
        in post(service, dict(headers, Authorization="Basic eDp5"))[1]
    )


def test_a_reader_changes_nothing(service):
    credentials = service.folder / ".hone/credentials"
    before = credentials.read_text()
    credentials.write_text(before + "key looker HONELOOKER secretsecret read\n")
    service.client("s3").put_object(Bucket="hone", Key="kept", Body=b"1")
    s3 = service.client("s3", "HONELOOKER", "secretsecret")
    assert s3.get_object(Bucket="hone", Key="kept")["Body"].read() == b"1"
    assert s3.list_objects_v2(Bucket="hone")["KeyCount"] >= 1
    where = {"Bucket": "hone", "Key": "kept"}
    assert code(s3.put_object, **where, Body=b"2") == "AccessDenied"
    assert code(s3.delete_object, **where) == "AccessDenied"
    assert code(s3.create_bucket, Bucket="other") == "AccessDenied"
    assert code(s3.create_multipart_upload, **where) == "AccessDenied"
    assert code(s3.copy_object, **where, CopySource="hone/kept") == "AccessDenied"
    assert (
        code(s3.delete_objects, Bucket="hone", Delete={"Objects": [{"Key": "kept"}]})
        == "AccessDenied"
    )
    put = s3.generate_presigned_url("put_object", Params=where)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(urllib.request.Request(put, b"2", method="PUT"))
    sagemaker = service.client("sagemaker", "HONELOOKER", "secretsecret")
    for call, arguments in (
        (sagemaker.stop_training_job, {"TrainingJobName": "x"}),
        (sagemaker.delete_tags, {"ResourceArn": "x", "TagKeys": ["x"]}),
    ):
        assert code(call, **arguments) == "AccessDeniedException"
    assert s3.get_object(**where)["Body"].read() == b"1"
    # Keys change without a restart.
    credentials.write_text(before)
    assert code(s3.list_buckets) == "InvalidAccessKeyId"
    # A file with a mistake leaves what was read before, and it is told once.
    credentials.write_text("key half\n")
    for _ in range(2):
        assert code(service.client("s3").list_buckets) is None
    assert (service.folder / "err").read_text().count("credentials:1: a line is") == 1
    credentials.write_text(before)


def test_credentials_are_made_once_for_their_owner_alone(service):
    path = service.folder / ".hone/credentials"
    assert path.stat().st_mode & 0o777 == 0o600
    done = subprocess.run(
        [HONE, "serve", "--print-env", "--listen", f"127.0.0.1:{service.port}"],
        cwd=service.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = subprocess.run(
        ["/bin/sh", "-c", done.stdout + "env"], capture_output=True, text=True, check=True
    ).stdout
    for line in (
        f"AWS_ENDPOINT_URL={service.url}",
        f"AWS_ACCESS_KEY_ID={service.key}",
        f"AWS_SECRET_ACCESS_KEY={service.secret}",
    ):
        assert line in shown.splitlines()
    config = [
        line for line in shown.splitlines() if line.startswith("SAGEMAKER_USER_CONFIG_OVERRIDE=")
    ]
    assert "DefaultS3Bucket: hone" in open(config[0].split("=", 1)[1]).read()


def test_files_that_others_may_read_are_refused(tmp_path):
    (tmp_path / "credentials").write_text("key admin K S admin\n")
    (tmp_path / "credentials").chmod(0o644)
    done = subprocess.run(
        [HONE, "serve", "--listen", "127.0.0.1:0", "--credentials", "credentials"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3 and "chmod 600" in done.stderr


@pytest.mark.parametrize(
    "host, good",
    [
        ("127.0.0.1:1", True),
        ("localhost", True),
        ("[::1]:80", True),
        ("192.168.7.9", True),
        ("bkt.localhost", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
    ],
)
def test_hosts(service, host, good):
    status, answer = service.raw(
        f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    )
    assert (status == 200) == good, answer


def test_pages_of_other_origins(service):
    def ask(origin):
        return service.raw(
            f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nOrigin: {origin}\r\n"
            "Connection: close\r\n\r\n".encode()
        )[0]

    assert ask(service.url) == 200
    for origin in (
        "http://evil.example",
        "null",
        "https://127.0.0.1:1",
        service.url + ".evil.example",
    ):
        assert ask(origin) == 403


@pytest.mark.parametrize(
    "path",
    [
        b"/hone/..%2f..%2fcredentials",
        b"/hone/../../credentials",
        b"/../credentials",
        b"/..%2f/x",
        b"/.hone/tmp",
        b"/hone/%00",
        b"/hone/%",
        b"/hone/%zz",
        b"/hone/%ff",
        b"/%68one%2f..%2f..%2fcredentials",
    ],
)
def test_paths_that_try_to_leave(service, path):
    """Signed as they are, so that only the folder itself stands in the way."""
    request = AWSRequest(
        "GET", service.url + path.decode(), headers={"Host": f"127.0.0.1:{service.port}"}
    )
    from botocore.auth import S3SigV4Auth

    request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(b"").hexdigest()
    S3SigV4Auth(Credentials(service.key, service.secret), "s3", "us-east-1").add_auth(request)
    head = "".join(
        f"{name}: {value}\r\n" for name, value in request.headers.items() if name != "Host"
    )
    status, answer = service.raw(
        b"GET " + path + f" HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\n{head}"
        "Connection: close\r\n\r\n".encode()
    )
    assert status in (400, 403, 404), answer
    assert b"key admin" not in answer


@pytest.mark.parametrize(
    "text, statuses",
    [
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100000 + b"\r\n\r\n",
            (431, 413, None),
        ),
        (b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (414, 431, None)),
        (
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
            + b"A: b\r\n" * 150
            + b"Connection: close\r\n\r\n",
            (431,),
        ),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: SageMaker.X\r\n"
            b"Content-Length: 99999999\r\n\r\n",
            (413,),
        ),
        (b"\x00\xff / HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 403, None)),
        (b"GET / HTTP/1.1\r\n\r\n", (400, 403, None)),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: SageMaker.X\r\n"
            b"Connection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            (400, None),
        ),
    ],
)
def test_heads_and_bodies_are_limited(service, text, statuses):
    assert service.raw(text, until_closed=False)[0] in statuses
    assert get(service.url + "/healthz")[0] == 200


def test_bodies_of_strangers_take_no_memory(service):
    """Sixteen bodies of 3 MB from nobody, all of them but a byte there at once."""
    head = (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: SageMaker.X\r\n"
        f"Content-Length: {3 << 20}\r\n\r\n"
    ).encode()

    def metric(name):
        text = get(service.url + "/metrics", Authorization=f"Bearer {service.token}")[1]
        return int(text.split(f"\n{name} ")[1].split("\n")[0])

    before, came = metric("process_resident_memory_bytes"), metric("hone_received_bytes_total")
    clients = [socket.create_connection(("127.0.0.1", service.port), LIMIT_S) for _ in range(16)]
    for client in clients:
        client.sendall(head + bytes((3 << 20) - 1))
    wait_until(
        lambda: metric("hone_received_bytes_total") - came >= 16 * ((3 << 20) - 1),
        "the bodies arrive",
    )
    grown = metric("process_resident_memory_bytes") - before
    for client in clients:
        client.sendall(b"x")
        assert b"MissingAuthenticationToken" in client.recv(65536)
        client.close()
    assert grown < 16 << 20, grown


def test_json_that_is_none(service):
    for body in (
        b"",
        b"[",
        b"[]",
        b"1",
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b'{"a":1,"a":2}',
        b'{"a":"\xff"}',
        b'{"a":"\\u0000"}',
    ):
        status, answer = post(service, signed(service, body=body), body)
        assert status == 400, (body, answer)
        assert "SerializationException" in answer or body == b""


def test_expect_is_answered_before_the_body(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=LIMIT_S) as connection:
        connection.sendall(
            b"PUT /hone/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 403")  # not signed: no body is wanted


def test_slow_clients_are_shown_the_door(tmp_path):
    with Service(tmp_path, "--timeout", "1s") as service:
        closed = threading.Event()

        def drip():
            with socket.create_connection(("127.0.0.1", service.port)) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
                connection.settimeout(0.2)
                while True:
                    try:
                        connection.sendall(b"x")
                        if connection.recv(1) == b"":
                            break
                    except TimeoutError:
                        continue
                    except OSError:
                        break
                closed.set()

        threading.Thread(target=drip, daemon=True).start()
        assert closed.wait(LIMIT_S)
        assert get(service.url + "/healthz")[0] == 200


def test_it_ends_gracefully_and_starts_where_it_was(tmp_path):
    service = Service(tmp_path).start()
    service.client("s3").put_object(Bucket="hone", Key="k", Body=b"kept")
    key = service.key
    assert service.stop() == 0
    service.start(service.port)
    assert service.key == key
    assert service.client("s3").get_object(Bucket="hone", Key="k")["Body"].read() == b"kept"
    service.stop(signal.SIGKILL)
    with service:
        assert service.client("s3").get_object(Bucket="hone", Key="k")["Body"].read() == b"kept"
        # Who asked for what is in the log; secrets are not.
        service.client("sts").get_caller_identity()
        log = wait_until(lambda: service.log.read_text(), "a line is logged")
        wait_until(lambda: "admin POST" in service.log.read_text(), "the request is logged")
        assert service.secret not in log and "Signature" not in log


def test_tls(tmp_path):
    made = subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        cwd=tmp_path,
        capture_output=True,
    )
    if made.returncode != 0:
        pytest.skip("openssl makes no certificate")
    with Service(tmp_path, "--tls-cert", "cert.pem", "--tls-key", "key.pem") as service:
        import boto3
        from botocore.config import Config

        s3 = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=service.url,
            aws_access_key_id=service.key,
            aws_secret_access_key=service.secret,
            verify=str(tmp_path / "cert.pem"),
            config=Config(retries={"total_max_attempts": 1}),
        )
        # Over TLS, bodies come in chunks with their checksum behind them.
        s3.put_object(Bucket="hone", Key="k", Body=b"x" * 200000)
        assert s3.get_object(Bucket="hone", Key="k")["Body"].read() == b"x" * 200000
        big = os.urandom(9 << 20)
        import io

        s3.upload_fileobj(io.BytesIO(big), "hone", "big")
        back = io.BytesIO()
        s3.download_fileobj("hone", "big", back)
        assert back.getvalue() == big


def test_no_descriptor_is_lost(service):
    s3 = service.client("s3")
    s3.put_object(Bucket="hone", Key="fd", Body=b"1" * 1000)

    def open_files():
        return len(os.listdir(f"/proc/{service.process.pid}/fd"))

    def some():
        for _ in range(30):
            s3.get_object(Bucket="hone", Key="fd")["Body"].read()
            s3.list_objects_v2(Bucket="hone")
            code(s3.get_object, Bucket="hone", Key="none")
            code(s3.get_object, Bucket="hone", Key="fd", IfMatch='"0"')
            s3.put_object(Bucket="hone", Key="fd", Body=b"2" * 1000)

    some()
    before = open_files()
    some()
    assert open_files() <= before + 2
