"""ecs-taskdefs/ rendered with example settings of a deployment."""
import glob
import json
import os
import subprocess

from services import ROOT

HERE = os.path.join(ROOT, "ecs-taskdefs")
ROLES = ("api", "transcode", "cron")

# Settings that the steps of docs/deploy.md add.
MADE = """
ALB_GROUP=sg-00000000000000001
API_GROUP=sg-00000000000000002
WORKER_GROUP=sg-00000000000000003
REPOSITORY=123456789012.dkr.ecr.us-east-2.amazonaws.com/wanzami-backend
IMAGE=123456789012.dkr.ecr.us-east-2.amazonaws.com/wanzami-backend:0.1-0123abc
CERTIFICATE_ARN=arn:aws:acm:us-east-2:123456789012:certificate/00000000-0000-0000-0000-000000000000
ALB_ARN=arn:aws:elasticloadbalancing:us-east-2:123456789012:loadbalancer/app/wanzami-backend-alb/0123456789abcdef
ALB_LABEL=app/wanzami-backend-alb/0123456789abcdef
TARGET_GROUP_ARN=arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/wanzami-backend-tg/0123456789abcdef
TARGET_GROUP_LABEL=targetgroup/wanzami-backend-tg/0123456789abcdef
TRANSCODE_OUT_POLICY=arn:aws:autoscaling:us-east-2:123456789012:scalingPolicy:0:resource/ecs/service/wanzami/t:policyName/out
TRANSCODE_IN_POLICY=arn:aws:autoscaling:us-east-2:123456789012:scalingPolicy:0:resource/ecs/service/wanzami/t:policyName/in
CDN_KEY_ID=K2JCJMDEHXQW5F
CDN_KEY_GROUP=00000000-0000-0000-0000-000000000001
CDN_ORIGIN_ACCESS=E327GJI25M56DG
CDN_HEADERS=00000000-0000-0000-0000-000000000002
CDN_ARN=arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE
MEDIA_CDN=https://d111111abcdef8.cloudfront.net
ALARM_TOPIC=arn:aws:sns:us-east-2:123456789012:wanzami-alarms
"""


def sources():
    return sorted(os.path.relpath(p, HERE) for p in glob.glob(os.path.join(HERE, "*", "*.json")))


def render(settings, folder):
    path = folder / "settings"
    path.write_text(settings)
    return subprocess.run([os.path.join(HERE, "render.sh"), str(path), str(folder / "out" / "ecs")], capture_output=True, text=True)


def example():
    with open(os.path.join(HERE, "settings.example")) as f:
        return f.read()


def load(folder, name):
    with open(folder / "out" / "ecs" / name) as f:
        return json.load(f)


def container(folder, role):
    only, = load(folder, "tasks/%s.json" % role)["containerDefinitions"]
    return only
