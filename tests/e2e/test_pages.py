"""Pages of the console beside the first one, in Chromium: a title, people."""
import pytest

from test_browser import console, console_of, playwright  # noqa: F401

API = pytest.mark.parametrize("console", ["api"], indirect=True)
DUSK = """INSERT INTO "Title" (id, type, name, archived, "pendingReview", "updatedAt") VALUES (1, 'MOVIE', 'Dusk', true, true, now())"""


def steps(world, statements):
    """Returns a function that runs the statement of each step that the scene names, and fails if it names another one."""
    def meanwhile(p):
        for name, sql in statements:
            assert p.stderr.readline() == name + "\n"
            world.rows(sql)
    return meanwhile


@API
def test_the_details_of_a_title_are_edited(console, world):  # noqa: F811
    world.rows(DUSK)
    seen = []

    def meanwhile(p):
        assert p.stderr.readline() == "refused\n"
        seen.append(world.rows('SELECT name, description FROM "Title"'))
        steps(world, [("language", """UPDATE "Title" SET language = 'yo', "updatedAt" = now() + interval '1 s'"""),
                      ("silent", """UPDATE "Title" SET "maturityRating" = '12', genres = '{Noir}', "updatedAt" = now() + interval '2 s'""")])(p)
    saw = console("details", meanwhile)
    assert saw["hash"] == "#title/1" and saw["focus"] == "sheet" and not saw["away"], saw
    assert (saw["refused"], saw["refusedFocus"], saw["invalid"], seen) == ("Enter a whole number, such as 1500.", "field-ppvPriceNaira", "true", [[("Dusk", None)]])
    assert saw["saved"] == {"name": "Dusk in Lagos", "description": "Two lines,\nof a synopsis.", "genres": "Drama, Crime", "language": "en", "maturityRating": "", "cast": "",
                            "countryAvailability": "NG, GH", "releaseDate": "2024-05-06", "isPpv": True, "ppvPriceNaira": "1500"}
    assert saw["disabled"] and saw["kept"] == "18+", saw
    assert saw["conflict"] == "Somebody else has changed this to: 12. Saving replaces it. Take it" and saw["merged"] == "Noir"
    assert world.rows('SELECT name, "maturityRating", genres, "cast", language FROM "Title"') == [("Dusk in Lagos", "PG", ["Noir"], ["Ada Obi"], "yo")]
    assert saw["asked"] == ["The changes of this title have not been saved. Leave them?"] and saw["stays"] == ["#title/1", "Not kept"]
    assert saw["missing"] == "There is no such title. It may have been deleted."
    assert world.rows('SELECT detail FROM "AdminAuditLog" WHERE action = \'TITLE_UPDATE\' ORDER BY id LIMIT 1') == [
        ({"fields": ["name", "description", "releaseDate", "genres", "countryAvailability", "isPpv", "ppvPriceNaira"]},)]
