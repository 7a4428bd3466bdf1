bats_require_minimum_version 1.5.0
load helper

# decided ID DAY USER AMOUNT LABEL ACTION LEVEL RULES(a,b) [MORE]
decided() {
  local rules
  rules=$(sed -E 's/([a-z_]+)/{"id":"\1","score":0.5,"action":"review","reason":"r"}/g' <<<"$8")
  printf '{"txn_id":%s,"timestamp":"2026-03-0%sT10:00:00Z","user_id":"%s","amount":%s,"label":%s%s,"decision":%s}\n' \
    "$1" "$2" "$3" "$4" "$5" "${9-}" \
    "{\"action\":\"$6\",\"level\":\"$7\",\"score\":0.5,\"rules\":[$rules],\"by\":{\"rules\":\"aa\"}}"
}

# Payment 1 is a good customer newly blocked, 2 a fraud newly caught, 3 a good customer released, 4 a fraud blocked
# by both, 5 is let pass by both, 6 is not labelled.
two_sides() {
  { decided 1 1 ann 10 0 allow NONE ''
    decided 2 1 bob 20.5 1 allow NONE ''
    decided 3 1 cat 30 0 review MEDIUM a
    decided 4 2 dan 40 1 block CRITICAL a,b
    decided 5 2 eve 50 0 allow NONE ''
    decided 6 2 fox 60 null allow NONE ''
  } > old.ndjson
  { decided 1 1 ann 10 0 block HIGH c
    decided 2 1 bob 20.5 1 challenge HIGH c,a
    decided 3 1 cat 30 0 allow NONE ''
    decided 4 2 dan 40 1 block CRITICAL b
    decided 5 2 eve 50 0 notify LOW ''
    decided 6 2 fox 60 null review HIGH c
  } > new.ndjson
}

@test "the figures of six payments, by hand" {
  two_sides
  run ss-diff --json old.ndjson new.ndjson
  status_is 0
  [ "${#lines[@]}" -eq 1 ]
  [ "$(jq -c '[.records,.days,.changed_actions,.changed_alerts,.only_old,.only_new,.differing]' <<<"$output")" = '[6,2,5,4,0,0,0]' ]
  of='[.alerts,.alerts_per_day,.amount_alerted,.true_positives,.false_positives,.false_negatives,.true_negatives]'
  [ "$(jq -c ".old|$of" <<<"$output")" = '[2,1,70,1,1,1,2]' ]
  [ "$(jq -c ".new|$of" <<<"$output")" = '[4,2,130.5,2,1,0,2]' ]
  of='[.precision,.recall,.amount_caught,.amount_missed,.amount_disturbed,.users_disturbed,.blocks,.reviews]'
  [ "$(jq -c ".old|$of" <<<"$output")" = '[0.5,0.5,40,20.5,30,1,1,1]' ]
  [ "$(jq -c ".new|$of" <<<"$output")" = '[0.6666666666666666,1,60.5,0,10,1,2,1]' ]
  [ "$(jq -c '[.newly_caught,.newly_caught_amount,.newly_missed,.newly_disturbed,.newly_disturbed_amount,
      .newly_released,.newly_released_amount,.newly_disturbed_per_day,.newly_disturbed_users]' <<<"$output")" = \
    '[1,20.5,0,1,10,1,30,0.5,1]' ]
  [ "$(jq -c '[.actions[]|[.old,.new,.label,.records,.amount]]' <<<"$output")" = \
    '[["allow","notify","genuine",1,50],["allow","review","unlabelled",1,60],["allow","challenge","fraud",1,20.5],["allow","block","genuine",1,10],["review","allow","genuine",1,30],["block","block","fraud",1,40]]' ]
  [ "$(jq -c '[.levels[]|[.old,.new,.records]]' <<<"$output")" = \
    '[["NONE","LOW",1],["NONE","HIGH",3],["MEDIUM","NONE",1],["CRITICAL","CRITICAL",1]]' ]
  # a: 3 and 4 lost, 2 gained; c: 1, 2, 6 gained; b: 4 kept
  [ "$(jq -c '[.rules[]|[.id,.only_old.records,.both.records,.only_new.records,.only_old.fraud.amount,.only_new.genuine.amount]]' <<<"$output")" = \
    '[["a",2,0,1,40,0],["c",0,0,3,0,10],["b",0,1,0,0,0]]' ]
  [ "$(jq -c '[.examples[]|[.label,.change,.txn_id,.user_id,.amount,.old.action,.new.action,.new.rules]]' <<<"$output")" = \
    '[["genuine","newly_alerted","1","ann",10,"allow","block",["c"]],["genuine","no_longer_alerted","3","cat",30,"review","allow",[]],["fraud","newly_alerted","2","bob",20.5,"allow","challenge",["c","a"]],["unlabelled","newly_alerted","6","fox",60,"allow","review",["c"]]]' ]
}

@test "a stream against itself changes nothing" {
  two_sides
  run ss-diff --json old.ndjson old.ndjson
  [ "$(jq -c '[.changed_actions,.changed_alerts,.newly_caught,.examples]' <<<"$output")" = '[0,0,0,[]]' ]
  [ "$(jq .old <<<"$output")" = "$(jq .new <<<"$output")" ]
}

@test "gates: 0 when all pass, 1 when one fails, and the report all the same" {
  two_sides
  run ss-diff --fail-if 'false_positives > +5%' --fail-if 'recall < -0' old.ndjson new.ndjson
  status_is 0
  run --separate-stderr ss-diff --fail-if 'false_positives > +5%' --fail-if 'alerts > +1' old.ndjson new.ndjson
  status_is 1
  says 'passed   false_positives > +5%'
  says 'FAILED   alerts > +1                          OLD 2, NEW 4'
  [ "$stderr" = "ss-diff: gate 'alerts > +1' failed" ]
  run ss-diff --json --fail-if 'newly_caught_amount < 20.5' --fail-if 'newly_disturbed_users >= 1' old.ndjson new.ndjson
  status_is 1
  [ "$(jq -c '[.gates[]|[.gate,.result,.new]]' <<<"${lines[0]}")" = \
    '[["newly_caught_amount < 20.5","passed",20.5],["newly_disturbed_users >= 1","failed",1]]' ]
}

@test "without labels a gate about frauds is not judged, and fails" {
  two_sides
  for s in old new; do jq -c 'del(.label)' $s.ndjson > $s; done
  run ss-diff --fail-if 'false_positives > +5%' old new
  status_is 1
  says 'UNJUDGED false_positives > +5%'
}

@test "missing and displaced records are counted, not fatal" {
  two_sides
  run ss-diff --json <(sed 2d old.ndjson) new.ndjson
  status_is 0
  [ "$(jq -c '[.records,.only_old,.only_new,.out_of_order,.newly_disturbed,.newly_caught]' <<<"$output")" = '[5,0,1,0,1,0]' ]
  run ss-diff --json old.ndjson <(sed '1d;4d' new.ndjson)
  [ "$(jq -c '[.records,.only_old,.only_new,.out_of_order]' <<<"$output")" = '[4,2,0,0]' ]
  ss-diff --json old.ndjson new.ndjson | jq -cS 'del(.out_of_order,.rules)' > want
  ss-diff --json old.ndjson <(tac new.ndjson) > got
  [ "$(jq .out_of_order got)" = 5 ]
  jq -cS 'del(.out_of_order,.rules)' got > got.rest
  same want got.rest
  run ss-diff --json --window 2 old.ndjson <(tac new.ndjson)
  [ "$(jq -c '[.only_old > 0, .records + .only_old, .records + .only_new]' <<<"$output")" = '[true,6,6]' ]
  run --separate-stderr ss-diff --json old.ndjson /dev/null
  status_is 0
  [ "$(jq -c '[.records,.only_old,.only_new]' <<<"$output")" = '[0,6,0]' ]
  [[ $stderr == *"no record is in both streams"* ]]
}

@test "malformed lines on either side cost their record only" {
  two_sides
  { cat old.ndjson; echo '{"txn_id":'; } > o
  { echo '}'; cat new.ndjson; } > n
  run --separate-stderr ss-diff --json --rejects rejects o n
  status_is 0
  [ "$(jq -c '[.records,.rejected]' <<<"$output")" = '[6,2]' ]
  [[ $stderr == *"1 lines of OLD are no records, the first at o:7: "* ]]
  [ "$(wc -l < rejects)" -eq 1 ]
}

@test "pipes, standard input and operands give the same bytes" {
  two_sides
  ss-diff old.ndjson new.ndjson > want
  ss-diff <(cat old.ndjson) <(cat new.ndjson) > got
  same want got
  ss-diff old.ndjson < new.ndjson > got
  same want got
  ss-diff - new.ndjson < old.ndjson > got
  same want got
  ss-run 'diff --against old.ndjson' new.ndjson > got
  same want got
  ss-diff <(gzip -c old.ndjson) <(head -3 new.ndjson | gzip -c; tail -3 new.ndjson | gzip -c) > got
  same want got
  run ss-diff - < old.ndjson
  status_is 64
  says 'standard input cannot be read twice'
}

@test "an output that would overwrite an input is refused" {
  two_sides
  cp old.ndjson kept
  run ss-diff -o old.ndjson old.ndjson new.ndjson
  status_is 64
  same kept old.ndjson
}

@test "two models without decisions are compared by level" {
  for s in 'old 0.2 0.9' 'new 0.75 0.6'; do
    # shellcheck disable=SC2086
    set -- $s
    { echo "{\"txn_id\":1,\"timestamp\":\"2026-03-01\",\"amount\":5,\"label\":1,\"score\":{\"value\":$2}}"
      echo "{\"txn_id\":2,\"timestamp\":\"2026-03-01\",\"amount\":7,\"label\":0,\"score\":$3}"; } > "$1"
  done
  run ss-diff --json old new
  [ "$(jq -c '[.newly_caught,.newly_released,.actions[0].old,(.levels|length)]' <<<"$output")" = '[1,1,null,2]' ]
  run ss-diff --json --level MEDIUM old new
  [ "$(jq -c '[.newly_caught,.newly_released,.new.false_positives]' <<<"$output")" = '[1,0,1]' ]
}

@test "--alert says which actions alert" {
  two_sides
  run ss-diff --json --alert block old.ndjson new.ndjson
  [ "$(jq -c '[.old.alerts,.new.alerts,.newly_caught]' <<<"$output")" = '[1,2,0]' ]
}

@test "labels that come later" {
  two_sides
  for s in old new; do jq -c 'del(.label)' $s.ndjson > $s; done
  jq -c 'select(.label != null) | {type:"label",txn_id:(.txn_id|tostring),timestamp,label:.label}' old.ndjson > labels
  ss-diff --json old.ndjson new.ndjson > want
  ss-diff --json --labels labels old new > got
  same want got
  run ss-diff --labels <(echo x) old <(cat new labels)
  status_is 0
  says 'label lines                         5   not used: give them with --labels'
}

@test "cost by hand" {
  two_sides
  printf 'review_cost = 2\nfriction_cost = 1\nfraud_fee = 5\n' > costs
  # OLD: alerts 3 and 4: 4, one genuine: 1, fraud 2 passes: 25.5. NEW: 1, 2, 4: 6, one genuine: 1.
  run ss-diff --json --cost costs --fail-if 'cost > +0' old.ndjson new.ndjson
  status_is 0
  [ "$(jq -c '[.old.cost,.new.cost]' <<<"$output")" = '[30.5,7]' ]
  run ss-diff --fail-if 'cost > +0' old.ndjson new.ndjson
  status_is 64
  says "gate 'cost > +0' needs --cost FILE"
}

@test "several currencies are also summed apart" {
  { decided 1 1 ann 10 1 allow NONE '' ',"currency":"EUR"'; decided 2 1 ann 20 1 block NONE '' ',"currency":"USD"'; } > old
  { decided 1 1 ann 10 1 block NONE '' ',"currency":"EUR"'; decided 2 1 ann 20 1 block NONE '' ',"currency":"USD"'; } > new
  run ss-diff old new
  says 'sums over 2 currencies, unconverted'
  run ss-diff --json old new
  [ "$(jq -c '[.currencies[]|[.currency,.fraud.newly_alerted.amount,.fraud.both.amount]]' <<<"$output")" = \
    '[["EUR",10,0],["USD",0,20]]' ]
}

@test "examples: the dearest first, as many as asked for" {
  for i in 5 1 9 9 3 7; do decided "$((++n))" 1 u "$i" 0 allow NONE ''; done > old
  sed 's/allow/block/' old > new
  run ss-diff --json --examples 4 old new
  [ "$(jq -c '[.examples[]|.txn_id]' <<<"$output")" = '["3","4","6","1"]' ]
  run ss-diff --json --examples 0 old new
  [ "$(jq -c .examples <<<"$output")" = '[]' ]
}

@test "a generated history, decided twice, against jq's own sums" {
  ss-gen -n 5000 --seed 3 > h
  jq -c '.decision = {action: (if .amount > 400 then "block" elif .amount > 200 then "review" else "allow" end), rules: []}' h > old
  jq -c '.decision = {action: (if .amount > 300 then "block" else "allow" end), rules: []}' h > new
  ss-diff --json old new > got
  want=$(jq -cs '[length, ([.[]|select(.label==1 and .amount>300)]|length), ([.[]|select(.label==0 and .amount>300)]|length),
    ([.[]|select(.label==0 and .amount>200 and .amount<=300)]|length),
    ([.[]|select(.label==0 and .amount>300)|.user_id]|unique|length),
    ([.[]|select(.label==1 and .amount>300)|.amount]|add*100|round)]' h)
  [ "$(jq -c '[.records,.new.true_positives,.new.false_positives,.newly_released,.new.users_disturbed,(.new.amount_caught*100|round)]' got)" = "$want" ]
  ss-diff --json old new > again
  same got again
}

@test "wrong options say what is wrong" {
  two_sides
  run ss-diff < /dev/null
  status_is 64
  says 'two streams of decisions are needed: OLD and NEW'
  run ss-diff --fail-if 'false_positive > 5' old.ndjson new.ndjson
  status_is 64
  says "unknown figure 'false_positive' (known: alerts, "
  run ss-diff --alert allow old.ndjson new.ndjson
  status_is 64
  run ss-diff --window 0 old.ndjson new.ndjson
  status_is 64
  run ss-diff nowhere new.ndjson
  status_is 66
  run ss-diff old.ndjson nowhere
  status_is 66
}
