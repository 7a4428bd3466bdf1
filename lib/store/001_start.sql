-- The first schema. {id} {int} {real} {text} {blob} {end} become each database's own words (migrate.c).
-- Times are microseconds since 1970; amounts 1/10000 of their currency's unit; levels and actions the numbers
-- of record.h and decision.h; JSON is text.

-- Every payment, whole as its record's line, with the columns that are searched. seq is the order of arrival, and
-- only grows. user_id is the customer: the record's user_id, or else its account_id, or else its card_id.
CREATE TABLE payments (
  seq {id},
  txn_id {text} NOT NULL UNIQUE,
  time_us {int} NOT NULL,
  user_id {text}, card_id {text}, merchant_id {text}, device_id {text}, ip {text},
  country {text}, location {text}, category {text}, channel {text}, currency {text},
  amount {int} NOT NULL,
  score {real}, level {int} NOT NULL, action {int} NOT NULL,
  label {int}, alert_id {text}, rules {text},
  latency_us {int},
  record {text} NOT NULL
){end};
CREATE INDEX payments_user ON payments (user_id, time_us, seq);
-- In order of time, so that it grows at its end, and with all that is searched, so that a search that has to look
-- at many payments reads this and not their records.
CREATE INDEX payments_time ON payments (time_us, seq, level, action, label, amount, score, user_id, card_id,
  merchant_id, device_id, ip, country, category, channel, currency);
CREATE INDEX payments_risky ON payments (level, time_us, seq, card_id, user_id, amount, score) WHERE level >= 2;
CREATE INDEX payments_ruled ON payments (time_us, seq, rules) WHERE rules IS NOT NULL;
CREATE INDEX payments_alert ON payments (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX payments_fraud ON payments (time_us) WHERE label = 1;

-- Counts of payments per stretch of event time and value of a dimension, in UTC. Hours: 'all' (key ''), 'level',
-- 'action', 'category', 'channel', 'country', 'currency', 'rule' and 'shadow' (a payment counts for each rule that
-- fired), 'reason' (codes of the score's reasons), 'score' ('00' to '19', steps of 0.05), 'latency' (see tally.h).
-- Days: 'merchant/day', and 'category/day' and so on. Minutes: 'minute'. alerts are those that a payment opened;
-- amount is the sum in whatever currencies; fraud and genuine are payments with that label. They follow the payments
-- a moment later: all up to the seq in `counted` are in them.
CREATE TABLE buckets (
  dim {text} NOT NULL, start_us {int} NOT NULL, key {text} NOT NULL,
  payments {int} NOT NULL DEFAULT 0, amount {int} NOT NULL DEFAULT 0,
  alerts {int} NOT NULL DEFAULT 0, blocked {int} NOT NULL DEFAULT 0,
  fraud {int} NOT NULL DEFAULT 0, genuine {int} NOT NULL DEFAULT 0,
  PRIMARY KEY (dim, start_us, key)
){keyed};
CREATE TABLE counted (seq {int} NOT NULL){end};
INSERT INTO counted (seq) VALUES (0);

-- One row a customer, kept as payments come. Risk halves in 7 days: at the time T it is
-- power(2, heat - T / (7 days)), the greatest score so far, each decayed since its payment; heat is the greatest of
-- log2(score) + time / (7 days), so that an order by heat is the order by risk at any time. NULL: no score.
CREATE TABLE customers (
  user_id {text} NOT NULL PRIMARY KEY,
  first_us {int} NOT NULL, last_us {int} NOT NULL,
  payments {int} NOT NULL DEFAULT 0, amount {int} NOT NULL DEFAULT 0,
  alerts {int} NOT NULL DEFAULT 0, blocked {int} NOT NULL DEFAULT 0, fraud {int} NOT NULL DEFAULT 0,
  max_score {real} NOT NULL DEFAULT 0,
  heat {real},
  note {text}
){keyed};
CREATE INDEX customers_risky ON customers (heat, user_id) WHERE max_score >= 0.5;

-- Which things, that others may have in common with them, customers were seen with: kinds card, device, ip. Times are
-- right to the day.
CREATE TABLE links (
  user_id {text} NOT NULL, kind {text} NOT NULL, value {text} NOT NULL,
  first_us {int} NOT NULL, last_us {int} NOT NULL,
  PRIMARY KEY (user_id, kind, value)
){keyed};
CREATE INDEX links_value ON links (kind, value, user_id);

-- What was said later to be fraud (1), genuine (0) or not known any more (-1), and by whom; of a payment the newest
-- counts and is in its label column, where it goes before the label that came with the payment. waiting: the
-- payment is not here yet.
CREATE TABLE labels (
  id {id},
  txn_id {text} NOT NULL, label {int} NOT NULL,
  source {text} NOT NULL, actor {text}, note {text}, time_us {int} NOT NULL, waiting {int} NOT NULL DEFAULT 0
){end};
CREATE UNIQUE INDEX labels_txn ON labels (txn_id, time_us, source);
CREATE INDEX labels_waiting ON labels (txn_id) WHERE waiting = 1;

CREATE TABLE cases (
  id {id},
  number {text} NOT NULL UNIQUE,
  title {text} NOT NULL, description {text} NOT NULL DEFAULT '',
  entity {text}, user_id {text}, card_id {text},
  status {text} NOT NULL, priority {text} NOT NULL, category {text} NOT NULL,
  assigned_to {int}, assigned_us {int}, escalated_to {int}, escalated_us {int},
  resolution {text}, resolution_notes {text}, resolved_by {int}, resolved_us {int},
  amount {int} NOT NULL DEFAULT 0, loss {int} NOT NULL DEFAULT 0, recovered {int} NOT NULL DEFAULT 0,
  currency {text},
  created_by {text} NOT NULL, created_us {int} NOT NULL, updated_us {int} NOT NULL,
  -- The time a case may take, and when it is over; due_us - span_us is its beginning, moved by its pauses.
  span_us {int} NOT NULL, due_us {int} NOT NULL, paused_us {int}, breached {int} NOT NULL DEFAULT 0,
  alerts {int} NOT NULL DEFAULT 0, last_alert_us {int},
  version {int} NOT NULL DEFAULT 1
){end};
CREATE INDEX cases_status ON cases (status, due_us);
CREATE INDEX cases_entity ON cases (entity, status);
CREATE INDEX cases_user ON cases (user_id);
CREATE INDEX cases_assigned ON cases (assigned_to, status);
CREATE INDEX cases_due ON cases (due_us) WHERE breached = 0 AND paused_us IS NULL AND resolved_us IS NULL;

-- One row an alert. seq and txn_id are those of the payment that opened it; count, last_us, amount (a sum), score,
-- level and action (the greatest) grow with the payments that join it (payments.alert_id).
CREATE TABLE alerts (
  id {text} NOT NULL PRIMARY KEY,
  seq {int} NOT NULL,
  txn_id {text} NOT NULL, time_us {int} NOT NULL, last_us {int} NOT NULL, created_us {int} NOT NULL,
  group_key {text}, user_id {text}, card_id {text}, merchant_id {text}, category {text},
  amount {int} NOT NULL, currency {text},
  score {real}, level {int} NOT NULL, action {int} NOT NULL,
  reason {text}, rules {text}, count {int} NOT NULL DEFAULT 1,
  status {text} NOT NULL DEFAULT 'new',
  case_id {int}, assigned_to {int}, reviewed_by {int}, reviewed_us {int}, note {text}, snoozed_us {int},
  version {int} NOT NULL DEFAULT 1
){end};
CREATE INDEX alerts_seq ON alerts (seq);
CREATE INDEX alerts_time ON alerts (time_us, seq);
CREATE INDEX alerts_status ON alerts (status, time_us, seq);
CREATE INDEX alerts_level ON alerts (status, level);
CREATE INDEX alerts_snoozed ON alerts (snoozed_us) WHERE snoozed_us IS NOT NULL;
CREATE INDEX alerts_case ON alerts (case_id);
CREATE INDEX alerts_user ON alerts (user_id, time_us, seq);
CREATE INDEX alerts_txn ON alerts (txn_id);

CREATE TABLE case_payments (
  case_id {int} NOT NULL, txn_id {text} NOT NULL, added_us {int} NOT NULL,
  PRIMARY KEY (case_id, txn_id)
){end};
CREATE INDEX case_payments_txn ON case_payments (txn_id);

CREATE TABLE case_activities (
  id {id},
  case_id {int} NOT NULL, time_us {int} NOT NULL, actor {text} NOT NULL,
  action {text} NOT NULL, old_value {text}, new_value {text}, detail {text}
){end};
CREATE INDEX case_activities_case ON case_activities (case_id, id);

CREATE TABLE comments (
  id {id},
  case_id {int} NOT NULL, time_us {int} NOT NULL, actor {text} NOT NULL, user_id {int},
  content {text} NOT NULL, internal {int} NOT NULL DEFAULT 1, edited_us {int}
){end};
CREATE INDEX comments_case ON comments (case_id, id);

CREATE TABLE evidence (
  id {id},
  case_id {int} NOT NULL, time_us {int} NOT NULL, actor {text} NOT NULL,
  name {text} NOT NULL, type {text} NOT NULL, size {int} NOT NULL, sha256 {text} NOT NULL,
  content {blob} NOT NULL
){end};
CREATE INDEX evidence_case ON evidence (case_id, id);

-- Lists that rules ask; version counts the changes, entries the rows of list_entries.
CREATE TABLE lists (
  name {text} NOT NULL PRIMARY KEY, kind {text} NOT NULL, description {text} NOT NULL DEFAULT '',
  version {int} NOT NULL DEFAULT 1, entries {int} NOT NULL DEFAULT 0,
  created_us {int} NOT NULL, updated_us {int} NOT NULL
){keyed};
CREATE TABLE list_entries (
  list {text} NOT NULL, value {text} NOT NULL, reason {text},
  from_us {int}, until_us {int}, actor {text} NOT NULL, created_us {int} NOT NULL,
  PRIMARY KEY (list, value)
){keyed};

-- Rule files, every version for good. status: draft, submitted, approved, published (one at most), retired (was
-- published), withdrawn. author is who changed the text last; revision counts a version's changes.
CREATE TABLE rule_sets (
  version {id},
  text {text} NOT NULL, hash {text} NOT NULL, status {text} NOT NULL, comment {text} NOT NULL,
  based_on {int}, author {text} NOT NULL, created_us {int} NOT NULL, updated_us {int} NOT NULL,
  revision {int} NOT NULL DEFAULT 1,
  approver {text}, approved_us {int}, published_by {text}, published_us {int}
){end};
CREATE UNIQUE INDEX rule_sets_published ON rule_sets (status) WHERE status = 'published';

-- Long work asked for over the API: backtests. status: waiting, running, done, failed, cancelled.
CREATE TABLE jobs (
  id {id},
  kind {text} NOT NULL, status {text} NOT NULL, progress {real} NOT NULL DEFAULT 0,
  params {text} NOT NULL, result {text}, error {text},
  actor {text} NOT NULL, created_us {int} NOT NULL, started_us {int}, finished_us {int},
  runs {int} NOT NULL DEFAULT 0
){end};
CREATE INDEX jobs_status ON jobs (status, id);

CREATE TABLE users (
  id {id},
  email {text} NOT NULL UNIQUE, name {text} NOT NULL, role {text} NOT NULL, department {text},
  password {text}, password_us {int}, must_change {int} NOT NULL DEFAULT 0,
  active {int} NOT NULL DEFAULT 1, oidc_subject {text} UNIQUE,
  failures {int} NOT NULL DEFAULT 0, locked_until_us {int},
  created_us {int} NOT NULL, last_login_us {int}, version {int} NOT NULL DEFAULT 1
){end};

-- One row a sign-in. Its refresh tokens are made of seed and generation (lib/web/refresh.h): each use counts
-- the generation up, and an older one's return ends the session.
CREATE TABLE sessions (
  id {text} NOT NULL PRIMARY KEY,
  user_id {int} NOT NULL, seed {text} NOT NULL, generation {int} NOT NULL DEFAULT 0,
  created_us {int} NOT NULL, used_us {int} NOT NULL, expires_us {int} NOT NULL, revoked_us {int},
  agent {text}, address {text}
){end};
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE api_keys (
  id {text} NOT NULL PRIMARY KEY,
  name {text} NOT NULL, secret_hash {text} NOT NULL, role {text} NOT NULL, scopes {text} NOT NULL,
  created_by {text} NOT NULL, created_us {int} NOT NULL, expires_us {int}, used_us {int}, revoked_us {int}
){end};

-- One-time words: the first administrator's setup token, invitations. Kept as hashes.
CREATE TABLE tickets (
  hash {text} NOT NULL PRIMARY KEY,
  kind {text} NOT NULL, role {text}, email {text},
  created_by {text} NOT NULL, created_us {int} NOT NULL, expires_us {int} NOT NULL, used_us {int}
){end};

CREATE TABLE settings (
  key {text} NOT NULL PRIMARY KEY, value {text} NOT NULL,
  updated_us {int} NOT NULL, actor {text} NOT NULL, version {int} NOT NULL DEFAULT 1
){end};

-- What a person keeps for themselves: saved views, notices read.
CREATE TABLE preferences (
  user_id {int} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, updated_us {int} NOT NULL,
  PRIMARY KEY (user_id, key)
){end};

CREATE TABLE notices (
  id {id},
  user_id {int} NOT NULL, kind {text} NOT NULL, title {text} NOT NULL, link {text},
  created_us {int} NOT NULL, read_us {int}
){end};
CREATE INDEX notices_user ON notices (user_id, read_us);

-- Answers to requests with an Idempotency-Key, to be given again.
CREATE TABLE answers (
  key {text} NOT NULL PRIMARY KEY,
  request_hash {text} NOT NULL, status {int} NOT NULL, body {text} NOT NULL, created_us {int} NOT NULL
){end};

-- Every change, each line's hash over its content and the hash before it (audit.h).
CREATE TABLE audit (
  seq {int} NOT NULL PRIMARY KEY,
  time_us {int} NOT NULL, actor {text} NOT NULL, action {text} NOT NULL, subject {text} NOT NULL,
  old_value {text}, new_value {text}, address {text},
  previous {text} NOT NULL, hash {text} NOT NULL
){end};
CREATE INDEX audit_subject ON audit (subject);
-- The last line of it, by its own word: a tail that was cut off shows.
CREATE TABLE audit_head (
  one {int} NOT NULL PRIMARY KEY, seq {int} NOT NULL, hash {text} NOT NULL
){end};
