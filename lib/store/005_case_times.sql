-- How many cases were open at some time is counted without reading them.
CREATE INDEX cases_created ON cases (created_us);
CREATE INDEX cases_resolved ON cases (resolved_us) WHERE resolved_us IS NOT NULL;
