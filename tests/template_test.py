"""Holds template.yaml against what it must say: each role's rights and no more, who may invoke what, inputs, versions.

The template is expanded as AWS expands it, offline. `.ci/run` installs what this needs.
"""

import json
import os
import pathlib
import re
import tomllib
import unittest

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

from cfnlint.decode import cfn_yaml
from samtranslator.translator.transform import transform

ROOT = pathlib.Path(__file__).parent.parent
FUNCTIONS = ["Collector", "Loader", "Reconciler", "Migrator", "Notifier", "Publisher"]

BUCKET = "arn:aws:s3:::cenovka-raw-123456789012-eu-central-1"
OBJECTS = f"{BUCKET}/raw/sreality/*"
DECISIONS = f"{BUCKET}/decisions/*"
PAUSE = f"{BUCKET}/pause.json"
WATCHES = f"{BUCKET}/watches.toml"
TOLD = f"{BUCKET}/told/*"
FEEDS = f"{BUCKET}/feeds/*"
LAKE = "arn:aws:s3:::cenovka-lake-123456789012-eu-central-1"
PAGE = "arn:aws:s3:::cenovka-page-123456789012-eu-central-1"
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}

LOADER_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:loader-AbCdEf"
MIGRATOR_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:migrator-AbCdEf"
NOTIFIER_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:notifier-AbCdEf"
PUBLISHER_SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:publisher-AbCdEf"
CHANNEL_SECRETS = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:channels-AbCdEf"

# All that each role may do: action, resource, condition.
RIGHTS = {
    "Collector": {
        ("s3:PutObject", OBJECTS, '{"Null": {"s3:if-none-match": "false"}}'),
        ("s3:GetObject", OBJECTS, ""),
        ("s3:GetObject", PAUSE, ""),
        ("s3:PutObject", PAUSE, ""),
        ("s3:ListBucket", BUCKET, '{"Null": {"s3:prefix": "true"}}'),
        ("sqs:SendMessage", "FailureQueue.Arn", ""),
    },
    "Loader": {
        ("secretsmanager:GetSecretValue", LOADER_SECRET, ""),
        ("s3:GetObject", OBJECTS, ""),
        ("s3:GetObject", DECISIONS, ""),
        ("s3:ListBucket", BUCKET, '{"StringLikeIfExists": {"s3:prefix": ["raw/sreality/*", "decisions/*"]}}'),
        ("sqs:SendMessage", "FailureQueue.Arn", ""),
        ("lambda:InvokeFunction", "NotifierFunction.Arn", ""),
    },
    "Reconciler": {
        ("secretsmanager:GetSecretValue", LOADER_SECRET, ""),
        ("s3:ListBucket", BUCKET, '{"StringLike": {"s3:prefix": "raw/sreality/*"}}'),
        ("lambda:InvokeFunction", "LoaderFunction.Arn", ""),
    },
    "Migrator": {("secretsmanager:GetSecretValue", MIGRATOR_SECRET, "")},
    "Notifier": {
        ("secretsmanager:GetSecretValue", NOTIFIER_SECRET, ""),
        ("secretsmanager:GetSecretValue", CHANNEL_SECRETS, ""),
        ("s3:GetObject", WATCHES, ""),
        ("s3:GetObject", TOLD, ""),
        ("s3:GetObject", FEEDS, ""),
        ("s3:PutObject", TOLD, ""),
        ("s3:PutObject", FEEDS, ""),
        ("s3:ListBucket", BUCKET, '{"StringLikeIfExists": {"s3:prefix": "told/*"}}'),
    },
    "Publisher": {
        ("secretsmanager:GetSecretValue", PUBLISHER_SECRET, ""),
        ("s3:GetObject", f"{LAKE}/lake/*", ""),
        ("s3:PutObject", f"{LAKE}/lake/*", ""),
        ("s3:DeleteObject", f"{LAKE}/lake/*", ""),
        ("s3:ListBucket", LAKE, '{"StringLikeIfExists": {"s3:prefix": "lake/*"}}'),
        ("s3:PutObject", f"{PAGE}/*", ""),
        ("s3:GetObject", f"{PAGE}/data/*", ""),
        ("s3:DeleteObject", f"{PAGE}/data/*", ""),
        ("s3:ListBucket", PAGE, '{"StringLikeIfExists": {"s3:prefix": "data/*"}}'),
        ("sqs:SendMessage", "FailureQueue.Arn", ""),
    },
}
# Rights that a role has only under a condition of the template. Those to a bucket, because without the condition there is
# none, and somebody else could have taken its name.
CONDITIONAL = {
    LOADER_SECRET: "HasLoaderSecret",
    MIGRATOR_SECRET: "HasMigratorSecret",
    NOTIFIER_SECRET: "HasNotifierSecret",
    CHANNEL_SECRETS: "HasChannelSecrets",
    "NotifierFunction.Arn": "Watched",
    PUBLISHER_SECRET: "HasPublisherSecret",
    LAKE: "Published",
    f"{LAKE}/lake/*": "Published",
    PAGE: "Shown",
    f"{PAGE}/*": "Shown",
    f"{PAGE}/data/*": "Shown",
}
# Those who reach Postgres, and so may have to be put into its network.
IN_NETWORK = {"Loader", "Reconciler", "Migrator", "Notifier", "Publisher"}

# What the functions ask of AWS, and the right that each call needs.
CALLS = {
    "put_object": "s3:PutObject",
    "head_object": "s3:GetObject",
    "get_object": "s3:GetObject",
    "delete_object": "s3:DeleteObject",
    "list_objects_v2": "s3:ListBucket",
    "invoke": "lambda:InvokeFunction",
    "get_secret_value": "secretsmanager:GetSecretValue",
}

# Who else may invoke a function: principal, function, what narrows it down.
INVOKERS = {
    ("events.amazonaws.com", "CollectorFunction", "CollectorFunctionFlats.Arn"),
    ("events.amazonaws.com", "CollectorFunction", "CollectorFunctionHouses.Arn"),
    ("events.amazonaws.com", "CollectorFunction", "CollectorFunctionLand.Arn"),
    ("events.amazonaws.com", "CollectorFunction", "CollectorFunctionNewAdverts.Arn"),
    ("events.amazonaws.com", "CollectorFunction", "CollectorFunctionSmall.Arn"),
    ("events.amazonaws.com", "ReconcilerFunction", "ReconcilerFunctionLostEvents.Arn"),
    ("events.amazonaws.com", "ReconcilerFunction", "ReconcilerFunctionOldObjects.Arn"),
    ("events.amazonaws.com", "NotifierFunction", "NotifierFunctionDue.Arn"),
    ("events.amazonaws.com", "PublisherFunction", "PublisherFunctionPublication.Arn"),
    ("s3.amazonaws.com", "LoaderFunction", "123456789012"),
}

# All that each function is told. The collector knows no database, the others no portal.
DATABASE = {"DATABASE_URL", "DATABASE_URL_SECRET", "PGSSLROOTCERT"}
EVERY = {"CENOVKA_RAW_BUCKET", "RUST_LOG", "AWS_ENDPOINT_URL"}
SETTINGS = {
    "Collector": {"CENOVKA_PORTAL_URL", "CENOVKA_REQUESTS_PER_SECOND", "CENOVKA_CONTACT", "CENOVKA_PORTAL_PERMISSION",
                  "CENOVKA_ROBOTS_TXT"},
    "Loader": DATABASE,
    "Reconciler": DATABASE | {"CENOVKA_LOADER_FUNCTION"},
    "Migrator": DATABASE,
    "Notifier": DATABASE | {"CENOVKA_CHANNEL_SECRETS", "CENOVKA_CHANNELS_PRIVATE"},
    "Publisher": DATABASE | {"CENOVKA_LAKE_BUCKET", "CENOVKA_SITE_BUCKET", "CENOVKA_PAGE_LISTINGS"},
}

# How the lake has what a mart has (docs/schema.md), in Athena's words.
ATHENAS_TYPES = {
    "bigint": "bigint",
    "integer": "int",
    "text": "string",
    "uuid": "string",
    "boolean": "boolean",
    "date": "date",
    "timestamp with time zone": "timestamp",
    "double precision": "double",
    "numeric": "double",
    "interval": "double",
}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def expanded():
    """The template after the SAM transform, with plain dictionaries and lists."""
    template = json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # As `sam deploy` leaves it, after the upload.
            resource["Properties"]["CodeUri"] = "s3://code/zip"

    class ManagedPolicies:
        def load(self):
            return {}

    return transform(template, {"AWS::Region": "eu-central-1"}, ManagedPolicies())


SOURCE = json.loads(json.dumps(cfn_yaml.load(str(ROOT / "template.yaml"))))
RESOURCES = expanded()["Resources"]
VALUES = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "cenovka",
    **{name: parameter["Default"] for name, parameter in SOURCE["Parameters"].items() if "Default" in parameter},
    "LoaderDatabaseSecret": LOADER_SECRET,
    "MigratorDatabaseSecret": MIGRATOR_SECRET,
    "NotifierDatabaseSecret": NOTIFIER_SECRET,
    "PublisherDatabaseSecret": PUBLISHER_SECRET,
    "ChannelSecrets": CHANNEL_SECRETS,
}


def text(value):
    """A value as CloudFormation would fill it in; what only a deployment knows stays a name."""
    match value:
        case {"Fn::Sub": [template, names]}:
            return re.sub(r"\$\{([^}]+)\}", lambda name: text(names.get(name[1], {"Ref": name[1]})), template)
        case {"Fn::Sub": template}:
            return text({"Fn::Sub": [template, {}]})
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"{resource}.{attribute}"
        case {"Ref": name}:
            return str(VALUES.get(name, name))
        case {"Fn::Join": [between, parts]}:
            return between.join(map(text, parts))
        case {"Fn::If": ["Whole", whole, small]}:
            return text(whole if VALUES["Plan"] == "whole" else small)
        case {"Fn::FindInMap": names}:
            mapping, key, attribute = map(text, names)
            return SOURCE["Mappings"][mapping][key][attribute]
        case _:
            return str(value)


def listed(value):
    return value if isinstance(value, list) else [value]


def of_type(kind):
    return {name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == kind}


def statements(document):
    """Each right of a policy: effect, action, resource, condition."""
    for statement in listed(document["Statement"]):
        match statement:
            case {"Fn::If": [needed, statement, {"Ref": "AWS::NoValue"}]}:
                assert needed == CONDITIONAL[text(statement["Resource"])]
        condition = json.dumps(statement["Condition"]) if "Condition" in statement else ""
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield statement["Effect"], action, text(resource), condition


def said_of(policy, sid):
    """The condition of a bucket policy's statement."""
    [statement] = [each for each in RESOURCES[policy]["Properties"]["PolicyDocument"]["Statement"] if each["Sid"] == sid]
    return json.dumps(statement["Condition"])


def widgets():
    return json.loads(text(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]))["widgets"]


class Rights(unittest.TestCase):
    def test_each_role_may_do_what_it_must_and_no_more(self):
        for name in FUNCTIONS:
            role = RESOURCES[f"{name}Role"]["Properties"]
            granted = [right for policy in role["Policies"] for right in statements(policy["PolicyDocument"])]
            self.assertEqual({effect for effect, *_ in granted}, {"Allow"}, name)
            logs = {(f"logs:{action}", f"{name}Logs.Arn", "") for action in ("CreateLogStream", "PutLogEvents")}
            self.assertEqual({tuple(right) for _, *right in granted}, RIGHTS[name] | logs, name)
            conditional = {statement["Fn::If"][0] for policy in role["Policies"]
                           for statement in policy["PolicyDocument"]["Statement"] if "Fn::If" in statement}
            self.assertEqual(conditional, {CONDITIONAL[resource] for _, resource, _ in RIGHTS[name] if resource in CONDITIONAL})

    def test_every_call_has_its_right_and_every_right_its_call(self):
        sources = [*ROOT.glob("functions/*/src/**/*.rs"), *ROOT.glob("shared/*/src/**/*.rs")]
        calls = {call for source in sources
                 for call in re.findall(r"\bclient\s*\.(\w+)\(\)\s*\.(?:bucket|function_name|secret_id)\(",
                                        source.read_text(encoding="utf-8"))}
        self.assertEqual(calls, set(CALLS))
        rights = {action for granted in RIGHTS.values() for action, *_ in granted}
        # Lambda itself sends to the queue, in the function's name.
        self.assertEqual(rights, set(CALLS.values()) | {"sqs:SendMessage"})

    def test_each_function_has_its_role_and_nobody_else_takes_it(self):
        functions = of_type("AWS::Lambda::Function")
        self.assertEqual(set(functions), {f"{name}Function" for name in FUNCTIONS})
        self.assertEqual(set(of_type("AWS::IAM::Role")), {f"{name}Role" for name in FUNCTIONS})
        for name in FUNCTIONS:
            self.assertEqual(text(functions[f"{name}Function"]["Role"]), f"{name}Role.Arn")
            trust = RESOURCES[f"{name}Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            lambda_itself = {"Service": "lambda.amazonaws.com"}
            self.assertEqual(trust, [{"Effect": "Allow", "Principal": lambda_itself, "Action": "sts:AssumeRole"}])

    def test_only_what_aws_cannot_narrow_is_granted_on_everything(self):
        policies = of_type("AWS::IAM::ManagedPolicy")
        actions = {
            "NetworkPolicy": "^ec2:[A-Za-z]+(NetworkInterfaces?|PrivateIpAddresses|Subnets)$",
            "TracingPolicy": "^xray:(PutTraceSegments|PutTelemetryRecords)$",
        }
        self.assertEqual(set(policies), set(actions))
        for name, policy in policies.items():
            for effect, action, resource, _ in statements(policy["PolicyDocument"]):
                self.assertEqual((effect, resource), ("Allow", "*"))
                self.assertRegex(action, actions[name])
        conditions = {name: RESOURCES[name]["Condition"] for name in policies}
        self.assertEqual(conditions, {"NetworkPolicy": "InVpc", "TracingPolicy": "Traced"})
        attached = {name: {"Fn::If": [conditions[name], {"Ref": name}, {"Ref": "AWS::NoValue"}]} for name in policies}
        for name in FUNCTIONS:
            expected = ["TracingPolicy", "NetworkPolicy"] if name in IN_NETWORK else ["TracingPolicy"]
            role = RESOURCES[f"{name}Role"]["Properties"]
            self.assertEqual(role["ManagedPolicyArns"], [attached[policy] for policy in expected], name)
            self.assertEqual("VpcConfig" in RESOURCES[f"{name}Function"]["Properties"], name in IN_NETWORK, name)

    def test_what_is_not_asked_for_is_not_granted(self):
        def given(parameter):
            return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}

        self.assertEqual(SOURCE["Conditions"]["HasLoaderSecret"], given("LoaderDatabaseSecret"))
        self.assertEqual(SOURCE["Conditions"]["HasMigratorSecret"], given("MigratorDatabaseSecret"))
        self.assertEqual(SOURCE["Conditions"]["HasNotifierSecret"], given("NotifierDatabaseSecret"))
        self.assertEqual(SOURCE["Conditions"]["HasChannelSecrets"], given("ChannelSecrets"))
        self.assertEqual(SOURCE["Conditions"]["HasPublisherSecret"], given("PublisherDatabaseSecret"))
        self.assertEqual(SOURCE["Conditions"]["Traced"], {"Fn::Equals": [{"Ref": "Tracing"}, "Active"]})
        self.assertEqual(SOURCE["Conditions"]["InVpc"],
                         {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "SubnetIds"}]}, ""]}]})
        for parameter in ("LoaderDatabaseSecret", "MigratorDatabaseSecret", "NotifierDatabaseSecret",
                          "PublisherDatabaseSecret", "ChannelSecrets", "SubnetIds"):
            self.assertEqual(SOURCE["Parameters"][parameter]["Default"], "")
        self.assertEqual(SOURCE["Parameters"]["Tracing"]["Default"], "PassThrough")

    def test_without_watches_nothing_starts_the_notifier(self):
        self.assertEqual(SOURCE["Conditions"]["Watched"], {"Fn::Equals": [{"Ref": "Watches"}, "on"]})
        self.assertEqual(SOURCE["Parameters"]["Watches"]["Default"], "off")
        rule = RESOURCES["NotifierFunctionDue"]["Properties"]
        self.assertEqual(rule["State"], {"Fn::If": ["Watched", "ENABLED", "DISABLED"]})
        destinations = RESOURCES["LoaderFunctionEventInvokeConfig"]["Properties"]["DestinationConfig"]
        told = {"Destination": {"Fn::GetAtt": ["NotifierFunction", "Arn"]}}
        self.assertEqual(destinations["OnSuccess"], {"Fn::If": ["Watched", told, {"Ref": "AWS::NoValue"}]})

    def test_without_a_lake_nothing_starts_the_publisher_and_there_is_nothing_of_it(self):
        on = {name: {"Fn::Equals": [{"Ref": name}, "on"]} for name in ("Lake", "Athena", "Page")}
        self.assertEqual(SOURCE["Conditions"]["Published"], on["Lake"])
        self.assertEqual(SOURCE["Conditions"]["Queried"], {"Fn::And": [on["Lake"], on["Athena"]]})
        self.assertEqual(SOURCE["Conditions"]["Shown"], {"Fn::And": [on["Lake"], on["Page"]]})
        for parameter in on:
            self.assertEqual(SOURCE["Parameters"][parameter]["Default"], "off")
        rule = RESOURCES["PublisherFunctionPublication"]["Properties"]
        self.assertEqual(rule["State"], {"Fn::If": ["Published", "ENABLED", "DISABLED"]})
        of_condition = {}
        for name, resource in RESOURCES.items():
            if resource.get("Condition") in ("Published", "Queried", "Shown"):
                of_condition.setdefault(resource["Condition"], set()).add(resource["Type"])
        self.assertEqual(of_condition, {
            "Published": {"AWS::S3::Bucket", "AWS::S3::BucketPolicy"},
            "Queried": {"AWS::Glue::Database", "AWS::Glue::Table"},
            "Shown": {"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::CloudFront::Distribution",
                      "AWS::CloudFront::OriginAccessControl", "AWS::CloudFront::CachePolicy",
                      "AWS::CloudFront::ResponseHeadersPolicy"},
        })
        # Nothing of Glue or CloudFront is there without its condition.
        for name, resource in RESOURCES.items():
            if resource["Type"].startswith(("AWS::Glue::", "AWS::CloudFront::")):
                self.assertIn(resource.get("Condition"), ("Queried", "Shown"), name)

    def test_nobody_else_may_invoke(self):
        permissions = of_type("AWS::Lambda::Permission").values()
        self.assertEqual({each["Action"] for each in permissions}, {"lambda:InvokeFunction"})
        narrowed = {
            (each["Principal"], text(each["FunctionName"]), text(each.get("SourceArn", each.get("SourceAccount"))))
            for each in permissions
        }
        self.assertEqual(narrowed, INVOKERS)
        self.assertEqual(of_type("AWS::Lambda::Url"), {})

    def test_buckets_and_queue_are_reached_over_tls_only(self):
        policies = {
            text(each.get("Bucket") or each["Queues"][0]): each["PolicyDocument"]
            for kind in ("AWS::S3::BucketPolicy", "AWS::SQS::QueuePolicy")
            for each in of_type(kind).values()
        }
        stores = set(of_type("AWS::S3::Bucket")) | set(of_type("AWS::SQS::Queue"))
        self.assertEqual(set(policies), stores)
        said = {name: set(statements(document)) for name, document in policies.items()}
        condition = json.dumps(WITHOUT_TLS)
        of_bucket = {name: {("Deny", "s3:*", arn, condition), ("Deny", "s3:*", f"{arn}/*", condition)}
                     for name, arn in (("RawBucket", BUCKET), ("LakeBucket", LAKE), ("PageBucket", PAGE))}
        of_bucket["PageBucket"].add(("Allow", "s3:GetObject", f"{PAGE}/*", said_of("PageBucketPolicy", "ServeByCloudFront")))
        self.assertEqual(said, {**of_bucket, "FailureQueue": {("Deny", "sqs:*", "FailureQueue.Arn", condition)}})
        for document in policies.values():
            self.assertEqual({each["Principal"] for each in document["Statement"] if each["Effect"] == "Deny"}, {"*"})

    def test_buckets_are_private_encrypted_and_outlive_the_stack_and_the_raw_one_keeps_versions(self):
        arns = {"RawBucket": BUCKET, "LakeBucket": LAKE, "PageBucket": PAGE}
        self.assertEqual(set(of_type("AWS::S3::Bucket")), set(arns))
        for name, arn in arns.items():
            bucket = RESOURCES[name]
            policies = (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"])
            self.assertEqual(policies, ("RetainExceptOnCreate", "Retain"))
            properties = bucket["Properties"]
            self.assertEqual(f"arn:aws:s3:::{text(properties['BucketName'])}", arn)
            # What the publisher deletes is to be gone.
            versions = {"Status": "Enabled"} if name == "RawBucket" else None
            self.assertEqual(properties.get("VersioningConfiguration"), versions, name)
            self.assertIn("BucketEncryption", properties)
            self.assertEqual(list(properties["PublicAccessBlockConfiguration"].values()), [True] * 4, name)
            unfinished = properties["LifecycleConfiguration"]["Rules"][-1]["AbortIncompleteMultipartUpload"]
            self.assertEqual(unfinished, {"DaysAfterInitiation": 7})
            if name != "RawBucket":
                self.assertNotIn("ExpirationInDays", json.dumps(properties), "a file may be named for years")


class Functions(unittest.TestCase):
    def test_each_function_is_told_what_it_needs_and_no_more(self):
        settings = read("docs/operating.md")
        for name in FUNCTIONS:
            told = set(RESOURCES[f"{name}Function"]["Properties"]["Environment"]["Variables"])
            self.assertEqual(told, SETTINGS[name] | EVERY, name)
            for setting in told:
                self.assertIn(f"`{setting}`", settings)

    def test_no_secret_stands_in_a_functions_configuration(self):
        self.assertNotIn("{{resolve:", read("template.yaml"))
        for name in FUNCTIONS[1:]:
            secret = "Loader" if name == "Reconciler" else name
            variables = RESOURCES[f"{name}Function"]["Properties"]["Environment"]["Variables"]
            self.assertEqual(variables["DATABASE_URL_SECRET"], {"Ref": f"{secret}DatabaseSecret"})
            self.assertEqual(variables["DATABASE_URL"], {"Ref": f"{secret}DatabaseUrl"})
        for parameter in ("LoaderDatabaseUrl", "MigratorDatabaseUrl", "NotifierDatabaseUrl", "PublisherDatabaseUrl",
                          "ChannelSecrets"):
            self.assertIs(SOURCE["Parameters"][parameter]["NoEcho"], True)
        channels = RESOURCES["NotifierFunction"]["Properties"]["Environment"]["Variables"]["CENOVKA_CHANNEL_SECRETS"]
        self.assertEqual(channels, {"Ref": "ChannelSecrets"})
        self.assertEqual(SOURCE["Parameters"]["ChannelSecrets"]["AllowedPattern"], "(arn:.+)?")

    def test_logs_and_metrics_pass_as_they_are_and_traces_are_a_choice(self):
        for name in FUNCTIONS:
            properties = RESOURCES[f"{name}Function"]["Properties"]
            self.assertEqual(properties["LoggingConfig"], {"LogGroup": {"Ref": f"{name}Logs"}})
            self.assertEqual(properties["TracingConfig"], {"Mode": {"Ref": "Tracing"}})

    def test_aws_is_asked_itself_and_a_local_invocation_can_name_another_endpoint(self):
        for name in FUNCTIONS:
            variables = RESOURCES[f"{name}Function"]["Properties"]["Environment"]["Variables"]
            # Not by an Fn::If with AWS::NoValue, of which `sam local invoke` makes an empty URL.
            self.assertEqual(variables["AWS_ENDPOINT_URL"], {"Ref": "AWS::NoValue"})

    def test_the_zips_are_those_that_cargo_lambda_makes(self):
        for name in FUNCTIONS:
            code = SOURCE["Resources"][f"{name}Function"]["Properties"]["CodeUri"]
            self.assertEqual(code, f"target/lambda/{name.lower()}/bootstrap.zip")

    def test_the_reconciler_has_time_for_the_longest_load(self):
        longest = int(re.search(r"LONGEST_LOAD: Duration = Duration::from_secs\((\d+)\)",
                                read("functions/reconciler/src/handler.rs"))[1])
        timeout = {name: RESOURCES[f"{name}Function"]["Properties"]["Timeout"] for name in FUNCTIONS}
        self.assertLessEqual(timeout["Loader"], longest)
        self.assertGreater(timeout["Reconciler"], 2 * longest)
        self.assertLess(timeout["Reconciler"], 15 * 60, "a run would meet the next one")
        self.assertGreater(RESOURCES["Schema"]["Properties"]["ServiceTimeout"], timeout["Migrator"])

    def test_alarms_on_time_know_the_functions_time(self):
        for name in ("Collector", "Loader", "Reconciler"):
            alarm = RESOURCES[f"{name}DurationAlarm"]["Properties"]
            self.assertEqual(text(alarm["Dimensions"][0]["Value"]), f"{name}Function")
            timeout = RESOURCES[f"{name}Function"]["Properties"]["Timeout"]
            self.assertEqual(alarm["Threshold"], 0.9 * 1000 * timeout, name)

    def test_schedules_send_the_events_that_are_tested(self):
        def inputs(plan):
            VALUES["Plan"] = plan
            return {name: json.loads(text(rule["Targets"][0]["Input"]))
                    for name, rule in of_type("AWS::Events::Rule").items()}

        def event(name):
            return json.loads(read(f"tests/events/{name}.json"))

        national, small, scheduled = map(event, ("collector-national", "collector-small", "reconciler-scheduled"))
        collected = {
            "CollectorFunctionFlats": event("collector-flats"),
            "CollectorFunctionHouses": event("collector-houses"),
            "CollectorFunctionLand": event("collector-land"),
            "CollectorFunctionNewAdverts": {**national, "since": "24h"},
            "CollectorFunctionSmall": small,
            "ReconcilerFunctionOldObjects": event("reconciler-everything"),
            "NotifierFunctionDue": event("notifier-every-5-minutes"),
            "PublisherFunctionPublication": event("publisher-scheduled"),
        }
        for plan, segments in (("small", small), ("whole", national)):
            # The reconciler looks after what the same plan has walked.
            self.assertEqual(inputs(plan), {**collected, "ReconcilerFunctionLostEvents": {**scheduled, **segments}})

    def test_the_parts_of_the_whole_market_are_further_apart_than_a_collection_can_last(self):
        times = []
        for part in ("Flats", "Houses", "Land"):
            rule = RESOURCES[f"CollectorFunction{part}"]["Properties"]
            minute, hour = re.match(r"cron\((\d+) (\d+) ", rule["ScheduleExpression"]).groups()
            times.append(3600 * int(hour) + 60 * int(minute))
        timeout = RESOURCES["CollectorFunction"]["Properties"]["Timeout"]
        self.assertTrue(all(after - before > timeout for before, after in zip(times, times[1:])), times)

    def test_the_day_is_published_after_its_walks_and_what_the_reconciler_repairs_of_them(self):
        def minutes(schedule):
            minute, hour = re.match(r"cron\((\d+) (\d+) ", schedule).groups()
            return 60 * int(hour) + int(minute)

        timeout = {name: RESOURCES[f"{name}Function"]["Properties"]["Timeout"] / 60 for name in FUNCTIONS}
        last = minutes(RESOURCES["CollectorFunctionLand"]["Properties"]["ScheduleExpression"]) + timeout["Collector"]
        scheduled = json.loads(read("tests/events/reconciler-scheduled.json"))
        repaired = last + scheduled["older_than_minutes"] + 15 + timeout["Reconciler"]
        self.assertGreater(minutes(VALUES["PublicationRate"]), repaired)

    def test_schedules_are_rules_and_not_those_of_eventbridge_scheduler(self):
        self.assertEqual(of_type("AWS::Scheduler::Schedule"), {}, "LocalStack has them without ever firing")
        for name, rule in of_type("AWS::Events::Rule").items():
            # AWS wants one target with its constant input, `1 hour` but `2 hours`, and six fields of a cron.
            self.assertIn("Input", rule["Targets"][0], name)
            self.assertRegex(text(rule["ScheduleExpression"]),
                             r"^(rate\((1 (minute|hour|day)|([2-9]|\d\d+) (minutes|hours|days))\)|cron\(\S+( \S+){5}\))$")

    def test_no_rule_sends_an_empty_event(self):
        for name, rule in of_type("AWS::Events::Rule").items():
            self.assertTrue(json.loads(text(rule["Targets"][0]["Input"])), f"LocalStack would not send {name}'s")

    def test_an_object_is_left_to_its_own_event_through_all_of_lambdas_tries(self):
        waits = [60, 120]  # of AWS, before the second and the third try; LocalStack's are seconds
        retries = {text(each["FunctionName"]): each for each in of_type("AWS::Lambda::EventInvokeConfig").values()}
        loader = retries["LoaderFunction"]
        self.assertEqual(loader["MaximumRetryAttempts"], len(waits))
        longest = sum(waits) + (len(waits) + 1) * RESOURCES["LoaderFunction"]["Properties"]["Timeout"]
        self.assertLess(longest, loader["MaximumEventAgeInSeconds"], "the last try would never come")
        publisher = retries["PublisherFunction"]
        longest_publication = sum(waits) + (len(waits) + 1) * RESOURCES["PublisherFunction"]["Properties"]["Timeout"]
        self.assertEqual(publisher["MaximumRetryAttempts"], len(waits))
        self.assertLess(longest_publication, publisher["MaximumEventAgeInSeconds"])
        reconciler = json.loads(text(of_type("AWS::Events::Rule")["ReconcilerFunctionLostEvents"]["Targets"][0]["Input"]))
        self.assertLess(longest, 60 * reconciler["older_than_minutes"], "the reconciler would overtake it")

    def test_what_fails_for_good_goes_to_the_queue_as_a_record(self):
        for each in of_type("AWS::Lambda::EventInvokeConfig").values():
            name = text(each["FunctionName"])
            destination = each.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            self.assertEqual(destination and text(destination),
                             None if name in ("ReconcilerFunction", "NotifierFunction") else "FailureQueue.Arn", name)
        for name in FUNCTIONS:
            # A dead-letter queue would get the event without the reason.
            self.assertNotIn("DeadLetterConfig", RESOURCES[f"{name}Function"]["Properties"])

    def test_a_run_of_the_collector_is_never_tried_again(self):
        retries = {text(each["FunctionName"]): each["MaximumRetryAttempts"]
                   for each in of_type("AWS::Lambda::EventInvokeConfig").values()}
        self.assertEqual(retries, {"CollectorFunction": 0, "LoaderFunction": 2, "ReconcilerFunction": 0,
                                   "NotifierFunction": 0, "PublisherFunction": 2})

    def test_a_new_version_or_schema_invokes_the_migrator(self):
        schema = RESOURCES["Schema"]["Properties"]
        self.assertEqual(schema["Version"], tomllib.loads(read("Cargo.toml"))["workspace"]["package"]["version"])
        # Which, a test of the migrator's says.
        self.assertRegex(schema["Digest"], "^[0-9a-f]{32}$")
        for name in ("Loader", "Reconciler", "Notifier", "Publisher"):
            self.assertIn("Schema", listed(RESOURCES[f"{name}Function"]["DependsOn"]))


class Lake(unittest.TestCase):
    def datasets(self):
        """The publisher's datasets and their marts."""
        found = re.findall(r'name: "(\w+)",\s+mart: "(\w+)",', read("functions/publisher/src/dataset.rs"))
        self.assertEqual(len(found), 6)
        return dict(found)

    def test_athena_has_each_dataset_as_its_mart_is_documented(self):
        tables = {table["TableInput"]["Name"]: table["TableInput"] for table in of_type("AWS::Glue::Table").values()}
        datasets = self.datasets()
        self.assertEqual(set(tables), set(datasets))
        for dataset, mart in datasets.items():
            documented = read("docs/schema.md").split(f"### mart.{mart}\n")[1].split("\n###")[0]
            rows = re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", documented, re.M)
            self.assertTrue(rows, mart)
            columns = [{"Name": f"{name}_seconds" if kind == "interval" else name, "Type": ATHENAS_TYPES[kind]}
                       for name, kind in rows]
            self.assertEqual(tables[dataset]["StorageDescriptor"]["Columns"], columns, dataset)
            self.assertIn(f"mart.{mart},", tables[dataset]["Description"])

    def test_athenas_tables_read_the_list_of_files_of_one_publication(self):
        # As functions/publisher/src/manifest.rs names them.
        self.assertIn('format!("lake/symlinks/{dataset}/{}/files.txt", self.publication)',
                      read("functions/publisher/src/manifest.rs"))
        for table in of_type("AWS::Glue::Table").values():
            described = table["TableInput"]
            folder = f"s3://cenovka-lake-123456789012-eu-central-1/lake/symlinks/{described['Name']}/"
            storage, parameters = described["StorageDescriptor"], described["Parameters"]
            self.assertEqual(text(storage["Location"]), folder)
            # Filled in by Athena, not by CloudFormation.
            template = parameters["storage.location.template"]["Fn::Sub"]
            self.assertTrue(template.endswith(f"/lake/symlinks/{described['Name']}/${{!publication}}/"), template)
            self.assertEqual(described["PartitionKeys"], [{"Name": "publication", "Type": "string"}])
            self.assertEqual((parameters["projection.enabled"], parameters["projection.publication.type"]),
                             ("true", "injected"))
            self.assertEqual(storage["InputFormat"], "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat")
            self.assertEqual(table["DatabaseName"], {"Ref": "LakeDatabase"})


class Page(unittest.TestCase):
    def setUp(self):
        self.distribution = RESOURCES["PageDistribution"]["Properties"]["DistributionConfig"]

    def test_only_this_distribution_reads_the_bucket(self):
        policy = RESOURCES["PageBucketPolicy"]["Properties"]["PolicyDocument"]
        [allowed] = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
        self.assertEqual(allowed["Principal"], {"Service": "cloudfront.amazonaws.com"})
        self.assertEqual(text(allowed["Condition"]["ArnEquals"]["aws:SourceArn"]),
                         "arn:aws:cloudfront::123456789012:distribution/PageDistribution")
        access = RESOURCES["PageAccess"]["Properties"]["OriginAccessControlConfig"]
        self.assertEqual((access["SigningBehavior"], access["SigningProtocol"]), ("always", "sigv4"))
        [origin] = self.distribution["Origins"]
        self.assertEqual(origin["OriginAccessControlId"], {"Fn::GetAtt": ["PageAccess", "Id"]})

    def test_it_is_served_over_tls_with_the_headers_that_let_nothing_foreign_in(self):
        behavior = self.distribution["DefaultCacheBehavior"]
        self.assertEqual(behavior["ViewerProtocolPolicy"], "redirect-to-https")
        self.assertEqual((behavior["AllowedMethods"], behavior["Compress"]), (["GET", "HEAD"], True))
        self.assertNotIn("CacheBehaviors", self.distribution, "they would have headers of their own")
        self.assertEqual(behavior["ResponseHeadersPolicyId"], {"Ref": "PageHeaders"})
        headers = RESOURCES["PageHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        self.assertEqual({header["Override"] for header in headers.values()}, {True})
        policy = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]
        self.assertTrue(policy.startswith("default-src 'none'; "), policy)
        self.assertNotRegex(policy, "unsafe|https?:|[*]")
        # The same as without AWS, with which the page is tested.
        self.assertIn(f'Content-Security-Policy "{policy}"', read("compose/page.conf"))
        [local] = re.findall(r'const POLICY: &str = "([^"]+)"', read("cli/src/site/server.rs"))
        self.assertEqual(re.sub(r"\\\n\s*", "", local), policy)
        self.assertEqual(headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"], 365 * 86400)
        certificate = self.distribution["ViewerCertificate"]["Fn::If"]
        self.assertEqual((certificate[0], certificate[1]["MinimumProtocolVersion"]), ("HasPageDomain", "TLSv1.2_2021"))

    def test_files_are_cached_as_long_as_the_publisher_says_and_what_says_nothing_for_a_minute(self):
        policy = RESOURCES["PageCachePolicy"]["Properties"]["CachePolicyConfig"]
        self.assertEqual([policy[ttl] for ttl in ("MinTTL", "DefaultTTL", "MaxTTL")], [0, 60, 365 * 86400])
        custom = RESOURCES["PageHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["CustomHeadersConfig"]["Items"]
        self.assertEqual(custom, [{"Header": "Cache-Control", "Value": "public, max-age=60", "Override": False}])
        publisher = read("functions/publisher/src/page.rs")
        self.assertIn('"public, max-age=31536000, immutable"', publisher)
        self.assertEqual(self.distribution["DefaultRootObject"], "index.html")


class Operation(unittest.TestCase):
    def test_alarms_and_dashboard_know_the_metrics_that_the_functions_write(self):
        """As docs/metrics.md lists them; the end-to-end tests hold the functions to that."""
        written = set()
        for line in read("docs/metrics.md").splitlines():
            match [cell.strip() for cell in line.replace("`", "").split("|")]:
                case ["", metric, function, _unit, also_by, _what, ""] if metric[0].isupper():
                    for name in FUNCTIONS if function == "every" else [function.capitalize()]:
                        written |= {(metric, f"{name}Function", ""), (metric, f"{name}Function", also_by)}
        alarms = of_type("AWS::CloudWatch::Alarm").values()
        watched = set()
        for alarm in alarms:
            if not alarm["Namespace"].startswith("AWS/"):
                self.assertEqual(alarm["Namespace"], "Cenovka")
                [function, *also_by] = alarm["Dimensions"]
                self.assertEqual(function["Name"], "Function")
                watched.add((alarm["MetricName"], text(function["Value"]), "".join(each["Name"] for each in also_by)))
        self.assertGreaterEqual(len(watched), 9)
        self.assertLessEqual(watched, written)
        for widget in widgets():
            for namespace, metric, *dimensions in widget["properties"].get("metrics", []):
                if namespace == "Cenovka":
                    names = [each for each in dimensions if isinstance(each, str)]
                    self.assertEqual(names[0], "Function")
                    self.assertIn((metric, names[1], "".join(names[2::2])), written)

    def test_without_a_record_staleness_is_alarming_and_with_a_lake_that_nothing_is_published(self):
        missing = {name: alarm["TreatMissingData"] for name, alarm in of_type("AWS::CloudWatch::Alarm").items()
                   if alarm["TreatMissingData"] != "notBreaching"}
        if_published = {"Fn::If": ["Published", "breaching", "notBreaching"]}
        self.assertEqual(missing, {"StalenessAlarm": "breaching", "PublicationAlarm": if_published})
        self.assertEqual(RESOURCES["StalenessAlarm"]["Properties"]["Threshold"], 26 * 3600)
        publication = RESOURCES["PublicationAlarm"]["Properties"]
        self.assertEqual(publication["Period"] * publication["EvaluationPeriods"], 26 * 3600)
        # CloudWatch's limits: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
            days = 7 if alarm["Period"] >= 3600 else 1
            self.assertLessEqual(alarm["Period"] * alarm["EvaluationPeriods"], days * 86400, name)

    def test_every_alarm_goes_to_the_topic(self):
        topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
        for name, alarm in of_type("AWS::CloudWatch::Alarm").items():
            self.assertEqual(alarm["AlarmActions"], topic, name)

    def test_the_dashboard_is_json_and_shows_every_alarm(self):
        shown = {arn for widget in widgets() for arn in widget["properties"].get("alarms", [])}
        self.assertEqual(shown, {f"{name}.Arn" for name in of_type("AWS::CloudWatch::Alarm")})


if __name__ == "__main__":
    unittest.main()
