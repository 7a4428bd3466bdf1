-- What else a stored answer has, and how the old ones are found.
ALTER TABLE answers ADD COLUMN location {text};
ALTER TABLE answers ADD COLUMN etag {text};
CREATE INDEX answers_created ON answers (created_us);
