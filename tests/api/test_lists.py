"""Lists of titles, uploads and purchases with 0, 1 and very many rows, their pages and filters
(docs/compatibility.md#catalogue, #list-parts, #upload-list, #my-titles)."""
import pytest

from accounts import Account
from services import wait_for


@pytest.fixture
def api(world):
    world.a = world.start(roles="api")
    world.root = Account(world, "SUPER_ADMIN", "root@example.com")
    return world


def get(api, path):
    r = api.a.get(path, token=api.root.token, timeout=120)
    assert r.status_code == 200, r.text[:300]
    return r.json()


@pytest.mark.parametrize("rows", [0, 1, 100000])
def test_lists_of_titles(api, rows):
    api.rows("""INSERT INTO "Title" (type, name, "releaseDate", "pendingReview", "countryAvailability", "createdAt", "updatedAt")
        SELECT 'MOVIE', 'T' || n, CASE WHEN n > 10 THEN timestamp '2020-01-01' + n * interval '1 minute' END, n % 2 = 0, '{}',
            timestamp '2020-01-01' + n * interval '1 minute', now() FROM generate_series(1, ROWS) n""".replace("ROWS", str(rows)))
    shown = [n for n in range(rows, 10, -1) if n % 2] + [n for n in range(1, min(rows, 10) + 1) if n % 2]
    public = [int(t["name"][1:]) for t in get(api, "/api/titles")["titles"]]
    assert sorted(public) == sorted(shown) and public[:max(0, len(shown) - 5)] == shown[:max(0, len(shown) - 5)], "titles without a release date are last"
    assert [int(t["name"][1:]) for t in get(api, "/api/admin/titles")["titles"]] == list(range(rows, 0, -1))


@pytest.mark.errors("statement failed relation \"Season\" does not exist")
def test_pages_of_titles(api):
    api.rows("""INSERT INTO "Title" (type, name, "releaseDate", "createdAt", "updatedAt")
        SELECT 'MOVIE', (ARRAY['Ada', 'Bed', 'a%d', 'Cab'])[n], timestamp '2020-01-01' - n * interval '1 day', timestamp '2020-01-01' - n * interval '1 day', now()
        FROM generate_series(1, 4) n""")
    everything = ["Ada", "Bed", "a%d", "Cab"]
    for query, part in (("limit=2", everything[:2]), ("limit=2&offset=1", everything[1:3]), ("offset=3", everything[3:]), ("offset=9", []), ("limit=0", []), ("q=A", ["Ada", "a%d", "Cab"]),
                        ("q=+a%25&limit=5", ["a%d"]), ("q=a&limit=1&offset=1", ["a%d"]), ("q=", everything), ("limit=some", everything), ("limit=", everything), ("%6cimit=1", everything[:1]), ("limit=1&limit=2", everything)):
        for path in ("/api/titles?", "/api/admin/titles?"):
            assert [t["name"] for t in get(api, path + query)["titles"]] == part, path + query
            assert [t["name"] for t in get(api, "/api/titles")["titles"]] == everything, "pages have their own cache entries"
    api.rows('ALTER TABLE "Season" RENAME TO hidden')
    assert api.a.get("/api/titles?q=a&limit=3").status_code == 500
    assert wait_for(lambda: api.rows('SELECT path FROM "ErrorLog"'), "the row of the failure") == [("/api/titles?q=a&limit=3",)]


def test_titles_by_type_and_state_and_in_other_orders(api):
    api.rows("""INSERT INTO "Title" (id, type, name, archived, "pendingReview", "releaseDate", "createdAt", "updatedAt") SELECT n, CASE WHEN n > 5 THEN 'SERIES' ELSE 'MOVIE' END::"TitleType",
            (ARRAY['b', 'C', 'a', 'D', 'e', 'f', 'g'])[n], n IN (1, 3), n IN (1, 2), CASE WHEN n <> 4 THEN timestamp '2020-01-01' + n * interval '1 day' END,
            timestamp '2021-01-01' - n * interval '1 day', timestamp '2022-01-01' + (n * 3 %% 7) * interval '1 day' FROM generate_series(1, 7) n;
        INSERT INTO "AssetVersion" ("titleId", rendition, status, url, "updatedAt") VALUES (4, 'R360', 'READY', 'u', now()), (5, 'R360', 'FAILED', 'u', now());
        INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", name, "updatedAt") VALUES (6, 1, 1, 'E', now())""".replace("%%", "%"))
    for query, part in (("state=draft", "b"), ("state=pending", "C"), ("state=archived", "a"), ("state=published", "Defg"), ("state=empty", "eg"), ("state=EMPTY", "bCaDefg"), ("type=SERIES", "fg"),
                        ("type=MOVIE&state=published", "De"), ("sort=name", "abCDefg"), ("sort=name&limit=2&offset=1", "bC"), ("sort=updated", "CDfbaeg"), ("sort=release", "gfeaCbD"),
                        ("sort=name&q=d", "D"), ("state=published&limit=2&offset=1", "ef"), ("sort=oldest", "bCaDefg"), ("sort=&state=&type=", "bCaDefg")):
        assert "".join(t["name"] for t in get(api, "/api/admin/titles?" + query)["titles"]) == part, query
    api.rows("""INSERT INTO "Title" (id, type, name, "updatedAt") SELECT n + 100, 'MOVIE', 'z' || n, now() FROM generate_series(1, 1200) n""")
    assert len(get(api, "/api/admin/titles?sort=name")["titles"]) == 500 and len(get(api, "/api/admin/titles?type=MOVIE&limit=1100")["titles"]) == 1100


@pytest.mark.parametrize("rows", [0, 1, 20000])
def test_lists_of_episodes_and_seasons(api, rows):
    title = api.rows("""INSERT INTO "Title" (type, name, "updatedAt") VALUES ('SERIES', 'T', now()) RETURNING id""")[0][0]
    api.rows("""INSERT INTO "Season" ("titleId", "seasonNumber", "updatedAt") SELECT %s, n, now() FROM generate_series(1, %s) n""", (title, rows))
    api.rows("""INSERT INTO "Episode" ("titleId", "seasonNumber", "episodeNumber", name, "pendingReview", "updatedAt")
        SELECT %s, n %% 7, n, 'E', false, now() FROM generate_series(1, %s) n""", (title, rows))
    assert [s["seasonNumber"] for s in get(api, "/api/admin/titles/%s/seasons" % title)["seasons"]] == list(range(1, rows + 1))
    expected = sorted((n % 7, n) for n in range(1, rows + 1))
    for path in ("/api/admin/titles/%s/episodes", "/api/titles/%s/episodes"):
        assert [(e["seasonNumber"], e["episodeNumber"]) for e in get(api, path % title)["episodes"]] == expected, path


@pytest.mark.parametrize("rows", [0, 1, 100000])
def test_lists_of_uploads(api, rows):
    api.rows("""INSERT INTO "UploadJob" (status, "bytesUploaded", "createdAt", "updatedAt")
        SELECT 'UPLOADING', n, timestamp '2020-01-01' + n * interval '1 second', now() FROM generate_series(1, %s) n""", (rows,))
    assert [u["bytesUploaded"] for u in get(api, "/api/admin/uploads")["uploads"]] == list(range(rows, 0, -1))[:50]


@pytest.mark.parametrize("rows", [0, 1, 100000])
def test_lists_of_purchases(api, rows):
    title = api.rows("""INSERT INTO "Title" (type, name, "isPpv", "updatedAt") VALUES ('MOVIE', 'T', true, now()) RETURNING id""")[0][0]
    api.rows("""INSERT INTO "PpvPurchase" ("userId", "titleId", "amountNaira", "paystackRef", status, "createdAt")
        SELECT %s, %s, n, 'r' || n, 'SUCCESS', timestamp '2020-01-01' + n * interval '1 second' FROM generate_series(1, %s) n""", (api.root.id, title, rows))
    for query, most, skipped in (("", 200, 0), ("?limit=500&offset=7", 500, 7), ("?limit=9999", 500, 0)):
        answer = get(api, "/api/admin/ppv/purchases" + query)
        assert (answer["totalCount"], answer["totalSuccessAmountNaira"]) == (rows, rows * (rows + 1) // 2)
        assert [p["amountNaira"] for p in answer["items"]] == list(range(rows, 0, -1))[skipped:skipped + most], query
