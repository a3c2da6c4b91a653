"""The software bill of materials and the licences in the binary."""
import json
import os
import re
import subprocess

import pytest

from conftest import ROOT, run
from services import command

LICENSES = {"MIT", "ISC", "Zlib", "BSD-2-Clause", "BSD-3-Clause", "MPL-2.0", "PostgreSQL", "curl", "Apache-2.0", "GPL-2.0-or-later",
            "GPL-3.0-or-later WITH GCC-exception-3.1", "NONE", "NOASSERTION"}


def lines(name):
    with open(os.path.join(ROOT, "build", name)) as f:
        return [line.split() for line in f if line.strip() and not line.startswith("#")]


@pytest.fixture(scope="module")
def sbom():
    r = run("--sbom")
    assert (r.returncode, r.stderr) == (0, "")
    return json.loads(r.stdout)


@pytest.fixture(scope="module")
def licenses():
    r = run("--licenses")
    assert (r.returncode, r.stderr) == (0, "")
    return r.stdout


def test_the_bill_of_materials_is_an_spdx_document(sbom):
    """SPDX 2.3: clauses 6 (document), 7 (packages), 11 (relationships) and the grammar of annex D."""
    assert (sbom["spdxVersion"], sbom["dataLicense"], sbom["SPDXID"]) == ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT")
    assert re.fullmatch(r"https://[^#\s]+", sbom["documentNamespace"]) and sbom["name"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", sbom["creationInfo"]["created"])
    assert all(re.fullmatch("(Tool|Person|Organization): .+", c) for c in sbom["creationInfo"]["creators"])
    ids = [p["SPDXID"] for p in sbom["packages"]]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", i) for i in ids)
    for p in sbom["packages"]:
        assert p["name"] and p["versionInfo"] and p["downloadLocation"] == "NOASSERTION" and p["filesAnalyzed"] is False
        assert {p["licenseConcluded"], p["licenseDeclared"]} <= LICENSES and p["copyrightText"]
        assert p["primaryPackagePurpose"] in ("APPLICATION", "LIBRARY", "SOURCE", "DATA")
        for checksum in p.get("checksums", []):
            assert checksum["algorithm"] == "SHA256" and re.fullmatch("[0-9a-f]{64}", checksum["checksumValue"])
        for reference in p.get("externalRefs", []):
            assert (reference["referenceCategory"], reference["referenceType"]) == ("PACKAGE-MANAGER", "purl")
            assert re.fullmatch(r"pkg:(deb/debian/[a-z0-9.+-]+@[A-Za-z0-9.%-]+\?arch=source&distro=[a-z]+|npm/[a-z0-9.-]+@[0-9.]+)", reference["referenceLocator"])
    for r in sbom["relationships"]:
        assert {r["spdxElementId"], r["relatedSpdxElement"]} <= {*ids, "SPDXRef-DOCUMENT"}
        assert r["relationshipType"] in ("DESCRIBES", "STATIC_LINK", "CONTAINS", "PATCH_FOR")
    assert [r["relatedSpdxElement"] for r in sbom["relationships"] if r["relationshipType"] == "DESCRIBES"] == ["SPDXRef-wanzami"]
    assert sbom["documentDescribes"] == ["SPDXRef-wanzami"]
    related = {r["spdxElementId"] for r in sbom["relationships"]} | {r["relatedSpdxElement"] for r in sbom["relationships"]}
    assert set(ids) <= related


def test_the_bill_of_materials_names_every_source_with_its_checksum(sbom):
    packages = {p["packageFileName"]: p for p in sbom["packages"] if "packageFileName" in p}
    locked = {words[4]: words for words in lines("sources.lock")}
    assert set(packages) == set(locked)
    for name, (_, package, version, suite, _, checksum) in locked.items():
        assert packages[name]["versionInfo"] == version
        assert [c["checksumValue"] for c in packages[name]["checksums"]] == [checksum]
        assert packages[name]["externalRefs"][0]["referenceLocator"].startswith(("pkg:npm/%s@" if suite == "npm" else "pkg:deb/debian/%s@") % package)
    zones, = (p["versionInfo"] for p in sbom["packages"] if p["name"] == "tzdata")
    with open(os.path.join(ROOT, "assets", "zones")) as f:
        assert f.readline() == "# version %s\n" % zones
    whole, = (p for p in sbom["packages"] if p["name"] == "wanzami")
    assert whole["versionInfo"] == run("--version").stdout.split()[1]
    assert whole["licenseConcluded"] == "GPL-2.0-or-later"


def test_the_bill_of_materials_depends_on_the_sources_alone(sbom):
    script = os.path.join(ROOT, "build", "sbom.sh")
    made = subprocess.run([script], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"], "TZ": "Asia/Tokyo"})
    assert json.loads(made.stdout) == sbom
    made = subprocess.run([script], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": "86400"})
    assert json.loads(made.stdout)["creationInfo"]["created"] == "1970-01-02T00:00:00Z"


def test_every_linked_library_has_a_licence():
    """build/licenses names every library of the link command and every source."""
    known = {words[0] for words in lines("licenses")}
    with open(os.path.join(ROOT, "build", "Makefile")) as f:
        makefile = f.read()
    used = re.search(r"^USED\s*= (.*)$", makefile, re.M)[1].split() + re.search(r"\$\(USED\) ([a-z0-9 ]+)\)", makefile)[1].split()
    assert len(used) > 9 and set(used) <= known
    assert {words[0] for words in lines("sources.lock")} | {"gcc"} == known


@pytest.mark.parametrize("name,sentence", [
    ("musl", "Rich Felker, et al."), ("kore", "Joris Vink"), ("bearssl", "Thomas Pornin"), ("zlib", "Jean-loup Gailly"),
    ("jsmn", "Serge A. Zaitsev"), ("hiredis", "Salvatore Sanfilippo"), ("jansson", "Petri Lehtinen"), ("libjwt", "Mozilla Public License"),
    ("libpq", "PostgreSQL Global Development Group"), ("curl", "Daniel Stenberg"), ("x264", "Version 2, June 1991"),
    ("dav1d", "VideoLAN and dav1d authors"), ("libwebp", "Google Inc."), ("ffmpeg", "GNU LESSER GENERAL PUBLIC LICENSE"),
    ("roots", "Mozilla Contributors"), ("hlsjs", "Dailymotion"), ("uplot", "Leon Sorokin"), ("gcc", "GCC Runtime Library Exception"),
])
def test_the_licence_texts_are_complete(licenses, name, sentence):
    texts = re.split(r"^======== (\w+): .*\n", licenses, flags=re.M)
    assert sentence in "".join(text for of, text in zip(texts[1::2], texts[2::2]) if of == name)


def test_the_licences_begin_with_a_summary(licenses):
    head = licenses[:licenses.index("\n======== ")]
    assert "General Public License, version 2 or later" in head
    for words in lines("licenses"):
        assert re.search("^  %s +%s$" % (re.escape(words[0]), re.escape(" ".join(words[2:]))), head, re.M)


@pytest.mark.parametrize("option", ["--sbom", "--licenses"])
def test_a_full_disk_is_an_error(option):
    with open("/dev/full", "w") as full:
        r = subprocess.run(command(option), stdout=full, stderr=subprocess.PIPE, text=True)
    assert r.returncode == 1
    assert re.fullmatch(r"wanzami: cannot write notices/\w+\.gz: No space left on device\n", r.stderr)
