#!/usr/bin/env bats
# ss-run: a pipeline in one process gives the bytes of the pipe.
bats_require_minimum_version 1.5.0
load helper

@test "fused gives the bytes of the pipe, and so does every -j" {
  ss-gen -n 20000 --customers 300 --malformed 0.01 --late 0.01 --duplicate 0.01 >in
  fused='ingest | features'
  ss-ingest -q <in | ss-features -q >want
  [ "$(wc -l <want)" -gt 15000 ]
  for j in 1 2 3 8; do
    ss-run -q -j $j "$fused" <in >out
    same want out
    ss-run -q -j $j "$fused" in >out
    same want out
  done
}

@test "a generator in front needs no input" {
  ss-gen -n 3000 --seed 5 | ss-features >want
  ss-run 'gen -n 3000 --seed 5 | features' >out
  same want out
  ss-run 'ss-gen -n 3000 --seed 5 | ss-features' -o named
  same want named
}

@test "a sink behind prints what the pipe's prints" {
  for i in 1 2 3 4; do
    printf '{"txn_id":%d,"timestamp":"2026-03-01T0%d:00:00Z","user_id":1,"amount":1,"label":%d,"score":{"value":0.%d}}\n' \
      $i $i $((i % 2)) $i
  done >in
  ss-ingest in | ss-eval --json >want
  ss-run 'ingest | eval --json' in >out
  same want out
}

@test "words are quoted as in a shell" {
  ss-gen -n 10 --format csv >want
  for p in "gen -n 10 --format 'csv'" 'gen -n "10" --format=csv' 'gen -n 1\0 --form"at" csv'; do
    ss-run "$p" >out
    same want out
  done
}

@test "files are named behind the pipeline or in its first stage" {
  ss-gen -n 10 >in
  ss-ingest in >want
  ss-run 'ingest in' >out; same want out
  ss-run ingest in >out; same want out
  ss-run -i in ingest >out; same want out
  run ss-run 'ingest | eval in'
  status_is 64
  says "only the first stage may name input files"
}

@test "a pipeline that is none is status 64 and says why" {
  run ss-run
  status_is 64
  says "ss-run: a pipeline is needed"
  run ss-run ''
  status_is 64
  says "ss-run: an empty stage in the pipeline ''"
  run ss-run 'ingest || eval'
  status_is 64
  run ss-run 'nonsense'
  status_is 64
  says "ss-run: there is no stage 'nonsense'"
  run ss-run "ingest 'x"
  status_is 64
  says "a quote (') is not closed"
  run ss-run 'ingest | gen'
  status_is 64
  says "'gen' makes records and must be the first stage"
  run ss-run 'gen' in
  status_is 64
  says "'gen' reads no input"
  run ss-run 'ingest --no-such'
  status_is 64
  says "ss-ingest: unrecognized option '--no-such'"
  run ss-run 'ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest|ingest'
  status_is 64
}

@test "-j takes 0 to 64" {
  for j in -1 65 x ''; do
    run ss-run -j "$j" ingest </dev/null
    status_is 64
  done
  ss-run -j 0 ingest </dev/null
}

@test "a second stage's failure ends the run, after what came before" {
  run ss-run 'ingest -m none.map' </dev/null
  [ "$status" -eq 66 ] || [ "$status" -eq 78 ]
  says "ss-run: "
}

@test "statistics and rejects are those of the whole pipeline" {
  { ss-gen -n 100; echo bad; } >in
  ss-run -q --stats=s --rejects r 'ingest -f ndjson' in >out
  [ "$(jq -c '[.program,.records_in,.records_out,.rejected]' s)" = '["ss-run",101,100,1]' ]
  [ "$(jq -c '[.source,.line]' r)" = '["in",101]' ]
}

@test "from features to score in one process, by any number of workers: the pipe's bytes" {
  ss-gen -n 8000 --customers 100 --fraud 0.05 --late 0.01 >in
  ss-features in >featured
  ss-train -q -o m.ssm featured >report
  ss-score -m m.ssm featured >want
  jq -e '.score.value' want >/dev/null
  for j in 1 2 3 8; do
    ss-run -j $j 'features | score -m m.ssm' in >out; same want out
    ss-run -j $j 'score -m m.ssm' in >out; same want out
    ss-run -j $j 'score -m m.ssm' featured >out; same want out
  done
}
