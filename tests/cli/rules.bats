#!/usr/bin/env bats
# ss-rules as people use it: packs, rule files, lists, reloads, hostile files.
load helper

payments() { ss-gen -n "${1:-3000}" --seed "${2:-1}" --fraud 0.03 | ss-features; }

# Share of ordinary payments, in 1/100 %, that a rule of the pack fired on.
disturbed() {
  ss-rules -r "$1" <features | grep '"label":0' | awk '!/"rules":\[\]/ {n++} END {print int(10000 * n / NR)}'
}

@test "the shipped packs pass their tests, have no findings, and run natively" {
  for pack in default cards profile commerce; do
    run ss-rules --check --test -v -r "$pack"
    status_is 0
    says ": 0 findings"
    says " 0 failed"
    [[ $output != *"not tested on both sides"* ]]
    [[ $output != *libjq* && $output != *child* ]]
  done
}

@test "the tuned pack touches fewer than 1 in 100 ordinary payments, the published constants more" {
  ss-gen -n 20000 --seed 5 | ss-features >features
  for pack in default profile commerce cards; do
    disturbed $pack >"share.$pack"
    echo "# $pack: $(cat "share.$pack") in 10,000 ordinary payments" >&3
  done
  [ "$(cat share.default)" -lt 100 ]
  [ "$(cat share.commerce)" -gt 200 ]
  [ "$(cat share.cards)" -gt 1000 ]
  # and it finds a good part of the frauds
  ss-rules <features | grep '"label":1' >frauds
  [ "$(grep -vc '"rules":\[\]' frauds)" -gt $(($(wc -l <frauds) / 3)) ]
}

@test "piped, fused and in any number of workers the bytes are the same" {
  cat >r.rules <<'E'
list good = good.txt
[trusted]
when = .user_id | IN($lists.good[])
override = allow
[fast]
when = .features.user_count_1m >= 3
score = 0.9
action = block
reason = "\(.features.user_count_1m) by \(.user_id)"
[part]
when = .amount > 100
rollout = 30% by user_id
action = notify
mode = shadow
E
  ss-gen -n 3000 --seed 3 --fraud 0.05 >payments
  jq -r .user_id payments | sort -u | head -50 >good.txt
  ss-features payments | ss-rules -r r.rules >once
  grep -q '"shadow"' once
  ss-rules <once >piped
  for j in 1 2 3; do
    ss-run -j $j 'features | rules -r r.rules | rules' <payments >fused
    same piped fused
  done
}

@test "a replay gives the same bytes, and the decision of an earlier run is replaced" {
  payments >p
  ss-rules p >a
  ss-rules p >b
  same a b
  (head -c 5000 p; sleep 0.1; tail -c +5001 p) | ss-rules >b
  same a b
  ss-rules -r cards p | ss-rules >b
  same a b
}

@test "the decision names what made it" {
  printf '[a]\nwhen = .amount > 1\naction = block\n' >a.rules
  echo '{"amount":2,"features":{"set":"12345678"},"score":{"value":0.1,"model":"gbt:9abcdef0"}}' >p
  hash=$(sha256sum a.rules | cut -c1-8)
  run ss-rules -r a.rules p
  says "\"by\":{\"features\":\"12345678\",\"model\":\"9abcdef0\",\"rules\":\"$hash\"}"
}

@test "several rule files are one set" {
  printf 'critical = 0.9\n[a]\nwhen = .amount > 1\naction = notify\n' >a.rules
  printf '[b]\nwhen = .amount > 2\naction = block\n' >b.rules
  run ss-rules -r a.rules -r b.rules <<<'{"amount":3}'
  says '"action":"block"'
  says '"id":"a"'
  printf 'critical = 0.8\n' >>c.rules
  run ss-rules -r a.rules -r c.rules </dev/null
  status_is 78
  says "c.rules:1: already set otherwise at a.rules:1"
  run ss-rules -r a.rules -r a.rules </dev/null
  status_is 78
  says "rule 'a' is already there"
}

@test "mistakes are named with file and line, before any record is read" {
  printf '[a]\nwhen = .amount >\n' >bad.rules
  run ss-rules -r bad.rules </dev/null
  status_is 78
  says "ss-rules: bad.rules:2: "
  run ss-rules -r nowhere.rules </dev/null
  status_is 66
  says "nowhere.rules"
  run ss-rules -r nopack </dev/null
  status_is 66
  says "no such rule file, nor a shipped one: 'nopack'"
  run ss-run 'rules --check' </dev/null
  status_is 64
}

@test "--check has findings and exit status 1, --test failures" {
  printf '[a]\nwhen = .features.user_cuont_1m < 3\naction = block\ntest = {} => silent\n' >a.rules
  payments 200 >p
  run ss-rules --check --sample p -r a.rules
  status_is 1
  says "a.rules:2: rule 'a': no record of the sample has .features.user_cuont_1m; did you mean '.features.user_count_1m'?"
  run ss-rules --check -r a.rules
  status_is 1
  says "a record without .features.user_cuont_1m fires"
  run ss-rules --test -r a.rules
  status_is 1
  says "a.rules:4: rule 'a' fires, not silent: {}"
  says "0 passed, 1 failed"
  printf '[a]\nwhen = .amount >\n' >bad.rules
  run ss-rules --check -r bad.rules
  status_is 78
}

@test "--explain prints every value on the way to one decision" {
  payments 300 >p
  id=$(sed -n 7p p | jq -r .txn_id)
  amount=$(sed -n 7p p | jq -r .amount)
  run ss-rules --explain="$id" p
  status_is 0
  says "($id)"
  says "rule card_testing (default:"
  says ".amount <= 2"
  [ "$(grep -c '^decision: ' <<<"$output")" -eq 1 ]
  grep -qE "\.amount +$amount\$" <<<"$output"
}

@test "--profile counts hits and shares of time" {
  payments 2000 >p
  printf '[all]\nwhen = .amount > 0\n[none]\nwhen = .amount < 0\n' >a.rules
  ss-rules -r a.rules --profile=profile p >out
  [ "$(wc -l <out)" -eq 2000 ]
  grep -qP '^all\tlive\t2000\t2000\t0\t' profile
  grep -qP '^none\tlive\t\d+\t0\t0\t' profile
}

@test "lists: prefix, network, domain, spans in event time" {
  cat >a.rules <<'E'
list bins = bins.txt kind=prefix
list nets = nets.txt kind=cidr
list mail = mail.txt kind=email_domain
list dev = lists/dev.csv column=device
[bin]
when = .card_id | IN($lists.bins[])
[net]
when = .ip | IN($lists.nets[])
[mail]
when = .email | IN($lists.mail[])
[dev]
when = .device_id | IN($lists.dev[])
E
  mkdir lists
  echo 421765 >bins.txt
  echo 10.0.0.0/8 >nets.txt
  echo '*.bad.example' >mail.txt
  printf 'device,note,until\nD1,x,2026-02-01\n' >lists/dev.csv
  decided() { ss-rules -r a.rules <<<"$1" | jq -r '[.decision.rules[].id] | join(",")'; }
  [ "$(decided '{"card_id":"4217650001","ip":"10.9.9.9","email":"A@x.BAD.example","device_id":"D1","timestamp":"2026-01-31T00:00:00Z"}')" = bin,net,mail,dev ]
  [ "$(decided '{"card_id":"4217640001","ip":"11.9.9.9","email":"a@bad.example","device_id":"D1","timestamp":"2026-02-01T00:00:00Z"}')" = "" ]
  mkdir elsewhere && echo 5 >elsewhere/bins.txt && cp -r nets.txt mail.txt lists elsewhere
  [ "$(ss-rules -r a.rules --lists elsewhere <<<'{"card_id":"51"}' | jq -r '.decision.rules[].id')" = bin ]
}

@test "a confirmed fraud puts its device on a list, from then on and for a time" {
  cat >a.rules <<'E'
auto_list bad_devices = device_id ttl 30d
[bad]
when = .device_id | IN($lists.bad_devices[])
action = block
E
  cat >p <<'E'
{"txn_id":1,"timestamp":"2026-01-01T00:00:00Z","device_id":"D1","label":1}
{"txn_id":2,"timestamp":"2026-01-01T00:00:01Z","device_id":"D1"}
{"txn_id":3,"timestamp":"2026-01-01T00:00:01Z","device_id":"D2"}
{"type":"label","txn_id":3,"timestamp":"2026-01-02T00:00:00Z","device_id":"D2","label":1}
{"txn_id":4,"timestamp":"2026-01-02T00:00:00Z","device_id":"D2","label":0}
{"txn_id":5,"timestamp":"2026-01-30T23:59:59Z","device_id":"D1"}
{"txn_id":6,"timestamp":"2026-01-31T00:00:00Z","device_id":"D1"}
E
  ss-rules -r a.rules p | jq -c 'select(.type!="label") | [.txn_id, .decision.action]' >out
  printf '%s\n' '[1,"allow"]' '[2,"block"]' '[3,"allow"]' '[4,"block"]' '[5,"block"]' '[6,"allow"]' >want
  same want out
  # what was learnt is the stage's state: cut anywhere, the bytes are the same
  ss-rules -r a.rules p >whole
  for n in 1 3 4; do
    rm -f s
    (head -$n p | ss-rules -r a.rules --state s; tail -n +$((n + 1)) p | ss-rules -r a.rules --state s) >parts
    same whole parts
  done
  ss-run -j 3 'rules -r a.rules' <p >parts
  same whole parts
}

wait_for() { # LINES in out
  for _ in $(seq 100); do
    [ "$(wc -l <out)" -ge "$1" ] && return
    sleep 0.05
  done
  return 1
}

@test "reload on SIGHUP loses and reorders nothing; a wrong file leaves the old rules in use" {
  printf '[a]\nwhen = .amount > 1\naction = notify\n' >a.rules
  mkfifo in
  ss-rules -v -r a.rules <in >out 2>err 3>&- &
  pid=$!
  exec 7>in
  echo '{"txn_id":1,"amount":2}' >&7
  wait_for 1
  printf '[b]\nwhen = .odd_field > 1\naction = block\n' >new && mv new a.rules
  kill -HUP $pid
  sleep 0.2
  echo '{"txn_id":2,"amount":2,"odd_field":2}' >&7
  wait_for 2
  printf '[b\n' >a.rules
  kill -HUP $pid
  sleep 0.2
  echo '{"txn_id":3,"amount":2,"odd_field":2}' >&7
  wait_for 3
  exec 7>&-
  wait $pid
  jq -c '[.txn_id, .decision.action, .decision.rules[0].id]' out >got
  printf '%s\n' '[1,"notify","a"]' '[2,"block","b"]' '[3,"block","b"]' >want
  same want got
  grep -q "a.rules:1: a rule begins with its name.*the rules in use stay" err
}

@test "reloads under load lose and reorder nothing" {
  printf '[a]\nwhen = .amount > 1\naction = notify\n' >a.rules
  ss-gen -n 20000 >p
  (for _ in 1 2 3 4 5 6 7 8; do cat p; sleep 0.02; done) | ss-rules -r a.rules >out 3>&- &
  pid=$!
  wait_for 1
  for _ in 1 2 3 4 5 6; do
    kill -HUP $pid 2>/dev/null || break
    sleep 0.03
  done
  wait $pid
  for _ in 1 2 3 4 5 6 7 8; do ss-rules -r a.rules p; done >want
  same want out
}

@test "--watch sees that a list file was replaced" {
  printf 'list l = l.txt\n[a]\nwhen = .device_id | IN($lists.l[])\naction = block\n' >a.rules
  echo D1 >l.txt
  mkfifo in
  ss-rules --watch -r a.rules <in >out 3>&- &
  pid=$!
  exec 7>in
  echo '{"txn_id":1,"device_id":"D2"}' >&7
  wait_for 1
  ss-ctl list add l.txt D2
  sleep 0.6
  echo '{"txn_id":2,"device_id":"D2"}' >&7
  exec 7>&-
  wait $pid
  [ "$(jq -r .decision.action out | xargs)" = "allow block" ]
}

@test "hostile rule files are refused with the line, or cost one rule, never the stream" {
  perl -e 'print "[a]\nwhen = ", ".x + " x 2000000, "1\n"' >long.rules
  perl -e 'print "[a]\nscore = 1\nwhen = ", "(" x 100000, "1", ")" x 100000, "\n"' >deep.rules
  perl -e 'print "[a]\nwhen = true\nreason = \"", "\\(" x 5000, "1", ")" x 5000, "\"\n"' >reason.rules
  perl -e 'print "[a]\nwhen = \0\n"' >nul.rules
  perl -e 'print "[r$_]\nwhen = .x > $_\n" for 0..10000' >many.rules
  for f in long:2 deep:3 reason:3 many: nul:; do
    run timeout 20 ss-rules -r "${f%:*}.rules" <<<'{"x":1}'
    status_is 78
    says "${f%:*}.rules:${f#*:}"
  done
}

@test "no expression ends the process: it is refused with its line, or fails alone" {
  for when in env '$ENV.PATH' input 'include "x"; 1' 'import "x" as x; 1' '$__prog_args' input_filename halt \
    debug stderr now 'error(null)' 'getpath(["a",{}])' 'limit(1;repeat(1))' '"a" * 1e9' 'splits("x";null)' \
    '1|strptime(1)' '1e1000|todate' 'ltrimstr(1)' '[range(1e12)]' '{} | .[("a","b")] = 1' 'def f: f; f'; do
    printf '[a]\nwhen = %s\naction = block\n[b]\nwhen = .x > 0\naction = review\n' "$when" >one.rules
    run timeout 20 ss-rules -r one.rules <<<'{"txn_id":1,"x":1}'
    if [ "$status" -eq 78 ]; then
      says "one.rules:2"
    else
      status_is 0
      says '"id":"b"'
    fi
  done
}

@test "--full-jq: a rule that runs away is put in quarantine, its on_error applies, the stream goes on" {
  cat >run.rules <<'E'
[runaway]
when = if .x == 3 then def f: f; f else false end
on_error = review
action = block
[good]
when = .x > 2
action = notify
E
  run ss-rules -r run.rules <<<'{"x":1}'
  status_is 78
  says "run.rules:2"
  for i in 1 2 3 4 5; do echo "{\"x\":$i}"; done >p
  timeout 25 ss-rules --full-jq -r run.rules p >out 2>err
  [ "$(jq -r .decision.action out | tail -3 | xargs)" = "review review review" ]
  [ "$(grep -c '"id":"good"' out)" -eq 3 ]
  grep -q "rule 'runaway' is in quarantine" err
}

@test "rules that fail are named once, and the exit status stays 0" {
  printf '[a]\nwhen = .user_id + 1 > 0\naction = block\n' >a.rules
  for i in 1 2 3; do echo '{"user_id":"u"}'; done >p
  run ss-rules -r a.rules p
  status_is 0
  [ "$(grep -c "rule 'a' fails" <<<"$output")" -eq 1 ]
  [ "$(grep -c '"errors":\[{"id":"a"' <<<"$output")" -eq 3 ]
}

@test "ss-ctl list: add, show, remove, import, export" {
  ss-ctl list add bad.csv D1 D2 --reason 'a, b' --from 2026-01-01 --for 30d
  ss-ctl list add bad.csv D3
  run ss-ctl list show bad.csv D1
  status_is 0
  says 'D1,"a, b",2026-01-01T00:00:00Z,2026-01-31T00:00:00Z'
  run ss-ctl list show bad.csv D1 --at 2026-02-01
  status_is 1
  run ss-ctl list remove bad.csv D2
  status_is 0
  run ss-ctl list remove bad.csv D2
  status_is 1
  printf 'D3\nD4,x\n' >more.csv
  run ss-ctl list import bad.csv more.csv
  says "1 added"
  [ "$(ss-ctl list export bad.csv --json | jq -r .value | xargs)" = "D1 D3 D4" ]
  run ss-ctl list add nets.csv -k cidr 300.1.1.1/8
  status_is 78
  [ ! -e nets.csv ]
  run ss-ctl list show nets.csv
  status_is 66
  run ss-ctl lits
  status_is 64
}

@test "ss-ctl list: edits at the same time lose nothing" {
  for i in 1 2 3 4 5 6 7 8; do ss-ctl list add l.csv "D$i" & done
  wait
  [ "$(ss-ctl list export l.csv --json | wc -l)" -eq 8 ]
}

@test "the shipped packs are wholly native" {
  for pack in default cards profile commerce; do
    ss-rules -r $pack --check -v >out 2>&1
    [ "$(grep -c ': native' out)" -eq "$(grep -c '^\[' "$ROOT/lib/rule/$pack.rules")" ] || { cat out; return 1; }
    not grep -q libjq out
  done
}
