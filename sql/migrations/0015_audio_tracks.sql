-- Audio objects of several tracks of a film: "label" is the title of the track in the source, "purpose" is main, description (audio description),
-- commentary or clear (for the hard of hearing). Rows of earlier releases have neither; "described" tells.
ALTER TABLE wanzami.stream
	ADD COLUMN label TEXT,
	ADD COLUMN purpose TEXT;
