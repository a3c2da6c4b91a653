-- $1 job, $2 fence. In front of everything that a run writes: nobody else can claim the job until the transaction is over. A row while the claim stands.
SELECT fence FROM wanzami.lease WHERE name = $1 AND fence = $2::bigint FOR KEY SHARE
