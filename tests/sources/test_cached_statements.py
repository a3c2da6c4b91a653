"""Statements whose responses are cached until the catalogue changes (src/http/response_cache.h)."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Tables without a trigger that notes their changes.
OF_A_USER = {'"User"', '"Session"', '"PpvPurchase"'}  # results with such rows are not cached: "everyone" is false
COMPUTED = {"wanzami.list_cache"}  # lists of popular titles, by the generation of what they were computed from


def text(path):
    return re.sub(r"--.*", "", path.read_text())


FUNCTIONS = {path.stem: text(path) for path in ROOT.glob("sql/functions/*/*.sql") if path.parent.name != "triggers"}
TRIGGERS = "\n".join(text(path) for path in ROOT.glob("sql/functions/triggers/*.sql"))
NOTED = set(re.findall(r'AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON ("\w+"|wanzami\.\w+)\s+FOR EACH STATEMENT EXECUTE FUNCTION wanzami\.catalogue_changed', TRIGGERS))


def cached():
    """Returns the names of the statements: those that C hands to the cache, directly or through a function with the same parameter, and ROUTE_SQL's."""
    found = set()
    for path in ROOT.glob("src/api/*.c"):
        source = path.read_text()
        found |= set(re.findall(r'^ROUTE_SQL\(GET, "[^"]*", "([^"]+)".*\.shared = 1', source, re.M))
        passing = re.findall(r"^(\w+)\(struct request \*r, const char \*statement\)\n\{(?:(?!^\}).)*response_cache_reply\(r, statement", source, re.M | re.S)
        for function in ["response_cache_reply", *passing]:
            found |= set(re.findall(function + r'\(r, "([^"]+)"', source))
    return found


def tables(sql, seen):
    """Returns the tables that a statement and the functions that it calls read."""
    found = set(re.findall(r'(?:FROM|JOIN|,)\s+("[A-Z]\w+"|wanzami\.\w+)(?![\w(])', sql))
    for name in re.findall(r"wanzami\.(\w+)\s*\(", sql):
        if name in FUNCTIONS and name not in seen:
            seen.add(name)
            found |= tables(FUNCTIONS[name], seen)
    return found


def test_changes_of_all_tables_that_cached_statements_read_are_noted():
    names = cached()
    assert {"titles/list", "titles/detail", "titles/episodes", "recs/popularity"} <= names
    read = {name: tables(text(ROOT / "sql/query" / (name + ".sql")), set()) for name in names}
    assert {'"Title"', '"AssetVersion"', "wanzami.stream", "wanzami.rendition"} <= read["titles/detail"]
    assert {name: found - NOTED - OF_A_USER - COMPUTED for name, found in read.items() if found - NOTED - OF_A_USER - COMPUTED} == {}
