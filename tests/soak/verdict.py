"""Whether anything was lost, done twice or left behind: what clients were told, beside what is there in the end."""
import collections

from services import wait_for


class Verdict:
    """`bad` is what must not be; `notes` are lines for the report."""

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
        self.wrong("events that were acknowledged are lost", (m for m, sure in told.items() if sure and m not in stored))
        self.wrong("events are there more than once", (m for m, n in stored.items() if n > 1))
        self.wrong("events were stored that nobody sent", stored.keys() - told.keys())
        self.note("events: %d acknowledged, %d unknown of which %d are there", sum(told.values()), len(told) - sum(told.values()),
                  sum(not sure and m in stored for m, sure in told.items()))

    def titles(self):
        stored = dict(self.stage.rows("""SELECT "name", count(*) FROM "Title" WHERE "name" LIKE 'Made %' GROUP BY 1"""))
        said = dict(self.stage.rows("""SELECT "id"::text, "description" FROM "Title" """))
        titles = self.ledger.titles
        self.wrong("titles that were made are lost", (n for n, (sure, _, gone) in titles.items() if sure and not gone and stored.get(n, 0) == 0))
        self.wrong("titles are there more than once", (n for n, count in stored.items() if count > 1))
        self.wrong("titles that were deleted are there", (n for n, (sure, _, gone) in titles.items() if sure and gone and n in stored))
        self.wrong("titles say something else than was acknowledged", (t for t, may in self.ledger.edits if said.get(t) not in may))
        self.note("titles: %d made, %d of them deleted again", sum(sure for sure, _, _ in titles.values()), sum(sure and gone for sure, _, gone in titles.values()))

    def purchases(self):
        stored = {ref: status for ref, status in self.stage.rows('SELECT "paystackRef", "status"::text FROM "PpvPurchase"')}
        sure = [ref for ref, (_, _, told) in self.ledger.purchases.items() if told]
        self.wrong("payments that were acknowledged are lost", (ref for ref in sure if stored.get(ref) != "SUCCESS"))
        self.wrong("titles were bought twice", self.stage.rows("""SELECT "userId", "titleId" FROM "PpvPurchase" WHERE "status" = 'SUCCESS'
            GROUP BY 1, 2 HAVING count(*) > 1"""))
        mails = dict(self.stage.rows("SELECT to_address, count(*) FROM wanzami.mail_outbox WHERE template = 'purchase' GROUP BY 1"))
        bought = dict(self.stage.rows("""SELECT u.email, count(*) FROM "PpvPurchase" p JOIN "User" u ON u.id = p."userId" WHERE p."status" = 'SUCCESS' GROUP BY 1"""))
        self.wrong("buyers have another number of receipts than of purchases", (b for b in bought.keys() | mails.keys() if bought.get(b) != mails.get(b)))
        self.note("purchases: %d paid and acknowledged", len(sure))

    def signups(self):
        known = dict(self.stage.rows("""SELECT email, count(*) FROM "User" WHERE email LIKE '%@soak.example' GROUP BY 1"""))
        mails = collections.Counter(self.stage.rows("SELECT to_address, template FROM wanzami.mail_outbox WHERE to_address LIKE '%@soak.example'"))
        self.wrong("accounts that were made are lost", (a for a, sure in self.ledger.signups.items() if sure and a not in known))
        self.wrong("accounts did not get the two mails that each gets", (a for a in known if (mails[a, "verify"], mails[a, "welcome"]) != (1, 1)))
        self.note("sign-ups: %d acknowledged, %d accounts", sum(self.ledger.signups.values()), len(known))

    def uploads(self):
        told = self.ledger.uploads
        working = "SELECT count(*) FROM \"UploadJob\" WHERE \"status\" = 'PROCESSING'"
        wait_for(lambda: self.stage.rows(working)[0][0] == 0, "the end of every upload", 300)
        state = {str(i): s for i, s in self.stage.rows('SELECT "id", "status"::text FROM "UploadJob"')}
        self.wrong("uploads that were acknowledged are neither COMPLETED nor FAILED", (j for j, sure in told.items() if sure and
                                                                                       state.get(j) not in ("COMPLETED", "FAILED")))
        # A title has one set of renditions or, as long as none was made, nothing that plays.
        sets = collections.defaultdict(list)
        for title, rendition in self.stage.rows("""SELECT "titleId", "rendition"::text FROM "AssetVersion" WHERE "status" = 'READY' ORDER BY 1, 2 DESC"""):
            sets[title].append(rendition)
        made = {t for t, in self.stage.rows("""SELECT DISTINCT "titleId" FROM "UploadJob" WHERE "status" = 'COMPLETED'""")}
        self.wrong("titles do not have exactly one set of renditions", ((t, sets[t]) for t in made if sorted(sets[t]) != ["R360", "R720"]))
        self.wrong("titles play without an upload that was completed", sets.keys() - made)
        failed = self.stage.rows("""SELECT j.attempts, u."error" FROM "UploadJob" u JOIN wanzami.transcode_job j ON j.upload_job_id = u."id"
            WHERE u."status" = 'FAILED'""")
        self.note("uploads: %d acknowledged, %d of all films made, %d failed, %d not acknowledged", sum(told.values()),
                  sum(s == "COMPLETED" for s in state.values()), len(failed), len(told) - sum(told.values()))
        for attempts, error in failed:
            self.note("  failed after %d attempts: %s", attempts, error)

    def mails(self):
        # The lease of a sender that was killed is over; the others have had time to end.
        unsent = "SELECT id FROM wanzami.mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL"
        self.stage.rows("UPDATE wanzami.mail_outbox SET next_attempt_at = now() WHERE sent_at IS NULL AND failed_at IS NULL")
        wait_for(lambda: self.stage.rows(unsent) == [], "the end of every mail", 120)
        given_up = self.stage.rows("SELECT id, last_error FROM wanzami.mail_outbox WHERE failed_at IS NOT NULL")
        self.wrong("mails were given up", given_up)
        ids = {str(i) for i, in self.stage.rows("SELECT id FROM wanzami.mail_outbox")}
        names = collections.defaultdict(collections.Counter)  # of each mail: its names, and how often it came by each
        for m in list(self.stage.mail.messages):
            names[m["Message-ID"][1:].split(".", 1)[0]][m["Message-ID"]] += 1
        self.wrong("mails are lost", ids - names.keys() - {str(i) for i, _ in given_up})
        self.wrong("mails came under two names", (i for i, n in names.items() if len(n) > 1))
        again = sum(count - 1 for n in names.values() for count in n.values())
        most = sum(f.resends for f, _, _ in self.faults.done)
        if again > most:
            self.bad.append("%d mails came twice by the same name, and only %d senders were cut off" % (again, most))
        self.note("mails: %d sent, %d of them twice by the same name, as a sender that is cut off may", len(ids), again)

    def store(self):
        """What was not acknowledged is given up, and what is to be removed is; then the store has what rows refer to and nothing else."""
        self.stage.rows("""UPDATE "UploadJob" SET "updatedAt" = now() - interval '8 days' WHERE "status" = 'UPLOADING'""")
        self.stage.job("upload-reaper")
        self.stage.rows("UPDATE wanzami.object_trash SET delete_after = now()")

        def clean():
            self.stage.rows("UPDATE wanzami.object_trash SET delete_after = now() WHERE attempts > 0")
            return self.stage.rows("SELECT count(*) FROM wanzami.object_trash") == [(0,)]
        wait_for(clean, "the trash to be emptied", 120)
        renditions = dict(self.stage.rows("""SELECT r.object_key, v."sizeBytes" FROM "AssetVersion" v JOIN wanzami.rendition r ON r.asset_version_id = v."id" """))
        sources = {key for key, in self.stage.rows("SELECT source_key FROM wanzami.transcode_job")}
        there = set(self.stage.store.keys(self.stage.bucket))
        self.wrong("objects are missing", (renditions.keys() | sources) - there)
        self.wrong("objects are there that nothing refers to", there - renditions.keys() - sources)
        s3 = self.stage.store.client()
        self.wrong("renditions have another size than their row says", (k for k in renditions.keys() & there if
                                                                       s3.head_object(Bucket=self.stage.bucket, Key=k)["ContentLength"] != renditions[k]))
        open_ = self.stage.store.uploads(self.stage.bucket)
        if len(open_) > self.ledger.inits_unknown:
            self.wrong("multipart uploads are left open", open_)
        self.note("store: %d renditions, %d films; %d multipart uploads left of those that were begun and never acknowledged",
                  len(renditions), len(sources), len(open_))
