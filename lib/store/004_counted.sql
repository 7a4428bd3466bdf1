-- Counts are also written in parts (tally.h): of the payments behind `seq` up to `upto`, the first `parts` are there.
ALTER TABLE counted ADD COLUMN upto {int} NOT NULL DEFAULT 0;
ALTER TABLE counted ADD COLUMN parts {int} NOT NULL DEFAULT 0;
