"""What Cenovka relies on in AWS, a probe each: whether a running emulator does the same.

A probe returns True (the table's "yes"), False ("no"), or in few words what is different.
"""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote_plus

from emulator import TIMEOUT, Emulator, Never, error_of, until, zipped

PROBES = {}


def behaviour(words: str):
    def add(probe):
        PROBES[words] = probe
        return probe

    return add


# ---- Objects ---------------------------------------------------------------------------------------------------------


@behaviour("`If-None-Match: *`: a second put of a key is refused with 412, the first stays")
def _(aws: Emulator):
    put = {"Bucket": aws.bucket(), "Key": "once", "IfNoneMatch": "*"}
    aws.s3.put_object(Body=b"first", **put)
    code = error_of(aws.s3.put_object, Body=b"second", **put)
    kept = aws.s3.get_object(Bucket=put["Bucket"], Key="once")["Body"].read()
    return (code, kept) == ("PreconditionFailed", b"first") or f"{code}, {kept.decode()} stays"


@behaviour("of eight such puts at once, one stores")
def _(aws: Emulator):
    put = {"Bucket": aws.bucket(), "Key": "once", "IfNoneMatch": "*"}
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda n: error_of(aws.s3.put_object, Body=b"%d" % n, **put), range(8)))
    return codes.count(None) == 1


@behaviour("a put whose CRC32 is wrong is refused")
def _(aws: Emulator):
    put = {"Bucket": aws.bucket(), "Key": "object", "Body": b"body", "ChecksumCRC32": "AAAAAA=="}
    return error_of(aws.s3.put_object, **put) is not None


@behaviour("lists come in pages, ordered by bytes, from `StartAfter` on")
def _(aws: Emulator):
    bucket, keys = aws.bucket(), ["a/1", "a/10", "a/2", "a/Z", "a/a"]
    for key in reversed(keys):
        aws.s3.put_object(Bucket=bucket, Key=key)
    pages = aws.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix="a/", StartAfter="a/1", PaginationConfig={"PageSize": 2}
    )
    listed = [[entry["Key"] for entry in page["Contents"]] for page in pages]
    return listed == [["a/10", "a/2"], ["a/Z", "a/a"]]


@behaviour("a part of an object is read by `Range`")
def _(aws: Emulator):
    bucket = aws.bucket()
    aws.s3.put_object(Bucket=bucket, Key="object", Body=b"0123456789")
    part = aws.s3.get_object(Bucket=bucket, Key="object", Range="bytes=2-4")
    return (part["Body"].read(), part["ContentRange"]) == (b"234", "bytes 2-4/10")


@behaviour("a missing object is `NoSuchKey`")
def _(aws: Emulator):
    return error_of(aws.s3.get_object, Bucket=aws.bucket(), Key="missing") == "NoSuchKey"


@behaviour("earlier versions of an object are kept, also when it is deleted")
def _(aws: Emulator):
    bucket = aws.bucket()
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = aws.s3.put_object(Bucket=bucket, Key="object", Body=b"first")["VersionId"]
    aws.s3.put_object(Bucket=bucket, Key="object", Body=b"second")
    aws.s3.delete_object(Bucket=bucket, Key="object")
    kept = aws.s3.get_object(Bucket=bucket, Key="object", VersionId=first)["Body"].read()
    return kept == b"first" and error_of(aws.s3.get_object, Bucket=bucket, Key="object") == "NoSuchKey"


@behaviour("a bucket's policy that denies HTTP without TLS")
def _(aws: Emulator):
    bucket = aws.bucket()
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}/*"}
    deny["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    kept = json.loads(aws.s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"] == [deny]
    refused = error_of(aws.s3.put_object, Bucket=bucket, Key="object") == "AccessDenied"
    return kept and (refused or "kept, not enforced")


# ---- Events of objects -----------------------------------------------------------------------------------------------


@behaviour("a put starts the function, with bucket, key, size, ETag and time")
def _(aws: Emulator):
    record = aws.event_of_put("raw/object", b"12345")
    about = record["s3"]["object"]
    told = (record["eventSource"], record["eventName"], about["key"], about["size"], about["eTag"])
    wanted = ("aws:s3", "ObjectCreated:Put", "raw/object", 5, "827ccb0eea8a706c4c34a16891f84e7b")
    return told == wanted and "eventTime" in record and record["s3"]["bucket"]["name"].startswith(aws.prefix)


@behaviour("only with the prefix and suffix of the notification")
def _(aws: Emulator):
    bucket, function = aws.bucket(), aws.function()
    aws.notify(bucket, function, Prefix="raw/", Suffix=".zst")
    for key in ("other/a.zst", "raw/b.json", "raw/c.zst"):
        aws.s3.put_object(Bucket=bucket, Key=key)
    aws.noted(function)
    time.sleep(2)
    return [note["event"]["Records"][0]["s3"]["object"]["key"] for note in aws.notes(function)] == ["raw/c.zst"]


@behaviour("the key `a b+č` is written `a+b%2B%C4%8D`")
def _(aws: Emulator):
    key = aws.event_of_put("a b+č")["s3"]["object"]["key"]
    return key == "a+b%2B%C4%8D" or f"`{key}`" + ("" if unquote_plus(key) == "a b+č" else ", another key")


@behaviour("`sequencer` grows with each put of a key")
def _(aws: Emulator):
    bucket, function = aws.bucket(), aws.function()
    aws.notify(bucket, function)
    sequencers = []
    for number in range(3):
        aws.s3.put_object(Bucket=bucket, Key="object")
        record = aws.noted(function, number + 1)[-1]["event"]["Records"][0]
        sequencers.append(record["s3"]["object"].get("sequencer", ""))
    if len(set(sequencers)) == 1:
        return "constant"
    return [int(one, 16) for one in sequencers] == sorted({int(one, 16) for one in sequencers}) or "no order"


# ---- Functions -------------------------------------------------------------------------------------------------------


@behaviour("`provided.al2023` runs without Docker, with its variables")
def _(aws: Emulator):
    return aws.invoke(aws.function())["setting"] == "first"


@behaviour("code that `deploy` has not uploaded does not run (in AWS, rights decide)")
def _(aws: Emulator):
    mark = aws.notes_file.with_name(aws.name())
    answer = aws.invoke(aws.function(code=zipped(f"#!/bin/sh\ntouch '{mark}'\n".encode())))
    return "FunctionError" in answer and not mark.exists()


@behaviour("a function is told its deadline, its ARN and a trace")
def _(aws: Emulator):
    function = aws.function()
    headers = aws.invoke(function)["headers"]
    left = int(headers["lambda-runtime-deadline-ms"]) / 1000 - aws.notes(function)[0]["at"]
    missing = [] if TIMEOUT - 2 < left < TIMEOUT + 0.1 else ["deadline"]
    missing += [] if headers.get("lambda-runtime-invoked-function-arn") == aws.arn(function) else ["ARN"]
    missing += [] if headers.get("lambda-runtime-trace-id", "").startswith("Root=1-") else ["trace"]
    return not missing or f"not its {' and '.join(missing)}"


@behaviour("a changed variable is there at the next invocation")
def _(aws: Emulator):
    function = aws.function()
    aws.invoke(function)
    aws.lambda_.update_function_configuration(FunctionName=function, Environment=aws.environment("second"))
    aws.lambda_.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 1})
    return aws.invoke(function)["setting"] == "second"


@behaviour("a function's error: `Unhandled`, with its type")
def _(aws: Emulator):
    answer = aws.invoke(aws.function(), fail="wanted")
    return (answer.get("FunctionError"), answer.get("errorType")) == ("Unhandled", "Wanted")


@behaviour("one that exits: `Runtime.ExitError`; the next invocation is served")
def _(aws: Emulator):
    function = aws.function()
    kind = aws.invoke(function, exit=7).get("errorType")
    return aws.invoke(function).get("setting") == "first" and (kind == "Runtime.ExitError" or f"`{kind}`")


@behaviour("one that takes too long: `Sandbox.Timedout`; the next invocation is served")
def _(aws: Emulator):
    function = aws.function()
    kind = aws.invoke(function, sleep=20).get("errorType")
    return aws.invoke(function).get("setting") == "first" and (kind == "Sandbox.Timedout" or f"`{kind}`")


@behaviour("logs with START, what is printed, END and REPORT")
def _(aws: Emulator):
    function = aws.function()
    aws.invoke(function, print="printed")

    def logged():
        events = aws.logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        text = " ".join(event["message"] for event in events)
        return all(word in text for word in ("START RequestId", "printed", "END RequestId", "REPORT RequestId"))

    return until(lambda: error_of(logged) is None and logged())


@behaviour("metrics that are in the logs are extracted")
def _(aws: Emulator):
    about = {"Namespace": aws.name(), "Dimensions": [[]], "Metrics": [{"Name": "Wanted"}]}
    metric = {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [about]}, "Wanted": 1}
    aws.invoke(aws.function(), print=metric)
    return bool(until(lambda: aws.cloudwatch.list_metrics(Namespace=about["Namespace"])["Metrics"], 10))


# ---- Asynchronous invocations ----------------------------------------------------------------------------------------


@behaviour("a failed asynchronous invocation is tried twice more, the second time after twice the delay")
def _(aws: Emulator):
    function = aws.function()
    aws.send(function, fail="wanted")
    first, second, third = (note["at"] for note in aws.noted(function, 3, 60))
    ratio = (third - second) / (second - first)
    return 1.5 < ratio < 2.5 or f"after {ratio:.0f} times the delay"


@behaviour("what failed comes to the failure queue, with request and error")
def _(aws: Emulator):
    record = aws.failure(fail="wanted")
    return (record["requestPayload"], record["responsePayload"].get("errorType")) == ({"fail": "wanted"}, "Wanted")


@behaviour("and with version, condition, count of attempts and the function's qualified ARN")
def _(aws: Emulator):
    record = aws.failure(fail="wanted")
    context = record["requestContext"]
    wrong = [] if record.get("version") == "1.0" else ["version"]
    wrong += [] if context.get("condition") == "RetriesExhausted" else ["condition"]
    wrong += [] if context.get("approximateInvokeCount") == 1 else ["count"]
    wrong += [] if context.get("functionArn", "").endswith(":$LATEST") else ["ARN"]
    return not wrong or f"wrong: {', '.join(wrong)}"


@behaviour("reserved concurrency that is used up: a synchronous invocation gets 429")
def _(aws: Emulator):
    function = aws.function(reserved=1)
    aws.send(function, sleep=2)
    aws.noted(function)
    return error_of(aws.invoke, function=function) == "TooManyRequestsException"


@behaviour("an asynchronous one waits and is served: twelve of twelve")
def _(aws: Emulator):
    function = aws.function(reserved=1)
    for _number in range(12):
        aws.send(function, sleep=0.5)
    try:
        aws.noted(function, 12, 90)
    except Never:
        return "no: some are lost"
    return True


# ---- Rules, queues, secrets ------------------------------------------------------------------------------------------


@behaviour("a rule with `rate(1 minute)` fires, with its constant input")
def _(aws: Emulator):
    rule, function = aws.name(), aws.function()
    aws.events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
    target = {"Id": "function", "Arn": aws.arn(function), "Input": json.dumps({"constant": "input"})}
    aws.events.put_targets(Rule=rule, Targets=[target])
    return aws.noted(function, 1, 100)[0]["event"] == {"constant": "input"}


@behaviour("a message that was received hides, comes again, and is gone once deleted")
def _(aws: Emulator):
    url, _arn = aws.queue(VisibilityTimeout="2")
    aws.sqs.send_message(QueueUrl=url, MessageBody="{}")

    def received():
        return aws.sqs.receive_message(QueueUrl=url).get("Messages")

    hidden = until(received) and not received()
    message = until(received)[0]
    aws.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    time.sleep(3)
    return hidden and not received()


@behaviour("a secret is read by its ARN, in its latest version")
def _(aws: Emulator):
    arn = aws.secrets.create_secret(Name=aws.name(), SecretString="first")["ARN"]
    aws.secrets.put_secret_value(SecretId=arn, SecretString="second")
    return aws.secrets.get_secret_value(SecretId=arn)["SecretString"] == "second"


# ---- CloudFormation: what comes of template.yaml beside this file ----------------------------------------------------


@behaviour("a template with the SAM transform is deployed, and updated")
def _(aws: Emulator):
    return bool(aws.stack())


@behaviour("its S3 event starts the function, and only with the prefix")
def _(aws: Emulator):
    name = aws.stack()
    for key in ("other/a", "raw/b"):
        aws.s3.put_object(Bucket=name, Key=key)
    events = until(lambda: [note["event"] for note in aws.notes(name) if "Records" in note["event"]])
    time.sleep(1)
    return [event["Records"][0]["s3"]["object"]["key"] for event in events] == ["raw/b"]


@behaviour("its failure queue gets what failed, after as many tries as it says")
def _(aws: Emulator):
    name = aws.stack()
    aws.send(name, fail="once")
    aws.message(aws.sqs.get_queue_url(QueueName=name)["QueueUrl"])
    return len([note for note in aws.notes(name) if note["event"] == {"fail": "once"}]) == 1


@behaviour("`ReservedConcurrentExecutions` is set")
def _(aws: Emulator):
    return aws.lambda_.get_function_concurrency(FunctionName=aws.stack()).get("ReservedConcurrentExecutions") == 2


@behaviour("a custom resource is made by its function, and updated when a property changes")
def _(aws: Emulator):
    name = aws.stack()
    made = [note["event"]["RequestType"] for note in aws.notes(name) if "ResponseURL" in note["event"]]
    return made == ["Create", "Update"] or (f"only {' and '.join(made)}" if made else False)


@behaviour("an update changes a rule's schedule")
def _(aws: Emulator):
    rules = aws.events.list_rule_names_by_target(TargetArn=aws.arn(aws.stack()))["RuleNames"]
    return [aws.events.describe_rule(Name=rule)["ScheduleExpression"] for rule in rules] == ["rate(2 hours)"]


@behaviour("logs are kept as long as it says")
def _(aws: Emulator):
    groups = aws.logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{aws.stack()}")["logGroups"]
    return [group.get("retentionInDays") for group in groups] == [30]


@behaviour("its alarm goes off when its metric says so")
def _(aws: Emulator):
    name = aws.stack()

    def in_alarm():
        aws.cloudwatch.put_metric_data(Namespace=name, MetricData=[{"MetricName": "Wanted", "Value": 1}])
        [alarm] = aws.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarm["StateValue"] == "ALARM"

    return until(in_alarm, 45)


@behaviour("its dashboard is made")
def _(aws: Emulator):
    return error_of(aws.cloudwatch.get_dashboard, DashboardName=aws.stack()) is None
