"""The documents: every link and every cited anchor exists, and the README links to every page."""
import glob
import os
import re

from services import ROOT

PAGES = ["README.md", "CONTRIBUTING.md"] + sorted(os.path.relpath(p, ROOT) for p in glob.glob(ROOT + "/docs/*.md"))


def links(page):
    with open(os.path.join(ROOT, page)) as f:
        found = re.findall(r"\]\(([^)#\s]+)[^)]*\)", f.read())
    return {os.path.normpath(os.path.join(os.path.dirname(page), link)) for link in found if "://" not in link}


def test_every_linked_file_exists():
    assert [(page, link) for page in PAGES for link in links(page) if not os.path.exists(os.path.join(ROOT, link))] == []


def test_every_named_file_exists():
    """`src/http/sql.h` and the like; a name with a part in capitals, such as sql/query/AREA/NAME.sql, is a pattern."""
    wrong = []
    for page in PAGES:
        with open(os.path.join(ROOT, page)) as f:
            for path in re.findall(r"`((?:src|sql|tests|build|assets|conf|docs|ecs-taskdefs)/[\w./-]+)`", f.read()):
                if not re.search(r"\b(?:[A-Z]{4,}|settings$)", path) and not os.path.exists(os.path.join(ROOT, path)):
                    wrong.append((page, path))
    assert wrong == []


def test_the_readme_links_to_every_page():
    assert set(PAGES) - {"README.md"} <= links("README.md")


# Citations of rules by their anchors: docs/compatibility.md#login, several of one page as docs/compatibility.md#login, #logout.
CITING = ("README.md", "src", "sql", "tests", "docs", "ecs-taskdefs", "assets")
GAP = r"(?:\s*\n\s*(?:\*|--|//|#)?)?\s*"  # a citation may continue on the next line of a comment
CITATION = re.compile(r"(docs/[\w/-]+\.md)(#[\w-]+(?:," + GAP + r"#[\w-]+)*)")
HEADING = re.compile(r"^#+ (.*)$", re.M)
EXPLICIT = re.compile(r'<a id="([^"]*)"></a>')
PART = r"(?:people|media|README)"
CODES = "CAT|EVT|GEN|JOB|POP|PPV|REC|TRN|UPL"
UNSEEN = re.compile(r"(?i:contract)\s+" + PART + r"|\bREADME §?\d+\b|\b" + PART + r" §\d|(?<![\w'\"-])(?:" + CODES + r")-\d+(?![\w'\"-])")
DATA = "assets/zones"  # POSIX time zone rules, which look like a citation


def texts():
    """Yields the path and the content of every text file of those folders."""
    found = [ROOT + "/README.md"]
    for top in CITING[1:]:
        for base, folders, names in os.walk(os.path.join(ROOT, top)):
            folders[:] = [f for f in folders if f not in ("node_modules", "__pycache__", ".pytest_cache")]
            found += [os.path.join(base, n) for n in names]
    for path in sorted(found):
        with open(path, "rb") as f:
            content = f.read()
        if b"\0" not in content:
            yield os.path.relpath(path, ROOT), content.decode(errors="replace")


def slug(heading):
    """Returns the anchor that GitHub derives from a heading."""
    return re.sub(r"[^\w\- ]", "", re.sub(r"<[^>]*>|\]\([^)]*\)", "", heading).strip().lower()).replace(" ", "-")


def anchors(page):
    """Returns the explicit anchors and those of headings, with repetitions; an empty list if the page does not exist."""
    path = os.path.join(ROOT, page)
    if not os.path.exists(path):
        return []
    with open(path) as f:
        text = re.sub(r"^```.*?^```", "", f.read(), flags=re.M | re.S)
    return EXPLICIT.findall(text) + [slug(h) for h in HEADING.findall(text)]


def test_every_cited_anchor_exists():
    cited = [(path, page, anchor) for path, text in texts() for page, list in CITATION.findall(text) for anchor in re.findall(r"#([\w-]+)", list)]
    known = {page: set(anchors(page)) for _, page, _ in cited}
    assert len(cited) > 200
    assert [c for c in cited if c[2] not in known[c[1]]] == []


def test_every_link_leads_to_an_anchor():
    wrong = []
    for page in PAGES:
        with open(os.path.join(ROOT, page)) as f:
            for to, anchor in re.findall(r"\]\(([\w/.-]*)#([\w-]+)\)", f.read()):
                target = os.path.normpath(os.path.join(os.path.dirname(page), to)) if to else page
                if target.endswith(".md") and anchor not in anchors(target):
                    wrong.append((page, target, anchor))
    assert wrong == []


def test_an_anchor_is_unique_in_its_page():
    for page in PAGES:
        with open(os.path.join(ROOT, page)) as f:
            given = EXPLICIT.findall(f.read())
        assert [a for a in given if anchors(page).count(a) > 1] == [], page


def test_nothing_cites_files_outside_the_repository():
    found = [(path, m.group(0)) for path, text in texts() if not path.startswith(DATA)
        for m in UNSEEN.finditer(re.sub(r"\n\s*(?:\*|--|//|#)?", " ", text))]
    assert found == []
