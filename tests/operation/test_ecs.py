"""ecs-taskdefs/ and the commands in docs/: AWS's SDK accepts both as input, the binary starts with each task definition, and the files have
the required content."""
import glob
import json
import os
import re
import subprocess

import pytest

import awscheck
import services
from conftest import ROOT, run, wait_for
from ecs import HERE, MADE, ROLES, container, example, load, render, sources

PAGES = sorted(os.path.basename(p) for p in glob.glob(os.path.join(ROOT, "docs", "*.md")))
METRICS = {"QueueDepth", "QueueRunning", "QueueOldestSeconds", "TranscodeJobsFailed", "CronJobsFailed", "WorkerRestarts", "Requests", "Errors5xx", "LatencyP99Ms",
           "MailWaiting", "MailOldestSeconds", "MailRelayFailures", "MailGivenUp"}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A folder with every rendered file in out/ecs."""
    folder = tmp_path_factory.mktemp("ecs")
    r = render(example() + MADE, folder)
    assert r.returncode == 0, r.stderr
    return folder


# The renderer

def test_every_file_is_rendered(rendered):
    out = rendered / "out" / "ecs"
    assert sorted(os.path.relpath(p, out) for p in glob.glob(str(out / "*" / "*.json"))) == sources()
    for name in sources():
        assert "${" not in (out / name).read_text()
        load(rendered, name)


def test_a_file_with_missing_settings_is_not_rendered(tmp_path):
    r = render(example(), tmp_path)
    assert r.returncode == 0
    assert os.path.exists(tmp_path / "out" / "ecs" / "iam" / "api.json")
    assert not os.path.exists(tmp_path / "out" / "ecs" / "services" / "api.json")
    assert re.search("settings missing: .*TARGET_GROUP_ARN", r.stdout)


def test_the_last_setting_wins_and_values_are_escaped_for_json(tmp_path):
    r = render(example() + MADE + 'SMTP_FROM=old\nSMTP_FROM="Wanzami" <a\\b&c=d@wanzami.example>\n', tmp_path)
    assert r.returncode == 0
    env = {v["name"]: v["value"] for v in container(tmp_path, "api")["environment"]}
    assert env["SMTP_FROM"] == '"Wanzami" <a\\b&c=d@wanzami.example>'


def test_missing_or_invalid_settings_are_refused(tmp_path):
    r = subprocess.run([os.path.join(HERE, "render.sh"), str(tmp_path / "none")], capture_output=True, text=True)
    assert (r.returncode, r.stdout) == (1, "") and "settings.example" in r.stderr
    r = render("ACCOUNT 1\n", tmp_path)
    assert r.returncode == 1 and "1:ACCOUNT 1" in r.stderr


# Validation with AWS's SDK

@pytest.fixture
def typed(rendered, monkeypatch):
    """typed(page): the aws commands of a page, run in the folder of the rendered files."""
    monkeypatch.chdir(rendered)

    def of(page):
        with open(os.path.join(ROOT, "docs", page)) as f:
            return list(awscheck.commands(f.read()))
    return of


@pytest.mark.parametrize("page", PAGES)
def test_every_aws_command_of_the_pages_is_valid(typed, page):
    for words in typed(page):
        awscheck.check(words)


@pytest.mark.parametrize("page", PAGES)
def test_shell_commands_of_the_pages_parse(typed, page):
    if typed(page):
        with open(os.path.join(ROOT, "docs", page)) as f:
            code = "".join(line[4:] for line in f if line.startswith("    "))
        r = subprocess.run(["bash", "-n"], input=code, capture_output=True, text=True)
        assert (r.returncode, r.stderr) == (0, ""), code


def test_a_command_uses_every_file(typed):
    used = {os.path.relpath(path, os.path.join("out", "ecs")) for page in PAGES for words in typed(page) for path in awscheck.files(words)}
    assert used == set(sources())


@pytest.mark.parametrize("change,complaint", [
    (lambda t: t.pop("family"), "Missing required parameter"),
    (lambda t: t.update(networkMode="bridged"), "allowed is one of"),
    (lambda t: t["containerDefinitions"][0].update(readOnlyRootFilesystem=True), "does not exist|Unknown parameter"),
    (lambda t: t["containerDefinitions"][0].update(stopTimeout="40"), "Invalid type"),
])
def test_the_validation_finds_errors_in_files(rendered, change, complaint):
    task = load(rendered, "tasks/api.json")
    assert not awscheck.validate("ecs", "RegisterTaskDefinition", task)
    change(task)
    assert re.search(complaint, "\n".join(awscheck.validate("ecs", "RegisterTaskDefinition", task)))


@pytest.mark.parametrize("command", ["aws ecs create-servce", "aws ecs wait services-stabel --cluster x --services y", "aws sns create-topic",
                                     "aws sns create-topic --nam x", "aws sns create-topic --name x --query topicArn"])
def test_the_validation_finds_errors_in_commands(command):
    words, = awscheck.commands("    " + command + "\n")
    with pytest.raises(AssertionError):
        awscheck.check(words)


# Required content

def variables():
    """The variables of the binary: name, and whether it is secret."""
    rows = re.findall(r"^\| `(\w+)` \|.*$", run("docs", "configure").stdout, re.M)
    secret = set(re.findall(r"^\| `(\w+)` \|.*Secret; never logged\. \|$", run("docs", "configure").stdout, re.M))
    assert len(rows) > 50 and "DATABASE_URL" in secret
    return {name: name in secret for name in rows}


@pytest.mark.parametrize("role", ROLES)
def test_task_definitions_name_existing_variables_and_read_secrets_from_ssm(rendered, role):
    known = variables()
    c = container(rendered, role)
    plain, secret = [v["name"] for v in c["environment"]], [v["name"] for v in c["secrets"]]
    assert set(plain) | set(secret) <= set(known)
    assert len(set(plain + secret)) == len(plain + secret)
    assert not [name for name in plain if known[name]]
    for v in c["secrets"]:
        assert v["valueFrom"] == "arn:aws:ssm:us-east-2:123456789012:parameter/wanzami/" + v["name"]


@pytest.mark.parametrize("architecture", ["X86_64", "ARM64"])
def test_every_task_has_the_settings_of_the_deployment(tmp_path, architecture):
    assert render(example() + MADE + "CPU_ARCHITECTURE=%s\n" % architecture, tmp_path).returncode == 0
    for role in ROLES:
        task = load(tmp_path, "tasks/%s.json" % role)
        assert task["runtimePlatform"] == {"operatingSystemFamily": "LINUX", "cpuArchitecture": architecture}
        assert not awscheck.validate("ecs", "RegisterTaskDefinition", task)


@pytest.mark.parametrize("role", ROLES)
def test_task_definitions_grant_no_privileges(rendered, role):
    task, c = load(rendered, "tasks/%s.json" % role), container(rendered, role)
    env = {v["name"]: v["value"] for v in c["environment"]}
    assert (env["ROLE"], env["WANZAMI_ENV"], env["S3_REGION"]) == (role, "production", "eu-north-1")
    assert task["requiresCompatibilities"] == ["FARGATE"] and task["networkMode"] == "awsvpc"
    assert c["readonlyRootFilesystem"] is True and c["user"] == "65532:65532"
    assert c["linuxParameters"] == {"capabilities": {"drop": ["ALL"]}}
    assert c["healthCheck"]["command"] == ["CMD", "/wanzami", "--probe"]
    assert c["healthCheck"]["timeout"] < c["healthCheck"]["interval"] <= 30
    assert int(env["SHUTDOWN_GRACE_SEC"]) + 10 <= c["stopTimeout"] <= 120
    assert task["taskRoleArn"].endswith(":role/wanzami-backend-" + role)
    assert c["logConfiguration"]["options"]["awslogs-group"] == "/ecs/wanzami-backend" + ("" if role == "api" else "-workers")
    assert [p["containerPort"] for p in c.get("portMappings", [])] == ([4000] if role == "api" else [])
    # the combinations of cpu and memory that Fargate supports (RegisterTaskDefinition)
    assert int(task["memory"]) in {"256": (512, 1024, 2048), "512": range(1024, 4097, 1024), "4096": range(8192, 30721, 1024)}[task["cpu"]]


@pytest.mark.parametrize("role", ROLES)
def test_the_binary_starts_with_the_variables_of_its_task_definition(rendered, role, postgres, keyvalue, appliance):
    """Except the port and the servers' URLs; ECS provides the credentials for the bucket."""
    c = container(rendered, role)
    env = {v["name"]: v["value"] for v in c["environment"] if v["name"] != "PORT"}
    secrets = {v["name"]: "a-secret-of-at-least-thirty-two-bytes-" + v["name"] for v in c["secrets"]}
    url, db = postgres.create_migrated()
    authority = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=RDS", "-keyout", "/dev/null"],
                               capture_output=True, text=True, check=True).stdout
    a = appliance(**{**env, **secrets, "DATABASE_URL": url, "DATABASE_CA_PEM": authority, "REDIS_URL": keyvalue.url,
                     "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/0"}).wait_healthy()
    assert run(*c["healthCheck"]["command"][2:], PORT=a.port).returncode == 0
    ready = a.request("GET", "/health/ready").json()
    assert (ready["postgres"]["state"], ready["valkey"]["state"]) == ("up", "up")
    db.close()


@pytest.mark.parametrize("role", ROLES)
def test_services_start_new_tasks_first_and_roll_back_failed_deployments(rendered, role):
    s = load(rendered, "services/%s.json" % role)
    deployment = s["deploymentConfiguration"]
    assert (deployment["minimumHealthyPercent"], deployment["maximumPercent"]) == (100, 200)
    assert deployment["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert s["taskDefinition"] == load(rendered, "tasks/%s.json" % role)["family"]
    provider, = s["capacityProviderStrategy"]
    assert provider["capacityProvider"] == ("FARGATE_SPOT" if role == "transcode" else "FARGATE")
    if role == "api":
        balancer, = s["loadBalancers"]
        assert s["serviceName"] == "wanzami-backend-service"
        assert (balancer["containerName"], balancer["containerPort"]) == (container(rendered, role)["name"], 4000)
        assert s["healthCheckGracePeriodSeconds"] > 0
    else:
        assert "loadBalancers" not in s


def test_no_page_uses_ecs_exec(rendered, typed):
    """ECS Exec needs a writable root file system, enableExecuteCommand and the permission ssmmessages:* of the task role."""
    for role in ROLES:
        assert container(rendered, role)["readonlyRootFilesystem"] is True
        assert not load(rendered, "services/%s.json" % role).get("enableExecuteCommand")
        assert not [a for _, actions, _ in statements(rendered, "iam/%s.json" % role) for a in actions if a.startswith("ssmmessages:")]
    assert not [page for page in PAGES for words in typed(page) if words[:2] == ["ecs", "execute-command"]]


@pytest.mark.parametrize("command", ["migrate", "doctor"])
def test_commands_run_in_the_container_of_their_role(rendered, command):
    override, = load(rendered, "tasks/%s.json" % command)["overrides"]["containerOverrides"]
    assert override == {"name": container(rendered, "api")["name"], "command": [command]}
    assert {container(rendered, role)["name"] for role in ROLES} == {override["name"]}
    assert re.search(r"^ +wanzami %s\b" % command, run("--help").stdout, re.M)


@pytest.mark.parametrize("role", ROLES)
def test_the_doctor_accepts_the_task_definition_of_each_role(world, tmp_path, role):
    """With servers of this machine. The stack of the end-to-end tests runs it in containers."""
    r = render(example() + MADE + "MEDIA_BUCKET=%s\nMEDIA_REGION=%s\n" % (world.bucket, world.store.region), tmp_path)
    assert r.returncode == 0, r.stderr
    definition = container(tmp_path, role)
    secrets = {v["name"]: world.env[v["name"]] for v in definition["secrets"] if v["name"] in world.env}
    env = {**{v["name"]: v["value"] for v in definition["environment"]}, **secrets, **world.store.env(world.bucket), **world.mail.env()}
    assert env["ROLE"] == role and "DATABASE_URL" in secrets
    limit, = definition["ulimits"]
    r = subprocess.run(["prlimit", "--nofile=%d:%d" % (limit["softLimit"], limit["hardLimit"]), *services.command("doctor")], env=services.clean_environment(**env),
                       capture_output=True, text=True, timeout=120)
    lines = r.stdout.splitlines()
    assert r.returncode == 0 and [line for line in lines if not line.startswith("ok ")] == [], r.stdout
    assert {name for name in ("descriptors", "database writable", "valkey", "object storage", "mail") if any(line[6:34].strip() == name for line in lines)} == {
        "descriptors", "database writable", "valkey", "object storage"} | ({"mail"} if role != "transcode" else set())


def statements(rendered, name):
    for s in load(rendered, name)["Statement"]:
        listed = lambda v: v if isinstance(v, list) else [v]  # noqa: E731
        yield s["Effect"], listed(s["Action"]), listed(s.get("Resource", []))


def test_policies_grant_only_the_actions_in_use(rendered):
    for name in ("execution", *ROLES):
        for effect, actions, resources in statements(rendered, "iam/%s.json" % name):
            assert effect == "Allow"
            assert not [a for a in actions if "*" in a]
            assert "*" not in resources or actions == ["ecr:GetAuthorizationToken"]
    films = {role: {a for _, actions, resources in statements(rendered, "iam/%s.json" % role)
                    if resources == ["arn:aws:s3:::wanzami-media/*"] for a in actions} for role in ROLES}
    assert films == {
        "api": {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts"},
        "transcode": {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"},
        "cron": {"s3:AbortMultipartUpload", "s3:DeleteObject"}}
    for role in ROLES:
        assert ["arn:aws:s3:::wanzami-media/doctor/*"] in [resources for _, _, resources in statements(rendered, "iam/%s.json" % role)]
        others = {a for _, actions, _ in statements(rendered, "iam/%s.json" % role) for a in actions if not a.startswith("s3:")}
        assert others == ({"ecs:GetTaskProtection", "ecs:UpdateTaskProtection"} if role == "transcode" else set())


def test_the_execution_role_may_read_the_secrets_of_the_tasks(rendered):
    reach = {a: resources for _, actions, resources in statements(rendered, "iam/execution.json") for a in actions}
    assert set(reach["logs:PutLogEvents"]) == {
        "arn:aws:logs:us-east-2:123456789012:log-group:%s:*" % container(rendered, role)["logConfiguration"]["options"]["awslogs-group"]
        for role in ROLES}
    secrets, = reach["ssm:GetParameters"]
    repository, = reach["ecr:BatchGetImage"]
    for role in ROLES:
        assert load(rendered, "tasks/%s.json" % role)["executionRoleArn"].endswith(":role/wanzami-backend-execution")
        assert all(v["valueFrom"].startswith(secrets.rstrip("*")) for v in container(rendered, role)["secrets"])
        assert container(rendered, role)["image"].split("/", 1)[1].split(":")[0] == repository.rsplit("/", 1)[1]


def test_the_bucket_makes_artwork_public_and_no_film(rendered):
    """The public prefixes are those that local storage serves without a signature."""
    (effect, actions, resources), (denied, _, _) = statements(rendered, "storage/bucket-policy.json")
    assert (effect, actions, denied) == ("Allow", ["s3:GetObject"], "Deny")
    with open(os.path.join(ROOT, "src", "store", "local", "local_url.c")) as f:
        prefixes = re.findall('"([a-z]+/)"', re.search(r"prefixes\[\] = \{(.*?)\};", f.read())[1])
    assert sorted(r.split(":::wanzami-media/")[1] for r in resources) == sorted([p + "*" for p in prefixes] + ["preview*/*"])


def allowed(rules, origin, method, *headers):
    """Returns the rule that S3 applies to a preflight: the first one that allows origin, method and headers."""
    def fits(patterns, value):
        return any(re.fullmatch(re.escape(p).replace(r"\*", ".*"), value, re.I) for p in patterns)
    return next((r["ID"] for r in rules if fits(r["AllowedOrigins"], origin) and method in r["AllowedMethods"] and all(fits(r["AllowedHeaders"], h) for h in headers)), None)


@pytest.mark.parametrize("receiver, other", [("https://www.gstatic.com", None), ("*", "receivers")])
def test_the_bucket_lets_players_of_other_origins_read_ranges(tmp_path, receiver, other):
    render(example() + MADE + "RECEIVER_ORIGIN=%s\n" % receiver, tmp_path)
    rules = load(tmp_path, "storage/bucket-cors.json")["CORSConfiguration"]["CORSRules"]
    for origin, rule in (("https://wanzami.example", "apps"), ("https://www.gstatic.com", "receivers"), ("https://tv.example", other), ("null", other)):
        assert [allowed(rules, origin, method, "range") for method in ("GET", "HEAD")] == [rule] * 2
        assert allowed(rules, origin, "PUT", "content-type") == ("apps" if rule == "apps" else None)
    # The headers that a directory exposes (src/http/reply.c).
    assert [set(r["ExposeHeaders"]) for r in rules] == [{"ETag", "Content-Range", "Accept-Ranges", "Content-Length"}] * 2
    cors = load(tmp_path, "cdn/response-headers.json")["ResponseHeadersPolicyConfig"]["CorsConfig"]
    assert set(cors["AccessControlExposeHeaders"]["Items"]) == set(rules[0]["ExposeHeaders"])
    assert cors["AccessControlAllowOrigins"]["Items"] == rules[0]["AllowedOrigins"] + rules[1]["AllowedOrigins"]


def test_the_distribution_serves_films_for_signed_urls_only(rendered):
    config = load(rendered, "cdn/distribution.json")["DistributionConfig"]
    behavior = config["DefaultCacheBehavior"]
    assert behavior["TrustedKeyGroups"] == {"Enabled": True, "Quantity": 1, "Items": ["00000000-0000-0000-0000-000000000001"]}
    assert behavior["ViewerProtocolPolicy"] == "https-only" and "CacheBehaviors" not in config
    plain, cdn = (load(rendered, "storage/bucket-policy%s.json" % more)["Statement"] for more in ("", "-cdn"))
    added, = [s for s in cdn if s not in plain]
    assert [s for s in cdn if s != added] == plain and added["Resource"] == "arn:aws:s3:::wanzami-media/vod/*"
    assert added["Condition"]["StringEquals"]["AWS:SourceArn"].endswith(":distribution/EDFDVBD6EXAMPLE")


def test_the_load_balancer_uses_https_and_the_health_check(rendered):
    group = load(rendered, "network/target-group.json")
    assert (group["Name"], group["Port"], group["Protocol"], group["TargetType"]) == ("wanzami-backend-tg", 4000, "HTTP", "ip")
    assert (group["HealthCheckPath"], group["Matcher"]) == ("/health", {"HttpCode": "200"})
    https, http = load(rendered, "network/https-listener.json"), load(rendered, "network/http-listener.json")
    assert (https["Protocol"], https["Port"], https["DefaultActions"][0]["Type"]) == ("HTTPS", 443, "forward")
    assert http["DefaultActions"] == [{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}]
    # The load balancer must close an idle connection before the service does.
    idle = {a["Key"]: a["Value"] for a in load(rendered, "network/alb-attributes.json")["Attributes"]}["idle_timeout.timeout_seconds"]
    assert "KEEPALIVE_SEC" not in [v["name"] for v in container(rendered, "api")["environment"]]
    assert int(idle) < int(re.search(r"^\| `KEEPALIVE_SEC` \| [^|]* \| `(\d+)`", run("docs", "configure").stdout, re.M)[1])


def test_security_groups_open_only_the_api_to_the_load_balancer(rendered):
    opened = {}
    for path in glob.glob(str(rendered / "out" / "ecs" / "network" / "*-ingress.json")):
        with open(path) as f:
            rule = json.load(f)
        opened[rule["GroupId"]] = rule["IpPermissions"]
    settings = dict(line.split("=", 1) for line in (example() + MADE).splitlines() if re.match("[A-Z]", line))
    assert settings["WORKER_GROUP"] not in opened
    only, = opened[settings["API_GROUP"]]
    assert (only["FromPort"], only["ToPort"], [g["GroupId"] for g in only["UserIdGroupPairs"]]) == (4000, 4000, [settings["ALB_GROUP"]])
    assert "IpRanges" not in only
    for name in ("DATABASE_GROUP", "VALKEY_GROUP"):
        only, = opened[settings[name]]
        assert {g["GroupId"] for g in only["UserIdGroupPairs"]} == {settings["API_GROUP"], settings["WORKER_GROUP"]} and "IpRanges" not in only


def alarms(rendered):
    for path in glob.glob(str(rendered / "out" / "ecs" / "alarms" / "*.json")) + glob.glob(str(rendered / "out" / "ecs" / "scaling" / "*-alarm.json")):
        with open(path) as f:
            yield json.load(f)


def metrics_of(alarm):
    """Returns the metrics of an alarm, of which one with an expression has several, each with its period in seconds."""
    if "Metrics" not in alarm:
        return [alarm]
    return [{**m["MetricStat"]["Metric"], "Period": m["MetricStat"]["Period"], "Statistic": m["MetricStat"]["Stat"]} for m in alarm["Metrics"] if "MetricStat" in m]


def test_alarms_use_existing_metrics_and_name_existing_pages(rendered):
    names = set()
    for a in alarms(rendered):
        assert a["AlarmName"] not in names
        names.add(a["AlarmName"])
        assert a["AlarmActions"] and a["TreatMissingData"] in ("breaching", "notBreaching")
        for m in metrics_of(a):
            if m["Namespace"] == "Wanzami":
                role, = m["Dimensions"]
                assert role["Name"] == "Role" and role["Value"] in ROLES and m["MetricName"] in METRICS
            # PutMetricAlarm: one day at most
            assert m["Period"] * a["EvaluationPeriods"] <= 86400 and m["Period"] % 60 == 0
        page = re.search(r" See (docs/runbook-\S+\.md)$", a["AlarmDescription"])
        assert page or a["AlarmName"].startswith("wanzami-transcode-scale-"), a["AlarmName"]
        if page:
            with open(os.path.join(ROOT, page[1])) as f:
                assert "`%s`" % a["AlarmName"] in f.read(), page[1]
    assert METRICS <= {m["MetricName"] for a in alarms(rendered) for m in metrics_of(a)}


def test_every_role_writes_the_metrics(postgres, appliance):
    for role in ROLES:
        url, db = postgres.create_migrated()
        a = appliance(roles=role, DATABASE_URL=url, EMF_SECONDS=1, LOG_FORMAT="json").wait_healthy()
        line = wait_for(lambda: next((told for told in map(json.loads, open(a.log_path)) if "_aws" in told), None), "a line of metrics")
        metrics, = line["_aws"]["CloudWatchMetrics"]
        assert (metrics["Namespace"], metrics["Dimensions"], line["Role"]) == ("Wanzami", [["Role"]], role)
        assert {m["Name"] for m in metrics["Metrics"]} == METRICS | {"JobsFailed"}  # for alarms of earlier releases
        a.close()
        db.close()


def test_queue_alarms_use_the_metrics_of_the_cron_role(rendered):
    """Every role reports the length of the queue. The alarms on it must work while no transcode task runs; the alarm on a silent role must
    work while the database is down."""
    for a in alarms(rendered):
        for m in metrics_of(a):
            if m["MetricName"] in ("QueueDepth", "QueueRunning", "QueueOldestSeconds"):
                assert m["Dimensions"] == [{"Name": "Role", "Value": "cron"}]
        if a["AlarmName"].endswith("-silent"):
            assert (a["MetricName"], a["Statistic"], a["TreatMissingData"]) == ("Requests", "SampleCount", "breaching")


def test_the_dashboard_shows_every_metric_without_overlaps(rendered):
    widgets, taken, shown = load(rendered, "dashboard/wanzami.json")["widgets"], set(), set()
    for w in widgets:
        place = {(x, y) for x in range(w["x"], w["x"] + w["width"]) for y in range(w["y"], w["y"] + w["height"])}
        assert max(x for x, _ in place) < 24 and not place & taken
        taken |= place
        assert w["properties"]["region"] == "us-east-2"
        for metric in w["properties"].get("metrics", []):
            *names, options = metric
            assert len(names) % 2 == 0 and set(options) == {"stat", "label"}
            shown.add(names[1])
    assert METRICS <= shown


def test_scaling_steps_have_no_gap(rendered):
    for name, limit in (("out", 1), ("in", -1)):
        policy = load(rendered, "scaling/transcode-%s.json" % name)["StepScalingPolicyConfiguration"]
        steps = policy["StepAdjustments"]
        for lower, upper in zip(steps, steps[1:]):
            assert lower["MetricIntervalUpperBound"] == upper["MetricIntervalLowerBound"]
        if name == "out":
            assert steps[0]["MetricIntervalLowerBound"] == 0 and "MetricIntervalUpperBound" not in steps[-1]
        else:
            assert steps[-1]["MetricIntervalUpperBound"] == 0 and "MetricIntervalLowerBound" not in steps[0]


def test_gitignore_has_the_settings_file():
    with open(os.path.join(ROOT, ".gitignore")) as f:
        assert "/ecs-taskdefs/settings" in f.read().splitlines()
