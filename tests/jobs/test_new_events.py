"""The cron jobs that read only the events of profiles with new ones (docs/recommendations.md#data-and-cron-jobs): their results are those of a
run that reads all."""
import collections
import random

import pytest

import test_viewers
from test_viewers import DAY, Jobs


@pytest.fixture
def jobs(database):
    return Jobs(database)


@pytest.fixture(autouse=True)
def _now():
    test_viewers.NOW = test_viewers.now()


def stored(jobs, events):
    """Inserts events that are no longer too new to be trusted."""
    jobs.events(events)
    jobs.rows("""UPDATE "EngagementEvent" SET "createdAt" = timezone('UTC', now()) - interval '1 hour'""")


def some(dice, count, profiles, titles=30, days=50):
    return [(dice.choice(profiles), dice.randrange(1, titles + 1), dice.choice(["PLAY_START", "PLAY_END", "THUMBS_UP", "SCRUB"]), dice.randrange(1, days) * DAY, "NG", None, None)
            for _ in range(count)]


RESULTS = {"preferences": 'SELECT "profileId", genres FROM "ProfilePreferenceSnapshot" ORDER BY 1',
           "recent-views": 'SELECT "profileId", "titleIds" FROM "ProfileRecentViews" ORDER BY 1'}


@pytest.mark.parametrize("name", RESULTS)
def test_only_profiles_with_new_events(jobs, name):
    dice = random.Random(3)
    jobs.titles([(i, "MOVIE", ["G%d" % (i % 7), "H%d" % (i % 5)], [], False, False) for i in range(1, 31)])
    jobs.profiles(5)
    env = {"PREF_WINDOW_DAYS": 60, "RECENT_VIEWS_DAYS": 60}
    stored(jobs, some(dice, 300, [1, 2, 3, 4]))
    assert jobs.run(name, **env)["profiles"] == 4
    assert jobs.run(name, **env)["profiles"] == 0
    stored(jobs, some(dice, 20, [2, 5]) + [(3, 1, "SCRUB", DAY, "NG", None, None)])
    assert jobs.run(name, **env)["profiles"] == 2
    found = jobs.rows(RESULTS[name])
    assert [row[0] for row in found] == [1, 2, 3, 4, 5]
    jobs.events(some(dice, 5, [1]))  # of the last ten minutes: read again by the next run
    assert [jobs.run(name, **env)["profiles"] for _ in range(2)] == [1, 1]
    found = jobs.rows(RESULTS[name])
    jobs.rows("DELETE FROM wanzami.event_mark")
    assert jobs.run(name, **env)["profiles"] == 5
    assert jobs.rows(RESULTS[name]) == found
    assert jobs.run(name, **{**env, "PREF_WINDOW_DAYS": 61, "RECENT_VIEWS_DAYS": 61})["profiles"] == 5


def similar(events, most):
    """The rules: {source: {target: score}}."""
    watched = collections.defaultdict(set)
    for profile, title, kind, seconds, *_ in events:
        if kind in ("PLAY_END", "THUMBS_UP") and seconds < 60 * DAY:
            watched[profile].add(title)
    together = collections.defaultdict(collections.Counter)
    for own in watched.values():
        for a in own:
            together[a].update(own - {a})
    best = {source: sorted(counts.items(), key=lambda x: (-x[1], x[0]))[:most] for source, counts in together.items() if counts}
    return {source: {t: n / sum(together[source].values()) for t, n in pairs} for source, pairs in best.items()}


def check_similar(jobs, events, most=4):
    found = collections.defaultdict(dict)
    for source, target, score in jobs.rows('SELECT "sourceTitleId", "targetTitleId", score FROM "TitleSimilarity" WHERE rationale = \'co_watch\''):
        found[source][target] = score
    want = similar(events, most)
    assert set(found) == set(want)
    for source, pairs in want.items():
        assert found[source] == pytest.approx(pairs)


def test_similarities_from_run_to_run(jobs):
    dice = random.Random(5)
    jobs.titles([(i, "MOVIE", [], [], False, False) for i in range(1, 31)])
    jobs.profiles(25)
    happened = some(dice, 200, list(range(1, 21)))
    stored(jobs, happened)
    jobs.run("similarities", SIMILARITY_MAX_SIMILARS=4)
    check_similar(jobs, happened)
    more = some(dice, 40, [3, 4, 22, 23])
    stored(jobs, more)
    happened += more
    jobs.run("similarities", SIMILARITY_MAX_SIMILARS=4)
    check_similar(jobs, happened)

    # Events that leave the window, a profile and a title that are deleted.
    written = jobs.rows("""SELECT max("createdAt") FROM "TitleSimilarity" """)
    jobs.rows("""UPDATE "EngagementEvent" SET "occurredAt" = "occurredAt" - interval '90 days' WHERE "profileId" = 3;
        UPDATE wanzami.basket SET oldest = oldest - interval '90 days' WHERE profile_id = 3;
        DELETE FROM "Profile" WHERE "id" = 4; DELETE FROM "Title" WHERE "id" = 7""")
    happened = [e for e in happened if e[0] not in (3, 4) and e[1] != 7]
    jobs.run("similarities", SIMILARITY_MAX_SIMILARS=4)
    check_similar(jobs, happened)
    kept = jobs.rows("""SELECT count(*) FROM "TitleSimilarity" WHERE "createdAt" <= %s""", (written[0][0],))
    jobs.run("similarities", SIMILARITY_MAX_SIMILARS=4)
    assert jobs.rows("""SELECT count(*) FROM "TitleSimilarity" WHERE "createdAt" <= %s""", (written[0][0],)) == kept and kept[0][0] > 0
    assert jobs.rows("SELECT count(*) FROM wanzami.basket WHERE profile_id IN (3, 4)") == [(0,)]
