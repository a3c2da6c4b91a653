"""The pages: every link leads somewhere, and the README leads to every page."""
import glob
import os
import re

from services import ROOT

PAGES = ["README.md"] + sorted(os.path.relpath(p, ROOT) for p in glob.glob(ROOT + "/docs/*.md"))

ALSO = {"DATABASE_GROUP", "MEDIA_BUCKET"}  # of the renderer of ecs-taskdefs, not of the process


def links(page):
    with open(os.path.join(ROOT, page)) as f:
        found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", f.read())
    return {os.path.normpath(os.path.join(os.path.dirname(page), link)) for link in found if "://" not in link}


def test_every_link_leads_to_a_file():
    assert [(page, link) for page in PAGES for link in links(page) if not os.path.exists(os.path.join(ROOT, link))] == []


def test_the_readme_leads_to_every_page():
    assert set(PAGES) - {"README.md"} <= links("README.md")


def test_pages_name_only_variables_that_there_are():
    """A variable in a page that configure.md does not have was renamed or never was."""
    with open(os.path.join(ROOT, "docs", "configure.md")) as f:
        known = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", f.read(), re.MULTILINE))
    assert len(known) > 60
    prefixes = tuple({name.split("_")[0] + "_" for name in known if "_" in name} - {"AWS_", "TLS_"})
    for page in PAGES:
        with open(os.path.join(ROOT, page)) as f:
            named = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`", f.read()))
        assert {n for n in named if n.startswith(prefixes)} - known - ALSO == set(), page
