#!/usr/bin/env python3
"""Validates template.yaml without an AWS account, and proves that the validation can fail.

`sam validate --lint` lets a wrong enum, a wrong reference and a wrong runtime pass, because it lints
what SAM reads and not what CloudFormation gets. So: translate as SAM does, lint the result, then ask the
role's policy what it allows. The same is then done with broken templates; each must be caught.
"""

import fnmatch
import json
import logging
import os
import pathlib
import re
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # samtranslator asks for one.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)  # It regrets not sending any.

from cfnlint.api import lint
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "tollgate",
}
PLACE = "us-east-1:123456789012"
TABLE = f"arn:aws:dynamodb:{PLACE}:table/Table"
LOG = f"arn:aws:logs:{PLACE}:log-group:Log:*"
PARAMETER = f"arn:aws:ssm:{PLACE}:parameter"
KMS_KEY = f"arn:aws:kms:{PLACE}:key/1"
ARNS = {"Table": TABLE, "Log": LOG}
MODEL = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-6"

# As the code names them, so that a new kind of limit does not first fail in production.
LIMITS = re.findall(r'^    row\("(\w+)",', (ROOT / "src/quota/limits.rs").read_text(), re.MULTILINE)
assert LIMITS, "no limits in src/quota/limits.rs"
GUARDS = ["state", "hash", "shape", "used_ms", "leases"]
FIGURES = [name for limit in LIMITS for name in (limit, f"{limit}:9f86d08188")]
COUNTERS = FIGURES + [f"{name}@29940987" for name in FIGURES]
SETTLED = [name for counter in (f"{figure}@29940986" for figure in FIGURES) for name in (counter, f"{counter}.spent")]
USAGE = [
    "requests", "tokens_in", "tokens_cached", "tokens_out", "nano_usd", "kept_tokens", "kept_nano_usd",
    "bound_violations", "team", "ttl",
]


def update(partition, *attributes):
    names = ["pk", "sk", *attributes]
    return "dynamodb:UpdateItem", TABLE, {"dynamodb:LeadingKeys": [partition], "dynamodb:Attributes": names}


def query(partition, table=TABLE):
    return "dynamodb:Query", table, {"dynamodb:LeadingKeys": [partition], "dynamodb:Attributes": ["pk", "sk"]}


def get(partition):
    return "dynamodb:GetItem", TABLE, {"dynamodb:LeadingKeys": [partition], "dynamodb:Attributes": ["pk", "sk"]}


def decrypt(service, parameter):
    context = {"kms:ViaService": [service], "kms:EncryptionContext:PARAMETER_ARN": [PARAMETER + parameter]}
    return "kms:Decrypt", KMS_KEY, context


# What the function does (True) and what it must not be able to do (False).
REQUESTS = [
    (True, "read the configuration", query("config")),
    (True, "admit a request", update("key#abc", *GUARDS, *COUNTERS)),
    (True, "admit it for its team", update("team#abc", *GUARDS, *COUNTERS)),
    (True, "settle it", update("key#abc", "leases", *SETTLED)),
    (True, "settle it in a shard", update("key#abc#3", "leases", *SETTLED)),
    (True, "read how a key stands", get("key#abc")),
    (True, "read how a team stands", get("team#abc#2")),
    (True, "add up usage", update("key#abc", *USAGE)),
    (True, "share a target's health", update("config", "until_ms", "reason", "ttl")),
    (True, "read a provider's key", ("ssm:GetParameters", PARAMETER + "/tollgate/ark", {})),
    (True, "decrypt it", decrypt("ssm.us-east-1.amazonaws.com", "/tollgate/ark")),
    (True, "write its log", ("logs:PutLogEvents", LOG, {})),
    (False, "create a key", update("key#new", "state", "hash", "policy", *COUNTERS)),
    (False, "change a key's policy", update("key#abc", "policy")),
    (False, "change the configuration", update("config", "document", "version")),
    (False, "roll the configuration back", update("config", "version")),
    (False, "count in the configuration", update("config", "rpm")),
    (False, "write in another partition", update("other", "ttl")),
    (False, "update what IAM cannot see", ("dynamodb:UpdateItem", TABLE, {})),
    (False, "update attributes that IAM cannot see",
     ("dynamodb:UpdateItem", TABLE, {"dynamodb:LeadingKeys": ["key#abc"]})),
    (False, "change a team's policy", update("team#abc", "policy")),
    (False, "read keys by query", query("key#abc")),
    (False, "read another partition", get("other")),
    (False, "read what IAM cannot see", ("dynamodb:GetItem", TABLE, {})),
    (False, "query what IAM cannot see", ("dynamodb:Query", TABLE, {})),
    (False, "read another table", query("config", TABLE + "2")),
    (False, "read an index", query("config", TABLE + "/index/all")),
    (False, "read another parameter", ("ssm:GetParameters", PARAMETER + "/other/ark", {})),
    (False, "read a parameter with a longer name", ("ssm:GetParameters", PARAMETER + "/tollgates", {})),
    (False, "write a parameter", ("ssm:PutParameter", PARAMETER + "/tollgate/ark", {})),
    (False, "decrypt another parameter", decrypt("ssm.us-east-1.amazonaws.com", "/other/ark")),
    (False, "decrypt through another service", decrypt("s3.us-east-1.amazonaws.com", "/tollgate/ark")),
    (False, "decrypt directly", ("kms:Decrypt", KMS_KEY, {})),
    (False, "call a model of Bedrock", ("bedrock:InvokeModel", MODEL, {})),
    (False, "write another log", ("logs:PutLogEvents", LOG.replace("Log", "Other"), {})),
] + [
    (False, action, (f"dynamodb:{action}", TABLE, {"dynamodb:LeadingKeys": ["key#abc"], "dynamodb:Attributes": ["pk", "sk"]}))
    for action in ["PutItem", "DeleteItem", "Scan", "BatchWriteItem", "PartiQLUpdate", "DeleteTable"]
]

# With this for BedrockModels.
MODELS = "arn:aws:bedrock:*::foundation-model/anthropic.*"
BEDROCK_REQUESTS = [
    (True, "call a model", ("bedrock:InvokeModel", MODEL, {})),
    (True, "stream from a model", ("bedrock:InvokeModelWithResponseStream", MODEL, {})),
    (True, "count tokens", ("bedrock:CountTokens", MODEL, {})),
    (False, "call another model", ("bedrock:InvokeModel", MODEL.replace("anthropic", "amazon"), {})),
    (False, "change a model", ("bedrock:CreateModelCustomizationJob", MODEL, {})),
    (True, "read the configuration", query("config")),
]

ACTIONS = {
    "dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem", "kms:Decrypt",
    "logs:CreateLogStream", "logs:PutLogEvents", "ssm:GetParameters",
}

# The check that must catch it, its name, what stands in the template, what is put in its place.
MUTANTS = [
    ("lint", "a response mode that does not exist", "RESPONSE_STREAM", "RESPONSE_STREAMING"),
    ("lint", "a reference to nothing", "!GetAtt Table.Arn", "!GetAtt Tabel.Arn"),
    ("lint", "a runtime that does not exist", "provided.al2023", "provided.al2027"),
    ("translation", "an auth type that does not exist", "AuthType: NONE", "AuthType: NOPE"),
    ("translation", "a property that does not exist", "MemorySize: !Ref", "MemorySiez: !Ref"),
    ("url", "no response stream", "RESPONSE_STREAM", "BUFFERED"),
    ("function", "another role", "Role: !GetAtt Role.Arn", "Policies: [AmazonDynamoDBFullAccess]"),
    ("table", "a table that goes with the stack", "DeletionPolicy: Retain", "DeletionPolicy: Delete"),
    ("table", "no way back in time", "PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"),
    ("actions", "PutItem", "Action: dynamodb:UpdateItem", "Action: [dynamodb:UpdateItem, dynamodb:PutItem]"),
    ("actions", "every action", "Action: dynamodb:Query", "Action: dynamodb:*"),
    ("requests", "a writable policy", "- bound_violations", "- bound_violations\n                      - policy"),
    ("requests", "writable attributes by wildcard", '- "*@*"', '- "*"'),
    ("requests", "a writable configuration", "[pk, sk, until_ms, reason, ttl]", "[pk, sk, document, version]"),
    ("requests", "any partition", '["key#*", "team#*"]', '["*"]'),
    ("requests", "ForAllValues without Null", 'dynamodb:Attributes: "false"', 'dynamodb:LeadingKeys: "false"'),
    ("requests", "secrets beyond the path", "parameter${SecretsPath}/*", "parameter${SecretsPath}*"),
    ("actions", "Bedrock without being asked", '[!Ref BedrockModels, ""]', '[!Ref BedrockModels, "-"]'),
    ("bedrock", "every model", "Resource: !Ref BedrockModels", 'Resource: "*"'),
    ("requests", "decryption for any service", "kms:ViaService: !Sub ssm.", "kms:ViaService: !Sub '*'  # "),
]


class ManagedPolicies:
    """Stands in for the call to IAM by which SAM finds its basic execution role."""

    def load(self):
        return {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}


def translate(source, overrides):
    template = yaml_parse(source)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"  # As after `sam package`.
    parameters = {name: str(p["Default"]) for name, p in template["Parameters"].items()} | overrides
    output = transform(template, {**PSEUDO, **parameters}, ManagedPolicies())
    return json.loads(json.dumps(output, default=str)), {**PSEUDO, **parameters}


class Stack:
    def __init__(self, source, **overrides):
        self.template, self.parameters = translate(source, overrides)

    def only(self, kind):
        found = [r for r in self.template["Resources"].values() if r["Type"] == kind]
        assert len(found) == 1, f"{len(found)} resources of type {kind}"
        return found[0]

    def value(self, node):
        """The text that CloudFormation would put in a place."""
        match node:
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{(.+?)\}", lambda name: self.parameters[name[1]], text)
            case {"Fn::GetAtt": [name, "Arn"]}:
                return ARNS[name]
            case {"Ref": name}:
                return self.parameters[name]
        return node

    def statements(self):
        return [
            statement
            for policy in map(self.chosen, self.only("AWS::IAM::Role")["Properties"]["Policies"])
            if policy != {"Ref": "AWS::NoValue"}
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def chosen(self, node):
        """What CloudFormation takes of an Fn::If."""
        match node:
            case {"Fn::If": [condition, yes, no]}:
                return yes if self.is_true(self.template["Conditions"][condition]) else no
        return node

    def is_true(self, condition):
        match condition:
            case {"Fn::Not": [inner]}:
                return not self.is_true(inner)
            case {"Fn::Equals": [left, right]}:
                return self.value(left) == self.value(right)
        raise AssertionError(f"unknown condition {condition}")

    def texts(self, node):
        return [self.value(item) for item in (node if isinstance(node, list) else [node])]

    def allows(self, request):
        action, resource, context = request
        return any(
            statement["Effect"] == "Allow"
            and any_like(action, self.texts(statement["Action"]))
            and any_like(resource, self.texts(statement["Resource"]))
            and all(
                self.holds(operator, context.get(key), self.texts(expected))
                for operator, keys in statement.get("Condition", {}).items()
                for key, expected in keys.items()
            )
            for statement in self.statements()
        )

    @staticmethod
    def holds(operator, found, expected):
        """One condition, as IAM evaluates it: `found` is None if the request lacks the key."""
        if operator == "Null":
            return expected == [str(found is None).lower()]
        compare = {"StringEquals": lambda text, texts: text in texts, "StringLike": any_like}
        quantifier, _, name = operator.rpartition(":")
        assert quantifier in ("", "ForAllValues"), f"unknown condition operator {operator}"
        if quantifier == "" and found is None:
            return False
        return all(compare[name](text, expected) for text in found or [])


def any_like(text, patterns):
    # IAM knows * and ?, but not fnmatch's brackets.
    return any(fnmatch.fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)


def check_lint(stack):
    found = lint(json.dumps(stack.template))
    assert not found, "; ".join(f"{match.rule.id} {match.message}" for match in found)


def check_function(stack):
    function = stack.only("AWS::Lambda::Function")
    properties = function["Properties"]
    assert properties["Runtime"] == "provided.al2023" and properties["Architectures"] == ["arm64"], "runtime"
    assert properties["Handler"] == "bootstrap" and properties["Timeout"] == 900, "handler or timeout"
    assert function["Metadata"]["BuildMethod"] == "rust-cargolambda", "build method"
    assert properties["Role"] == {"Fn::GetAtt": ["Role", "Arn"]}, "the role is not the one checked here"
    assert properties["Environment"]["Variables"]["TOLLGATE_RESPONSE_MODE"] == "stream", "response mode"


def check_url(stack):
    url = stack.only("AWS::Lambda::Url")["Properties"]
    assert url["InvokeMode"] == "RESPONSE_STREAM", f"InvokeMode is {url['InvokeMode']}"
    assert url["AuthType"] == "NONE", f"AuthType is {url['AuthType']}"
    assert "Cors" not in url, "CORS belongs to the function: two answers to one preflight"
    permissions = [r["Properties"]["Action"] for r in stack.template["Resources"].values() if r["Type"] == "AWS::Lambda::Permission"]
    assert sorted(permissions) == ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"], f"permissions: {permissions}"


def check_table(stack):
    table = stack.only("AWS::DynamoDB::Table")
    properties = table["Properties"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain", "not retained"
    assert properties["DeletionProtectionEnabled"] is True, "no deletion protection"
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True, "no recovery"
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}, "no time to live"
    assert properties["BillingMode"] == "PAY_PER_REQUEST", "not on demand"


def check_actions(stack):
    role = stack.only("AWS::IAM::Role")["Properties"]
    assert "ManagedPolicyArns" not in role, "a managed policy beside the one checked here"
    actions = {action for statement in stack.statements() for action in stack.texts(statement["Action"])}
    assert actions == ACTIONS, f"actions: {sorted(actions ^ ACTIONS)}"
    assert not any("NotAction" in s or "NotResource" in s for s in stack.statements()), "a negated statement"


def check_requests(stack, requests=REQUESTS):
    wrong = [what for allowed, what, request in requests if stack.allows(request) != allowed]
    assert not wrong, "the role is wrong about: " + ", ".join(wrong)


def check_bedrock(stack):
    check_requests(stack.bedrock, BEDROCK_REQUESTS)


CHECKS = {
    "lint": check_lint,
    "function": check_function,
    "url": check_url,
    "table": check_table,
    "actions": check_actions,
    "requests": check_requests,
    "bedrock": check_bedrock,
}


def failures(source):
    """Check by check, what is wrong with a template."""
    try:
        stack = Stack(source)
        stack.bedrock = Stack(source, BedrockModels=MODELS)
    except InvalidDocumentException as error:
        return {"translation": error.message}
    found = {}
    for name, check in CHECKS.items():
        try:
            check(stack)
        except (AssertionError, KeyError) as error:
            found[name] = f"{type(error).__name__}: {error}"
    return found


def main():
    source = TEMPLATE.read_text()
    results = []

    def report(problem, name):
        results.append(not problem)
        print(f"FAILED {name}: {problem}" if problem else f"ok     {name}", flush=True)

    found = failures(source)
    for name in ["translation", *CHECKS]:
        report(found.get(name), name)
    for check, name, old, new in MUTANTS:
        assert old in source, f"the mutant {name!r} finds nothing to change"
        caught = failures(source.replace(old, new))
        report(check not in caught and f"caught by {list(caught) or 'nothing'}", f"{check} catches {name}")

    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
