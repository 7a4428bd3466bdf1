#!/usr/bin/env bats
# ss-alert's messages on their way: servers that fail, processes that are killed, programs, mail.
load helper
export no_proxy=127.0.0.1

teardown() {
  for pid in $servers; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
  cd / && rm -rf "$T"
}

# Alerting payments: N of them, one each 5 seconds, of 7 customers.
payments() {
  awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
    printf "{\"txn_id\":\"t%d\",\"timestamp\":%d,\"user_id\":%d,\"amount\":%d,\"decision\":{\"action\":\"block\",\"level\":\"%s\",\"score\":0.9,\"rules\":[{\"id\":\"r%d\",\"score\":0.9,\"action\":\"block\",\"reason\":\"<!channel> & \\u00e4\\u00df\\nBcc: x@y\"}]}}\n",
      i, 1772366400 + i * 5, i % 7, 10 + i, (i % 10 ? "HIGH" : "CRITICAL"), i % 2 }'
}

# serve FAULT...: an HTTP server in the background that writes what it gets to `log`; its port is in `port`.
serve() {
  "$ROOT/tests/support/http-server" port log "$@" >ready 3>&- &
  servers="$servers $!"
  server=$!
  until [ -s ready ]; do sleep 0.01; done
}

routes() {
  echo "ops = webhook http://127.0.0.1:$(cat port)/hook key=@key backoff=10ms backoff_max=80ms timeout=2s tries=1000 $1" >routes
  echo 'all -> ops' >>routes
  printf 'not so secret\n' >key
}

# The messages that should arrive, in the order of the stream, and those that did with a 2xx.
expected() {
  echo 'all = file expected' >routes.file
  echo 'all -> all' >>routes.file
  ss-alert "$@" --routes routes.file --spool spool.file in >out.file
}

arrived_all() {
  jq -r 'select(.status == 200 or .fault == "taken") | .body' log >arrived
  # At least once, with the same bytes:
  sort -u arrived | same - <(sort expected)
  # the same key every time, and one key a message;
  [ "$(jq -r '[.headers["Idempotency-Key"], (.body | fromjson.message)] | select(.[0] != .[1])' log | wc -l)" -eq 0 ]
  [ "$(jq -r '.headers["Idempotency-Key"] + " " + .body' log | sort -u | wc -l)" -eq "$(wc -l <expected)" ]
  # first arrivals in order for each customer:
  jq -r '[.key, .message] | @tsv' arrived | awk '!seen[$0]++' | sort -s -k1,1 >got
  jq -r '[.key, .message] | @tsv' expected | sort -s -k1,1 | same got -
}

@test "a server that fails, closes, is slow, or takes and does not answer, gets every message at least once, in order" {
  payments 150 >in
  expected --dedupe user_id,1m
  serve 2*500 slow close taken 2*503 ok taken retry ok ok close 2*close 500
  routes
  ss-alert --dedupe user_id,1m --routes routes --spool spool in >out 2>err
  same out out.file
  arrived_all
  [ "$(grep -c '"fault": "taken"' log)" -eq 2 ]
  grep -q "'ops' has not taken alert message" err
}

@test "each message bears a signature that openssl agrees with" {
  payments 20 >in
  serve
  routes
  ss-alert --routes routes --spool spool in >out
  [ "$(wc -l <log)" -eq 20 ]
  for n in 1 7 20; do
    sed -n ${n}p log >one
    jq -r '.headers["SS-Signature"]' one | sed 's/^v1=//' >signature
    jq -j '.headers["SS-Timestamp"] + "." + .body' one | openssl dgst -sha256 -hmac "$(cat key)" | sed 's/.*= //' |
      same - signature
  done
}

@test "an absent server holds up nothing: messages wait for the next run, or --drain" {
  payments 150 >in
  expected --dedupe user_id,1m
  serve
  kill "$server" && wait "$server" || true
  routes
  head -n 70 in | ss-alert --state s --dedupe user_id,1m --routes routes --spool spool --drain-timeout 0 >out 2>err
  grep -q "messages wait in 'spool'" err
  run ss-alert --drain --drain-timeout 100ms --routes routes --spool spool
  status_is 69
  tail -n +71 in | ss-alert --state s --dedupe user_id,1m --routes routes --spool spool --drain-timeout 0 >>out 2>/dev/null
  same out out.file
  rm ready
  serve
  ss-alert -q --drain --routes routes --spool spool
  # With --state no alert ends with the stream, so nothing is told of that.
  grep -v '^{"event":"ended"' expected >opened && mv opened expected
  arrived_all
}

@test "a request to stop does not wait for an absent server" {
  payments 10 >in
  serve
  kill "$server" && wait "$server" || true
  routes
  ss-alert --routes routes --spool spool --drain-timeout 1h in >out 2>err &
  pid=$!
  until grep -q 'has not taken' err; do sleep 0.01; done
  kill -TERM $pid
  wait $pid
  [ "$(grep -c '"alert"' out)" -eq 10 ]
  grep -q "10 messages wait in 'spool'" err
}

@test "messages for a destination that the routes no longer name stay, and are told of" {
  payments 4 >in
  printf 'gone = command false\nall -> gone\n' >old
  ss-alert -q --routes old --spool spool --drain-timeout 0 in >out
  printf 'log = file log\nall -> log\n' >routes
  run ss-alert --drain --routes routes --spool spool
  status_is 69
  says "messages for 'gone' stay in the spool"
  says "4 messages still wait"
}

@test "a spool is one process's" {
  payments 1 >in
  mkfifo stream
  printf 'log = file log\nall -> log\n' >routes
  ss-alert --routes routes --spool spool <stream >out &
  pid=$!
  exec 5>stream
  until [ -e spool/lock ] && ! flock -n spool/lock true; do sleep 0.01; done
  run ss-alert --routes routes --spool spool in
  exec 5>&-
  wait $pid
  status_is 73
  says "is in use by another process"
}

@test "a server that comes back while the stream runs gets what it missed" {
  payments 60 >in
  expected --dedupe user_id,1m
  serve
  kill "$server" && wait "$server" || true
  routes
  ss-alert --dedupe user_id,1m --routes routes --spool spool in >out 2>err &
  pid=$!
  until grep -q 'has not taken' err; do sleep 0.01; done
  rm ready
  serve
  wait $pid
  arrived_all
}

@test "kill -9 at any moment and a replay lose no message" {
  payments 150 >in
  expected --dedupe user_id,1m
  serve slow 500 slow taken close slow
  routes
  mkfifo stream
  touch log
  for n in 1 3 20 60 100; do
    ss-alert --dedupe user_id,1m --routes routes --spool spool <stream >out 2>err &
    pid=$!
    exec 5>stream
    cat in >&5
    until [ "$(wc -l <log)" -ge $n ]; do sleep 0.01; done
    kill -9 $pid
    wait $pid || true
    exec 5>&-
  done
  ss-alert -q --dedupe user_id,1m --routes routes --spool spool in >out
  same out out.file
  arrived_all
  # Hardly any comes twice: only what was under way when the process died.
  [ "$(wc -l <arrived)" -le $(($(wc -l <expected) + 30)) ]
}

@test "a replay with the same spool sends nothing again" {
  payments 40 >in
  serve
  routes
  ss-alert --routes routes --spool spool in >out
  ss-alert --routes routes --spool spool in | same - out
  [ "$(wc -l <log)" -eq 40 ]
}

@test "what is refused to the last try is a dead letter, and holds up only its own customer" {
  payments 35 >in
  serve 'user_id:3"=500'
  routes tries=3
  ss-alert --routes routes --spool spool --dedupe user_id,1s in >out 2>err
  [ "$(wc -l <spool/dead.ndjson)" -eq 5 ]
  jq -e -s 'all(.[]; .why == "answered 500" and .tries == 3 and .body.key == "user_id:3")' spool/dead.ndjson
  [ "$(grep -c '"status": 200' log)" -eq 30 ]
  [ "$(grep -c '"status": 500' log)" -eq 15 ]
  grep -q 'in 3 tries (answered 500): now a dead letter' err
}

@test "no secret is shown" {
  payments 3 >in
  serve
  kill "$server" && wait "$server" || true
  printf 'http://127.0.0.1:%s/T0P/secret-path\n' "$(cat port)" >url
  printf 'a = webhook @url key=$SS_TEST_KEY tries=2 backoff=1ms\nb = slack @url tries=2 backoff=1ms\nall -> a,b\n' >routes
  SS_TEST_KEY=hush-hush ss-alert -v -v --routes routes --spool spool in >out 2>err
  [ "$(wc -l <spool/dead.ndjson)" -eq 6 ]
  not grep -rE 'secret-path|hush' err out spool
}

@test "routes: several lines, several places, otherwise, and stdout" {
  payments 21 >in
  cat >routes <<'X'
critical = file critical
r1       = file "r 1"
rest     = file rest
level=CRITICAL                -> critical, stdout
rule=r1 action=block,review   -> r1
otherwise                     -> rest
X
  ss-alert --routes routes --spool spool --only in >out
  [ "$(wc -l <critical)" -eq 3 ] && [ "$(wc -l <'r 1')" -eq 10 ] && [ "$(wc -l <rest)" -eq 8 ]
  jq -e 'select(.decision.level != "CRITICAL")' out && return 1
  [ "$(wc -l <out)" -eq 3 ]
}

@test "a command gets the message on its standard input; its failures are tried again, its output is not ours" {
  payments 3 >in
  cat >page <<'X'
#!/bin/sh
echo noise
mkdir once 2>/dev/null && exit 75
mkdir twice 2>/dev/null && { sleep 20 & sleep 20; }
{ printf '%s %s ' "$1" "$SS_MESSAGE"; cat; } >>pages
X
  chmod +x page
  echo 'page = command timeout=300ms backoff=1ms ./page "two words"' >routes
  echo 'all -> page' >>routes
  ss-alert --only --routes routes --spool spool in >out 2>err
  [ "$(wc -l <pages)" -eq 3 ]
  grep -q '^two words [0-9a-f]\{16\}-1 {"event":"opened"' pages
  not grep -q noise out
  grep -q "'./page' exited with 75" err
}

@test "a Slack-compatible message addresses nobody that a payment names" {
  payments 2 >in
  serve
  printf 'chat = slack http://127.0.0.1:%s/\nall -> chat\n' "$(cat port)" >routes
  ss-alert --routes routes --spool spool in >out
  jq -r '.body | fromjson | .text' log >text
  grep -q '^HIGH alert opened: txn_id:t1, 1 payment, block$' text
  grep -q '^- r1: &lt;!channel&gt; &amp; äß Bcc: x@y$' text
  [ "$(jq -c '.body | fromjson | keys' log | sort -u)" = '["text"]' ]
}

# What a mail program sees of mails in the files named.
read_mail() {
  python3 - "$@" <<'X'
import email, email.policy, sys
for name in sys.argv[1:]:
    raw = open(name, "rb").read()
    assert all(b < 128 for b in raw) and max(map(len, raw.splitlines())) <= 998
    m = email.message_from_bytes(raw, policy=email.policy.default)
    assert not m.defects and m["Bcc"] is None and m["Date"].datetime and m["MIME-Version"] == "1.0", m.defects
    print(m["From"], m["To"], m["Subject"], m["Message-ID"], m["In-Reply-To"], sep=" | ")
    print(m.get_content())
X
}

@test "mail goes through sendmail, well formed" {
  payments 15 | grep '"user_id":[01]' >in
  mkdir bin
  cat >bin/sendmail <<'X'
#!/bin/sh
n=$(ls mails | wc -l)
echo "$*" >>args
cat >mails/$n
X
  chmod +x bin/sendmail
  mkdir mails
  echo 'desk = mail fraud@example.org from=alerts@example.org' >routes
  echo 'all -> desk' >>routes
  PATH="$T/bin:$PATH" ss-alert --dedupe user_id,1h --routes routes --spool spool in >out
  [ "$(ls mails | wc -l)" -eq 5 ]
  [ "$(sort -u args)" = '-i -f alerts@example.org -- fraud@example.org' ]
  read_mail mails/* >mail.txt
  id=$(jq -r 'select(.user_id == 0) | .alert.id' out | head -n 1)
  grep -q "^alerts@example.org | fraud@example.org | CRITICAL alert opened: user_id:0, 1 payment, block | <$id-1@example.org> | None" mail.txt
  grep -q "<$id-2@example.org> | <$id-1@example.org>" mail.txt
  grep -q '^- r0: <!channel> & äß Bcc: x@y$' mail.txt
}

@test "mail goes to an SMTP server, also at the second try" {
  payments 3 >in
  "$ROOT/tests/support/smtp-server" smtp.port mails.log busy >ready 3>&- &
  servers=$!
  until [ -s ready ]; do sleep 0.01; done
  echo "desk = mail fraud@example.org from=alerts@example.org via=smtp://127.0.0.1:$(cat smtp.port) backoff=1ms" >routes
  echo 'all -> desk' >>routes
  ss-alert -q --routes routes --spool spool in >out
  [ "$(wc -l <mails.log)" -eq 3 ]
  jq -e 'select((.from | startswith("MAIL FROM:<alerts@example.org>") | not) or .to != ["RCPT TO:<fraud@example.org>"])' mails.log && return 1
  jq -j 'select(.data | contains("txn_id:t0")) | .data' mails.log >mail
  read_mail mail >mail.txt
  grep -q ' | CRITICAL alert opened: txn_id:t0, 1 payment, block | ' mail.txt
}
