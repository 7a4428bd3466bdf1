#!/usr/bin/env bats
# What all commands share: options, messages, exit statuses, signals, ports. Shown on those that take the least.
bats_require_minimum_version 1.5.0
load helper

record() { printf '{"txn_id":"t%s","timestamp":"2026-03-01T12:00:%02dZ","user_id":"u","amount":%s}\n' "$1" "$1" "$1"; }
three() { record 1; record 2; record 3; }

@test "every command says --help, --usage and --version on standard output" {
  for path in "$ROOT"/cmd/ss-*; do
    c=$(basename "$path")
    for option in --help --usage --version; do
      "$c" $option >out 2>err </dev/null || { echo "$c $option: status $?"; return 1; }
      [ -s out ] && [ ! -s err ]
    done
    [[ $("$c" --version) == "$c "[0-9]* ]]
    case $c in ss-ctl | ss-serve) ;; *) "$c" --help | grep -q -e '--rejects=URI' ;; esac
  done
}

@test "every command: a wrong option is status 64, named by the program, and nothing is written" {
  for path in "$ROOT"/cmd/ss-*; do
    c=$(basename "$path")
    run --separate-stderr "$path/../../${BUILD:-build}/bin/$c" --no-such-option
    status_is 64
    [ -z "$output" ]
    [[ $stderr == "$c: unrecognized option '--no-such-option'"* ]] || { echo "$stderr"; return 1; }
  done
}

@test "wrong values of shared options are status 64" {
  for o in --max-record=0 --max-record=x --max-record=2G --log=xml -i; do
    run ss-ingest $o
    status_is 64
  done
  run ss-ingest -i nosuch://x
  status_is 64
  says "ss-ingest: unknown kind of input 'nosuch://x'"
}

@test "no such input is status 66" {
  run ss-ingest none.csv
  status_is 66
  [ "$output" = "ss-ingest: cannot open 'none.csv': No such file or directory" ]
  run ss-ingest .
  status_is 66
  [ "$output" = "ss-ingest: cannot read '.': Is a directory" ]
}

@test "an output that cannot be made is status 73" {
  for o in -o --rejects; do
    run ss-ingest $o none/out </dev/null
    status_is 73
    [ "$output" = "ss-ingest: cannot create 'none/out': No such file or directory" ]
  done
}

@test "a state that could not be saved is status 73 before anything is read" {
  echo '{"txn_id":"a","timestamp":"2026-01-01T00:00:00Z","user_id":"u","amount":1}' > in
  run -73 --separate-stderr ss-features --state ./no/such/state in
  [ -z "$output" ]
  [[ $stderr == "ss-features: cannot create './no/such/state': No such file or directory" ]]
}

@test "a run that cannot begin leaves yesterday's output alone" {
  echo yesterday >out
  run ss-ingest -o out none.csv
  status_is 66
  run ss-ingest -m none.map -o out </dev/null
  [ "$status" -ne 0 ]
  [ "$(cat out)" = yesterday ]
}

@test "a full disk is status 74, also for the last line and for rejects" {
  run bash -c 'ss-gen -n 1 > /dev/full'
  status_is 74
  [ "$output" = "ss-gen: cannot write 'stdout': No space left on device" ]
  run bash -c 'ss-gen -n 100000 -o /dev/full'
  status_is 74
  run bash -c 'echo bad | ss-ingest -q -f ndjson --rejects /dev/full'
  status_is 74
  says "cannot write '/dev/full'"
}

@test "a closed standard stream is an error, and no file takes its place" {
  three >in
  run bash -c 'ss-ingest in >&-'
  [ "$status" -eq 73 ] || [ "$status" -eq 74 ]
  run bash -c 'echo bad >> in; ss-ingest --rejects rejects in >&-'
  [ "$status" -eq 73 ] || [ "$status" -eq 74 ]
  [ "$(grep -c '"txn_id":"t1"' rejects)" -eq 0 ]
  run bash -c 'ss-ingest <&-'
  status_is 74
  says "Bad file descriptor"
  ss-ingest in 2>&- >out
  [ "$(wc -l <out)" -eq 3 ]
}

@test "--strict answers 1 when a record was rejected; without, a warning says where" {
  { record 1; echo '{"oops'; record 2; } >in
  run --separate-stderr ss-ingest -f ndjson in
  status_is 0
  [ "${#lines[@]}" -eq 2 ]
  [ "$stderr" = "ss-ingest: warning: 1 record rejected, the first at in:2: unclosed string; --rejects FILE keeps them" ] ||
    { echo "$stderr"; return 1; }
  run --separate-stderr ss-ingest -q -f ndjson --strict in
  status_is 1
  [ -z "$stderr" ]
  three >good
  run ss-ingest --strict good
  status_is 0
}

@test "--rejects keeps each with reason, stage and position, as JSON" {
  { record 1; printf '{"a":"\xff"}\n'; echo; echo '5'; record 2; } >in
  ss-ingest -q -f ndjson --rejects r in >out
  [ "$(wc -l <out)" -eq 2 ]
  [ "$(jq -c '[.reason,.source,.line]' r)" = '["invalid UTF-8","in",2]
["not an object","in",4]' ] || { cat r; return 1; }
  [ "$(jq -r 'select(.line==4).raw' r)" = 5 ]
}

@test "--stats prints one line of JSON, to standard error or a file" {
  { three; echo bad; } >in
  ss-ingest -q -f ndjson --stats=s in >out
  [ "$(jq -c '[.program,.records_in,.records_out,.rejected]' s)" = '["ss-ingest",4,3,1]' ]
  jq -e '.seconds > 0 and .peak_kib > 0 and .latency_us.p50 > 0 and .latency_us.max >= .latency_us."p99.9"' s
  ss-ingest -f ndjson --stats in >out 2>err
  [ "$(wc -l <err)" -eq 2 ]
  jq -e '.records_in == 4' <(grep '^{' err)
  grep -q '^ss-ingest: warning: 1 record rejected' err
}

@test "what stands in the file behind standard error is kept" {
  echo bad >in
  { echo "said before" >&2; ss-ingest -f ndjson --stats --rejects /dev/stderr in; } 2>err
  [ "$(head -n 1 err)" = "said before" ]
  [ "$(wc -l <err)" -eq 4 ]
}

@test "--log json makes every message a line of JSON" {
  run ss-ingest --log json 'no "such" file'
  status_is 66
  [ "$(jq -r .message <<<"$output")" = "cannot open 'no \"such\" file': No such file or directory" ]
  [ "$(jq -r '.level+" "+.program' <<<"$output")" = "error ss-ingest" ]
}

@test "a message does not steer the terminal" {
  run ss-ingest "$(printf 'x\033[2Jy')"
  status_is 66
  [[ $output != *$'\033'* ]]
}

@test "compressed inputs are known by their first bytes, alone and in a row" {
  three >plain
  ss-ingest plain >want
  gzip -k plain; zstd -q plain
  head -n 1 plain | gzip >a.gz; tail -n +2 plain | gzip >>a.gz
  for f in plain.gz plain.zst a.gz; do
    ss-ingest "$f" >out; same want out
    ss-ingest <"$f" >out; same want out
    cat "$f" | ss-ingest >out; same want out
  done
  run bash -c 'ss-ingest -q --duplicates=keep plain.gz plain - plain.zst < plain | wc -l'
  [ "$output" -eq 12 ]
}

@test "a cut compressed input is status 74, after the records that are whole" {
  ss-gen -n 5000 | gzip >g.gz
  head -c 30000 g.gz >cut.gz
  run bash -c 'ss-ingest -q cut.gz > out'
  status_is 74
  says "'cut.gz' ends in the middle of its gzip data"
  [ "$(wc -l <out)" -gt 100 ]
  jq -e . <out >/dev/null
  ss-gen -n 5000 | zstd -q | head -c 30000 >cut.zst
  run ss-ingest -q cut.zst -o out
  status_is 74
  says "'cut.zst' ends in the middle of its zstd data"
}

@test "an output that is an input is refused before it is harmed" {
  three >f; cp f g
  run ss-ingest f -o f
  status_is 64
  says "'f' is both input and output"
  ln f link
  run ss-ingest f -o link
  status_is 64
  run ss-ingest f --rejects ./f
  status_is 64
  run ss-ingest f -o out --rejects out
  status_is 64
  same f g
}

@test "a line beyond --max-record is rejected and nothing after it is lost" {
  { record 1; printf '{"a":"%s"}\n' "$(head -c 300000 /dev/zero | tr '\0' x)"; record 2; } >in
  ss-ingest -q -f ndjson --max-record 1K --rejects r in >out
  [ "$(jq -r .txn_id out | tr '\n' ' ')" = "t1 t2 " ]
  [ "$(jq -c '[.reason,.line]' r)" = '["line longer than --max-record",2]' ]
  head -c 100000000 /dev/zero | tr '\0' x >long
  { record 1; cat long; echo; record 2; } | ss-ingest -q -f ndjson --stats=s >out
  [ "$(wc -l <out)" -eq 2 ]
  jq -e '.peak_kib < 60000' s
}

@test "when the reader goes away a command ends quietly, by SIGPIPE" {
  run --separate-stderr bash -c 'ss-gen -n 0 | head -n 1; exit ${PIPESTATUS[0]}'
  status_is 141
  [ "${#lines[@]}" -eq 1 ]
  [ -z "$stderr" ]
  run --separate-stderr bash -c 'ss-gen -n 0 | ss-ingest | head -n 1'
  status_is 0
  [ -z "$stderr" ]
}

@test "SIGTERM and SIGINT: what was read is worked off, the status is 0" {
  mkfifo fifo
  for signal in TERM INT; do
    # Not a child of the shell's own background, where SIGINT would be ignored.
    /usr/bin/python3 -c 'import os,signal,sys; signal.signal(signal.SIGINT,signal.SIG_DFL); os.execvp(sys.argv[1],sys.argv[1:])' \
      ss-ingest -f ndjson fifo >out & pid=$!
    exec 7>fifo
    three >&7
    for _ in $(seq 100); do [ "$(wc -l <out)" -eq 3 ] && break; sleep 0.05; done
    [ "$(wc -l <out)" -eq 3 ]
    kill -$signal $pid
    status=0; wait $pid || status=$?
    exec 7>&-
    [ "$status" -eq 0 ]
    jq -e . out >/dev/null
  done
  ss-gen -n 0 -o out & pid=$!
  sleep 0.3
  kill -TERM $pid
  wait $pid
  [ "$(tail -c 1 out | od -An -tx1)" = " 0a" ]
}

@test "an idle pipe holds no record back" {
  mkfifo in out
  ss-ingest -f ndjson <in >out &
  exec 7>in 8<out
  for i in 1 2 3; do
    record $i >&7
    read -r -t 10 line <&8
    [[ $line == *"\"t$i\""* ]]
  done
  exec 7>&- 8<&-
  wait
}

@test "an input cut anywhere, one byte at a time, gives the same bytes" {
  ss-gen -n 40 --malformed 0.1 >in
  ss-ingest -q -f ndjson --rejects r1 <in >want
  python3 -c '
import sys, os, time
for b in open("in", "rb").read(): os.write(1, bytes([b]))' | ss-ingest -q -f ndjson --rejects r2 >out
  same want out
  same r1 r2
}
