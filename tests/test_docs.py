"""The pages: every link leads somewhere, and the README leads to every page."""
import glob
import os
import re

from services import ROOT

PAGES = ["README.md"] + sorted(os.path.relpath(p, ROOT) for p in glob.glob(ROOT + "/docs/*.md"))


def links(page):
    with open(os.path.join(ROOT, page)) as f:
        found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", f.read())
    return {os.path.normpath(os.path.join(os.path.dirname(page), link)) for link in found if "://" not in link}


def test_every_link_leads_to_a_file():
    assert [(page, link) for page in PAGES for link in links(page) if not os.path.exists(os.path.join(ROOT, link))] == []


def test_the_readme_leads_to_every_page():
    assert set(PAGES) - {"README.md"} <= links("README.md")
