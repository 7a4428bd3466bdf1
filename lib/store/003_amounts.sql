-- What a customer paid before is summed up without reading the payments themselves.
DROP INDEX payments_user;
CREATE INDEX payments_user ON payments (user_id, time_us, seq, amount);
