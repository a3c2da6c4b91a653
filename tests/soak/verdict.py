"""The checks at the end of a soak test: compares the ledger of the clients with the database, object storage and the mailbox."""
import collections

from films import named_objects
from services import wait_for


class Verdict:
    """`bad` are the failed checks; `notes` are lines for the report."""

    def __init__(self, stage, ledger, faults):
        self.stage, self.ledger, self.faults = stage, ledger, faults
        self.bad, self.notes = [], []

    def check(self):
        for what in (self.events, self.titles, self.purchases, self.signups, self.uploads, self.mails, self.store):
            what()
        return self

    def wrong(self, what, items):
        items = list(items)
        if items:
            self.bad.append("%d %s: %s" % (len(items), what, ", ".join(str(i) for i in items[:5])))

    def note(self, text, *args):
        self.notes.append(text % args)

    def events(self):
        told = self.ledger.events
        stored = dict(self.stage.rows("""SELECT "metadata" ->> 'mark', count(*) FROM "EngagementEvent" WHERE "metadata" ? 'mark' GROUP BY 1"""))
        self.wrong("acknowledged events are lost", (m for m, sure in told.items() if sure and m not in stored))
        self.wrong("events are stored more than once", (m for m, n in stored.items() if n > 1))
        self.wrong("events are stored that no client sent", stored.keys() - told.keys())
        self.note("events: %d acknowledged, %d with an unknown result, of which %d are stored", sum(told.values()), len(told) - sum(told.values()),
                  sum(not sure and m in stored for m, sure in told.items()))

    def titles(self):
        stored = dict(self.stage.rows("""SELECT "name", count(*) FROM "Title" WHERE "name" LIKE 'Made %' GROUP BY 1"""))
        said = dict(self.stage.rows("""SELECT "id"::text, "description" FROM "Title" """))
        titles = self.ledger.titles
        self.wrong("acknowledged titles are lost", (n for n, (sure, _, gone) in titles.items() if sure and not gone and stored.get(n, 0) == 0))
        self.wrong("titles are stored more than once", (n for n, count in stored.items() if count > 1))
        self.wrong("deleted titles are stored", (n for n, (sure, _, gone) in titles.items() if sure and gone and n in stored))
        self.wrong("titles have another description than was acknowledged", (t for t, may in self.ledger.edits if said.get(t) not in may))
        self.note("titles: %d created, %d of them deleted", sum(sure for sure, _, _ in titles.values()), sum(sure and gone for sure, _, gone in titles.values()))

    def purchases(self):
        stored = {ref: status for ref, status in self.stage.rows('SELECT "paystackRef", "status"::text FROM "PpvPurchase"')}
        sure = [ref for ref, (_, _, told) in self.ledger.purchases.items() if told]
        self.wrong("acknowledged payments are lost", (ref for ref in sure if stored.get(ref) != "SUCCESS"))
        self.wrong("titles were bought twice", self.stage.rows("""SELECT "userId", "titleId" FROM "PpvPurchase" WHERE "status" = 'SUCCESS'
            GROUP BY 1, 2 HAVING count(*) > 1"""))
        mails = dict(self.stage.rows("SELECT to_address, count(*) FROM wanzami.mail_outbox WHERE template = 'purchase' GROUP BY 1"))
        bought = dict(self.stage.rows("""SELECT u.email, count(*) FROM "PpvPurchase" p JOIN "User" u ON u.id = p."userId" WHERE p."status" = 'SUCCESS' GROUP BY 1"""))
        self.wrong("buyers have a different number of receipts and purchases", (b for b in bought.keys() | mails.keys() if bought.get(b) != mails.get(b)))
        self.note("purchases: %d paid and acknowledged", len(sure))

    def signups(self):
        known = dict(self.stage.rows("""SELECT email, count(*) FROM "User" WHERE email LIKE '%@soak.example' GROUP BY 1"""))
        mails = collections.Counter(self.stage.rows("SELECT to_address, template FROM wanzami.mail_outbox WHERE to_address LIKE '%@soak.example'"))
        self.wrong("acknowledged accounts are lost", (a for a, sure in self.ledger.signups.items() if sure and a not in known))
        self.wrong("accounts did not get exactly one mail of each of the two kinds", (a for a in known if (mails[a, "verify"], mails[a, "welcome"]) != (1, 1)))
        self.note("sign-ups: %d acknowledged, %d accounts", sum(self.ledger.signups.values()), len(known))

    def uploads(self):
        told = self.ledger.uploads
        working = "SELECT count(*) FROM \"UploadJob\" WHERE \"status\" = 'PROCESSING'"
        wait_for(lambda: self.stage.rows(working)[0][0] == 0, "all uploads to be COMPLETED or FAILED", 300)
        state = {str(i): s for i, s in self.stage.rows('SELECT "id", "status"::text FROM "UploadJob"')}
        self.wrong("acknowledged uploads are neither COMPLETED nor FAILED", (j for j, sure in told.items() if sure and
                                                                                       state.get(j) not in ("COMPLETED", "FAILED")))
        # A title has one set of renditions or, before its first transcode job has completed, none.
        sets = collections.defaultdict(list)
        for title, rendition in self.stage.rows("""SELECT "titleId", "rendition"::text FROM "AssetVersion" WHERE "status" = 'READY' ORDER BY 1, 2 DESC"""):
            sets[title].append(rendition)
        made = {t for t, in self.stage.rows("""SELECT DISTINCT "titleId" FROM "UploadJob" WHERE "status" = 'COMPLETED'""")}
        self.wrong("titles do not have exactly one set of renditions", ((t, sets[t]) for t in made if sorted(sets[t]) != ["R360", "R720"]))
        self.wrong("titles have renditions without a completed upload", sets.keys() - made)
        failed = self.stage.rows("""SELECT j.attempts, u."error" FROM "UploadJob" u JOIN wanzami.transcode_job j ON j.upload_job_id = u."id"
            WHERE u."status" = 'FAILED'""")
        self.note("uploads: %d acknowledged, %d COMPLETED, %d FAILED, %d not acknowledged", sum(told.values()),
                  sum(s == "COMPLETED" for s in state.values()), len(failed), len(told) - sum(told.values()))
        for attempts, error in failed:
            self.note("  failed after %d attempts: %s", attempts, error)

    def mails(self):
        # Expires the leases of killed senders and the pause after the faults of the mail server.
        unsent = "SELECT id FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL"
        self.stage.rows("UPDATE wanzami.mail_outbox SET next_attempt_at = now() WHERE sent_at IS NULL AND failed_at IS NULL")
        self.stage.rows("UPDATE wanzami.mail_relay SET paused_until = now()")
        wait_for(lambda: self.stage.rows(unsent) == [], "all mails to be sent or failed", 120)
        given_up = self.stage.rows("SELECT id, last_error FROM wanzami.mail_outbox WHERE failed_at IS NOT NULL")
        self.wrong("mails failed", given_up)
        ids = {str(i) for i, in self.stage.rows("SELECT id FROM wanzami.mail_outbox")}
        names = collections.defaultdict(collections.Counter)  # by mail: its Message-IDs, and how often each arrived
        for m in list(self.stage.mail.messages):
            names[m["Message-ID"][1:].split(".", 1)[0]][m["Message-ID"]] += 1
        self.wrong("mails are lost", ids - names.keys() - {str(i) for i, _ in given_up})
        self.wrong("mails arrived with different Message-IDs", (i for i, n in names.items() if len(n) > 1))
        again = sum(count - 1 for n in names.values() for count in n.values())
        most = sum(f.resends for f, _, _ in self.faults.done)
        if again > most:
            self.bad.append("%d mails arrived twice with the same Message-ID, but only %d senders were interrupted" % (again, most))
        self.note("mails: %d sent, %d of them twice with the same Message-ID (allowed for an interrupted sender)", len(ids), again)

    def store(self):
        """Deletes abandoned uploads and empties the trash; then object storage must hold exactly the objects that rows refer to."""
        self.stage.rows("""UPDATE "UploadJob" SET "updatedAt" = now() - interval '8 days' WHERE "status" = 'UPLOADING'""")
        self.stage.job("upload-reaper")
        self.stage.rows("UPDATE wanzami.object_trash SET delete_after = now()")

        def clean():
            self.stage.rows("UPDATE wanzami.object_trash SET delete_after = now() WHERE attempts > 0")
            return self.stage.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)]
        wait_for(clean, "the trash to be emptied", 120)
        renditions = dict(self.stage.rows("""SELECT r.object_key, v."sizeBytes" FROM "AssetVersion" v JOIN wanzami.rendition r ON r.asset_version_id = v."id" """))
        others = named_objects(self.stage.rows)
        there = set(self.stage.store.keys(self.stage.bucket))
        self.wrong("objects are missing", (renditions.keys() | others) - there)
        self.wrong("objects exist that no row refers to", there - renditions.keys() - others)
        s3 = self.stage.store.client()
        self.wrong("renditions have another size than their row", (k for k in renditions.keys() & there if
                                                                       s3.head_object(Bucket=self.stage.bucket, Key=k)["ContentLength"] != renditions[k]))
        open_ = self.stage.store.uploads(self.stage.bucket)
        if len(open_) > self.ledger.inits_unknown:
            self.wrong("multipart uploads are open", open_)
        self.note("object storage: %d renditions, %d other objects; %d open multipart uploads whose creation was not acknowledged",
                  len(renditions), len(others), len(open_))
