#!/usr/bin/env bats
# ss-alert on the stream: what it marks, groups, holds back and refuses. Delivery is in alert-delivery.bats.
load helper

# Decided payments: N of them, one each 5 seconds, of 7 customers, every second one HIGH or above.
payments() {
  awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) {
    level = i % 10 == 0 ? "CRITICAL" : i % 2 ? "HIGH" : "LOW"
    printf "{\"txn_id\":\"t%d\",\"timestamp\":%d,\"user_id\":%d,\"amount\":%d,\"decision\":{\"action\":\"%s\",\"level\":\"%s\",\"score\":0.9,\"rules\":[{\"id\":\"r%d\",\"score\":0.9,\"action\":\"block\",\"reason\":\"why\",\"tags\":[\"card\"]}]}}\n",
      i, 1772366400 + i * 5, i % 7, 10 + i, (i % 3 ? "block" : "review"), level, i % 2 } }'
}

@test "every record is passed on as it came, and those that alert bear the alert" {
  payments 100 >in
  ss-alert --dedupe user_id,10m in >out
  [ "$(wc -l <out)" -eq 100 ]
  sed 's/,"alert":{.*}}$/}/' out | same - in
  [ "$(grep -c '"alert":{"id":"[0-9a-f]\{16\}","key":"user_id:[0-6]","count":[0-9]*,"first":"2026-03-01T12:[0-9:]*Z","last":"2026-03-01T12:[0-9:]*Z"}}$' out)" -eq 60 ]
}

@test "--only prints those, and the same bytes whichever way the records come" {
  payments 3000 >in
  ss-alert --dedupe user_id,10m in >out
  ss-alert --dedupe user_id,10m --only in >only
  grep '"alert"' out | same - only
  { head -n 1000 in; sleep 0.1; tail -n +1001 in; } | ss-alert --dedupe user_id,10m | same - out
  ss-run -j 3 'alert --dedupe user_id,10m' in | same - out
  ss-alert --dedupe user_id,10m out | same - out
}

@test "an alert of an earlier pass is taken away where there is none now" {
  payments 10 >in
  ss-alert in | ss-alert --level CRITICAL >out
  [ "$(grep -c '"alert"' out)" -eq 1 ]
  ss-alert --level CRITICAL in | same - out
}

@test "an expression chooses, alone or beside other conditions, and its failures are told" {
  payments 40 >in
  [ "$(ss-alert --only --when '.amount >= 40' in | wc -l)" -eq 10 ]
  [ "$(ss-alert --only --when '.amount >= 40' --level HIGH in | wc -l)" -eq 6 ]
  [ "$(ss-alert --only --when '.decision.rules[0].id == "r0"' in | wc -l)" -eq 20 ]
  run ss-alert --when '.amount >' in
  status_is 78
  says "--when"
  ss-alert --only --when '.user_id | startswith("4")' in >out 2>err
  [ ! -s out ]
  grep -q -- '--when fails on record 1 and counts as false' err
  grep -q -- '--when failed on 40 records' err
}

@test "state makes two runs one" {
  payments 400 >in
  options="--dedupe user_id,1m --cooldown 30s --max 5/m"
  ss-alert -q $options in >whole
  head -n 123 in | ss-alert -q $options --state s >a
  tail -n +124 in | ss-alert -q $options --state s >b
  cat a b | same - whole
  run ss-alert --dedupe user_id,2m --state s in
  status_is 65
  says "another --dedupe"
}

@test "the budget holds back and says so, CRITICAL passes" {
  payments 200 >in
  ss-alert --max 3/h --only in >out 2>err
  [ "$(grep -c '"level":"CRITICAL"' out)" -eq 20 ]
  [ "$(grep -c '"level":"HIGH"' out)" -eq 2 ]
  grep -q 'the budget held back 98 payments' err
}

@test "snoozed rules and customers stay silent until the time is over" {
  payments 140 >in
  echo 'user_id=3 until=2026-03-01T12:05:00Z # a note' >snooze
  echo 'rule=r1 user_id=4 until=2100-01-01' >>snooze
  ss-alert --snooze snooze --only in >out
  [ "$(jq -r 'select(.user_id == 3) | .timestamp' out | sort -n | head -n 1)" -ge 1772366700 ]
  [ "$(jq -r 'select(.user_id == 3)' out | wc -l)" -gt 0 ]
  [ "$(jq -r 'select(.user_id == 4) | .decision.rules[0].id' out | sort -u)" = r0 ]
}

@test "a closed alert still takes in payments, unless its suppression is ended" {
  payments 8 | grep '"user_id":1' | head -n 1 >first
  id=$(ss-alert --dedupe user_id,1h first | jq -r .alert.id)
  sed 's/"t1"/"later"/' first >second
  for end in false true; do
    echo "{\"type\":\"alert_closed\",\"id\":\"$id\",\"key\":\"user_id:1\",\"end_suppression\":$end}" >closed
    cat first closed second | ss-alert --dedupe user_id,1h >out
    sed -n 2p out | same - closed
    jq -r 'select(.txn_id == "later") | .alert.count' out
  done >counts
  printf '2\n1\n' | same counts -
}

@test "labels and undecided records pass unchanged" {
  printf '%s\n' '{"type":"label","txn_id":"t1","label":1,"decision":{"action":"block","level":"CRITICAL"}}' \
    '{"user_id":1}' '{"score":{"value":2,"level":"HIGH"},"decision":{"level":"HIGH"}}' >in
  ss-alert in | head -n 2 | same - <(head -n 2 in)
}

@test "wrong options and files are refused with a hint" {
  for words in '--level high' '--action stop' '--dedupe 10m' '--dedupe user_id' '--max 10' '--cooldown 1h' \
    '--routes r' '--spool s' '--drain' '--updates some' '--dedupe a,b,c,d,e,1m'; do
    run ss-alert $words </dev/null
    status_is 64
  done
  echo 'user_id=3' >snooze
  run ss-alert --snooze snooze </dev/null
  status_is 78
  says "snooze:1: no 'until=TIME'"
  while IFS='|' read -r line message; do
    printf '%b\n' "$line" >routes
    run ss-alert --routes routes --spool s </dev/null
    case $message in cannot*) status_is 66 ;; *) status_is 78 ;; esac
    says "routes:"
    says "$message"
    [ ! -e s ] || { echo "a spool was made for $line"; return 1; }
  done <<'X'
all -> nowhere|unknown destination 'nowhere'
a = pigeon x|unknown kind 'pigeon'
a = webhook ftp://x|needs an http:// or https:// URL
a = webhook http://x key=secret|'key' takes @FILE or $NAME
a = webhook http://x key=@nofile|cannot open 'nofile'
a = webhook http://x key=$SS_NO_SUCH|'$SS_NO_SUCH' is not set
a = webhook http://x speed=3|unknown setting 'speed'
a = webhook http://x tries=0|'tries' takes a number from 1
a = mail b@c|needs from=ADDRESS
a = mail -b@c from=d@e|needs plain addresses
a = file x\na = file y|'a' comes twice
level=HIGH|neither 'NAME = KIND TARGET' nor
level=high -> stdout|unknown level 'high'
-> stdout|no condition before
all ->|no destination behind
X
}

@test "a reloaded snooze list counts from then on, a wrong one is not taken" {
  payments 2 | sed -n 2p >one
  echo 'user_id=99 until=2100-01-01' >snooze
  mkfifo in
  ss-alert --snooze snooze -v <in >out 2>err &
  pid=$!
  exec 5>in
  cat one >&5
  until [ -s out ]; do sleep 0.02; done
  echo 'user_id=1 until=2100-01-01' >snooze
  kill -HUP $pid
  until cat one >&5 && grep -q reloaded err; do sleep 0.02; done
  echo 'user_id=1' >snooze
  kill -HUP $pid
  until cat one >&5 && grep -q 'in use stays' err; do sleep 0.02; done
  exec 5>&-
  wait $pid
  head -n 1 out | grep -q '"alert"'
  not grep -q '"alert"' <(tail -n 1 out)
}
