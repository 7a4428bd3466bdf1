bats_require_minimum_version 1.5.0
load helper

# record ID TIME CARD AMOUNT LABEL SCORE [MORE]
record() {
  printf '{"txn_id":%s,"timestamp":"%s","user_id":"%s","amount":%s,"label":%s,"score":{"value":%s}%s}\n' \
    "$1" "$2" "$3" "$4" "$5" "$6" "${7-}"
}

two_days() {
  record 1 2026-03-01T09:00:00Z ann 10.00 0 0.2
  record 2 2026-03-01T10:00:00Z bob 20.00 1 0.9
  record 3 2026-03-01T11:00:00Z cat 30.50 0 0.9
  record 4 2026-03-01T12:00:00Z cat 40.00 1 0.1
  record 5 2026-03-02T09:00:00Z bob 50.00 1 0.95
  record 6 2026-03-02T10:00:00Z ann 60.00 0 0.6
  record 7 2026-03-02T11:00:00Z dan 70.25 1 0.7
  record 8 2026-03-02T12:00:00Z eve 80.00 0 0.05
}

@test "every metric equals scikit-learn's and the Handbook's procedures, on random records" {
  /usr/bin/python3 -c 'import sklearn, pandas' 2>/dev/null || skip "NO SCIKIT-LEARN HERE: the live comparison did not run"
  run /usr/bin/python3 -W ignore "$DATA/eval/live.py"
  status_is 0
  says same
}

@test "counts and ranking of eight records, by hand" {
  two_days > r.ndjson
  run ss-eval --json --threshold 0.7 --k 1,2 r.ndjson
  status_is 0
  [ "${#lines[@]}" -eq 1 ]
  # Frauds .95 .9 .7 .1, genuine .9 .6 .2 .05: 4 + 3.5 + 3 + 1 of 16 pairs.
  [ "$(jq -c '[.records,.positives,.auc_roc,.tp,.fp,.fn,.tn,.amount_caught,.amount_missed]' <<<"$output")" = \
    '[8,4,0.71875,3,1,1,3,140.25,40]' ]
  says '"precision":0.75,"recall":0.75,"f1":0.75,"false_positive_rate":0.25,"alert_rate":0.5'
}

@test "card precision: the day's best score of a card, found cards leave, ties go to the id" {
  two_days > r.ndjson
  # Day 1: bob and cat tie at .9, bob is first; both are compromised. Day 2, k=1: bob was found, dan leads.
  # k=2: bob and cat were found; dan and ann are at the top.
  run ss-eval --json --k 1,2 r.ndjson
  status_is 0
  [ "$(jq -c '[.card_precision_1,.card_precision_2]' <<<"$output")" = '[1,0.75]' ]
  [ "$(jq -c '[.card_precision[].days[]|[.day,.cards,.compromised,.found]]' <<<"$output")" = \
    '[["2026-03-01",3,2,1],["2026-03-02",3,1,1],["2026-03-01",3,2,2],["2026-03-02",3,1,1]]' ]
}

@test "card precision divides by k where there are fewer cards" {
  record 1 2026-03-01T09:00:00Z ann 10 1 0.2 > r.ndjson
  run ss-eval --json r.ndjson
  says '"card_precision_100":0.01'
}

@test "the order of the records changes nothing" {
  python3 -c '
import random
r = random.Random(3)
for i in range(3000):
    f = int(r.random() < 0.05)
    print("{\"txn_id\":%d,\"timestamp\":\"2026-03-%02dT%02d:00:00Z\",\"user_id\":%d,\"amount\":%d.25,\"label\":%d,"
          "\"kind\":\"%s\",\"scenario\":\"%s\",\"score\":%.2f}" % (i, r.randrange(1, 29), r.randrange(24),
          r.randrange(90), r.randrange(900), f, r.choice("xyz"), r.choice("pq"), min(1, r.random() * 0.7 + 0.3 * f)))
' > a.ndjson
  shuf --random-source=a.ndjson a.ndjson > b.ndjson
  run ! cmp -s a.ndjson b.ndjson
  printf 'review_cost = 3\n' > costs
  for f in a b; do
    ss-eval --cost costs --by kind --drop-known user_id,7d --svg $f.svg $f.ndjson > $f.txt
    ss-eval --cost costs --by kind --drop-known user_id,7d --json $f.ndjson > $f.json
  done
  same a.txt b.txt
  same a.json b.json
  same a.svg b.svg
  [ "$(jq .dropped a.json)" -gt 100 ]
}

@test "--from counts, --to does not" {
  two_days > r.ndjson
  run ss-eval --json --from 2026-03-01T10:00:00Z --to 2026-03-02T09:00:00Z r.ndjson
  [ "$(jq -c '[.records,.outside,.first_day,.last_day]' <<<"$output")" = \
    '[3,5,"2026-03-01","2026-03-01"]' ]
}

@test "records without label or score are counted, not guessed" {
  { two_days
    echo '{"txn_id":20,"timestamp":"2026-03-02T12:00:00Z","amount":1,"score":{"value":0.5}}'
    echo '{"txn_id":21,"timestamp":"2026-03-02T12:00:00Z","amount":1,"label":null,"score":{"value":0.5}}'
    echo '{"txn_id":22,"timestamp":"2026-03-02T12:00:00Z","amount":1,"label":1}'
    echo '{"txn_id":23,"timestamp":"2026-03-02T12:00:00Z","amount":1,"label":1,"score":{"value":null}}'
  } > r.ndjson
  run ss-eval --json r.ndjson
  [ "$(jq -c '[.records,.unlabelled,.unscored]' <<<"$output")" = '[8,2,2]' ]
}

@test "labels that come later, on lines of their own, give the same report" {
  two_days > r.ndjson
  { jq -c 'del(.label)' r.ndjson
    jq -c '{type:"label",txn_id,timestamp:"2026-04-01T00:00:00Z",label:(1 - .label)}' r.ndjson # corrected below
    jq -c '{type:"label",txn_id:(.txn_id|tostring),timestamp:"2026-04-01T00:00:00Z",label:.label}' r.ndjson
    echo '{"type":"label","txn_id":99,"timestamp":"2026-04-01T00:00:00Z","label":1}'
  } > late.ndjson
  for o in '' '--drop-known user_id,0' '--drop-known user_id,0 --from 2026-03-02'; do
    # shellcheck disable=SC2086
    ss-eval --json --k 2 $o r.ndjson > want
    # shellcheck disable=SC2086
    ss-eval --json --k 2 $o late.ndjson > got
    same want got
  done
  [ "$(jq -c '[.records,.dropped]' got)" = '[3,1]' ]
  head -8 late.ndjson | ss-eval --json > got
  [ "$(jq -c '[.records,.unlabelled]' got)" = '[0,8]' ]
}

@test "a broken line is rejected and the rest is evaluated" {
  { two_days | head -4; echo '{"txn_id":'; two_days | tail -4; } > r.ndjson
  run --separate-stderr ss-eval --json --rejects x.ndjson r.ndjson
  status_is 0
  [ "$(jq .records <<<"$output")" = 8 ]
  [ "$(wc -l < x.ndjson)" -eq 1 ]
}

@test "one class only: null, and a table without a crash" {
  two_days | jq -c '.label = 0' > r.ndjson
  run ss-eval --json r.ndjson
  status_is 0
  [ "$(jq -c '[.auc_roc,.average_precision,.recall,.best_f1.threshold]' <<<"$output")" = '[null,null,null,null]' ]
  run ss-eval --svg r.svg r.ndjson
  status_is 0
  says 'AUC ROC                           -'
}

@test "no record: a warning, and still one line of JSON" {
  run --separate-stderr ss-eval --json < /dev/null
  status_is 0
  [ "$(jq -c '[.records,.auc_roc,.card_precision_100]' <<<"$output")" = '[0,null,null]' ]
  [[ $stderr == *"no record in range has both a label and a score"* ]]
}

@test "alerts by level follow the records' own levels" {
  { echo '{"txn_id":1,"timestamp":"2026-03-01","amount":5,"label":1,"score":{"value":0.2,"level":"CRITICAL"}}'
    echo '{"txn_id":2,"timestamp":"2026-03-01","amount":5,"label":1,"score":{"value":0.9,"level":"NONE"}}'
    echo '{"txn_id":3,"timestamp":"2026-03-01","amount":5,"label":0,"score":{"value":0.6}}'
  } > r.ndjson
  run ss-eval --json --level MEDIUM r.ndjson
  [ "$(jq -c '[.level,.tp,.fp,.fn,.tn]' <<<"$output")" = '["MEDIUM",1,1,1,0]' ]
  [ "$(jq -c '[.levels[]|[.level,.tp,.fp]]' <<<"$output")" = \
    '[["CRITICAL",1,0],["HIGH",1,0],["MEDIUM",1,1],["LOW",1,1]]' ]
}

@test "cost by hand: reviews, friction, passed frauds, what an alert does not save" {
  two_days > r.ndjson
  printf '%s\n' '# euros' 'review_cost = 2' 'friction_cost = 1.5' 'fraud_fee = 10' 'recovered_share = 0.75' \
    'currency = EUR' > costs
  # 4 alerts: 8; one of them genuine: 1.5; fraud 4 passes: 50; of 140.25 + 30 caught a quarter: 42.5625
  run ss-eval --json --threshold 0.7 --cost costs r.ndjson
  [ "$(jq -c '[.cost.currency,.cost.no_alerts,.cost.chosen,.cost.saved]' <<<"$output")" = \
    '["EUR",220.25,102.0625,118.1875]' ]
  [ "$(jq '.cost.cheapest.cost <= ([.thresholds[].cost]|min)' <<<"$output")" = true ]
  printf 'fraud_loss = 100\n' > costs
  run ss-eval --json --threshold 0.7 --cost costs r.ndjson
  [ "$(jq -c '[.cost.no_alerts,.cost.chosen,.cost.cheapest.cost]' <<<"$output")" = '[400,100,0]' ]
}

@test "--drop-known leaves out who was known when the day began, by the frauds of the whole stream" {
  { record 1 2026-03-01T23:59:59Z old 1 1 0.5 # known from day 9 on
    record 2 2026-03-02T00:00:00Z new 1 1 0.5 # not yet on day 9
    record 3 2026-02-28T12:00:00Z before 1 1 0.5
    record 4 2026-03-09T00:00:00Z old 1 0 0.5
    record 5 2026-03-09T23:00:00Z new 1 0 0.5
    record 6 2026-03-09T12:00:00Z before 1 0 0.5
    record 7 2026-03-10T00:00:00Z new 1 1 0.5
    record 8 2026-03-08T23:00:00Z old 1 1 0.5
  } > r.ndjson
  run ss-eval --json --from 2026-03-08 --drop-known user_id,7d,2026-03-01 r.ndjson
  [ "$(jq -c '[.records,.dropped,.positives]' <<<"$output")" = '[3,2,1]' ] # 4 and 7 go
  run ss-eval --json --from 2026-03-08 --drop-known user_id,7d r.ndjson
  [ "$(jq -c '[.records,.dropped,.positives]' <<<"$output")" = '[2,3,1]' ] # 6 too
  run ss-eval --json --from 2026-03-08 --drop-known amount,7d --card user_id r.ndjson
  [ "$(jq -c '[.records,.dropped]' <<<"$output")" = '[0,5]' ] # all paid 1
}

@test "scenarios and groups" {
  { record 1 2026-03-01T09:00:00Z a 10 1 0.9 ',"scenario":"burst","shop":"x"'
    record 2 2026-03-01T09:00:00Z a 20 1 0.2 ',"scenario":"ring","shop":"x"'
    record 3 2026-03-01T09:00:00Z a 30 0 0.5 ',"shop":"y"'
    record 4 2026-03-01T09:00:00Z a 40 0 0.1
  } > r.ndjson
  run ss-eval --json --by shop r.ndjson
  [ "$(jq -c '[.scenarios[]|[.scenario,.positives,.amount,.recall,.auc_roc]]' <<<"$output")" = \
    '[["burst",1,10,1,1],["ring",1,20,0,0.5]]' ]
  [ "$(jq -c '[.by.field,(.by.groups[]|[.value,.records,.positives,.tp])]' <<<"$output")" = \
    '["shop",["x",2,2,1],["y",1,0,0],[null,1,0,0]]' ]
  run ss-eval --by shop r.ndjson
  says '(none)'
}

@test "beyond fifty groups the small ones are one line" {
  for i in $(seq 60); do record "$i" 2026-03-01T09:00:00Z "u$i" 1 0 0.5; done > r.ndjson
  record 61 2026-03-01T09:00:00Z u60 1 1 0.9 >> r.ndjson
  run ss-eval --json --by user_id r.ndjson
  [ "$(jq -c '[(.by.groups|length),.by.groups[0].value,.by.groups[50].value,.by.groups[50].records]' <<<"$output")" = \
    '[51,"u60","(others)",10]' ]
}

@test "the Handbook's scenario column is known" {
  record 1 2026-03-01T09:00:00Z a 10 1 0.9 ',"TX_FRAUD_SCENARIO":2' > r.ndjson
  run ss-eval --json r.ndjson
  [ "$(jq -r '.scenarios[0].scenario' <<<"$output")" = 2 ]
}

@test "scores beyond 0 to 1 are ranked but not calibrated" {
  two_days | jq -c '.score = (.score.value * 10 - 5)' > r.ndjson
  run ss-eval --json r.ndjson
  [ "$(jq -c '[.auc_roc,.brier,.log_loss,.ece,.reliability]' <<<"$output")" = '[0.71875,null,null,null,[]]' ]
}

@test "the drawing is well-formed XML, stands alone, and is written whole" {
  two_days > r.ndjson
  ss-eval --svg r.svg r.ndjson > /dev/null
  python3 -c 'import xml.dom.minidom as d; t = d.parse("r.svg"); assert len(t.getElementsByTagName("path")) > 20'
  run ! grep -E 'href|<script|url\(' r.svg
  run ss-eval --svg /nowhere/r.svg r.ndjson
  status_is 73
}

@test "no colour in a pipe" {
  two_days | ss-eval > out
  run ! grep -q $'\033' out
}

@test "alone or fused, the same report" {
  two_days > r.ndjson
  ss-eval r.ndjson > alone
  ss-run 'eval' r.ndjson > fused
  same alone fused
}

@test "wrong options say what is wrong" {
  run ss-eval --from yesterday < /dev/null
  status_is 64
  says "--from 'yesterday' is not a time"
  run ss-eval --drop-known user_id < /dev/null
  status_is 64
  says "is not FIELD,DELAY[,SINCE]"
  run ss-eval --drop-known user_id,soon < /dev/null
  status_is 64
  says "'soon' is not a duration"
  run ss-eval --k 0 < /dev/null
  status_is 64
  run ss-eval --level HUGE < /dev/null
  status_is 64
  run ss-eval --cost nowhere < /dev/null
  status_is 66
  printf 'review_cost = 1\nrevew_cost = 2\n' > costs
  run ss-eval --cost costs < /dev/null
  status_is 78
  says "costs:2: unknown name 'revew_cost' (known: review_cost"
  printf 'fraud_fee = many\n' > costs
  run ss-eval --cost costs < /dev/null
  status_is 78
  says "costs:1: 'many' of 'fraud_fee' is not an amount"
}

# ruled ID DAY AMOUNT LABEL ACTION SCORE RULES(a,b) [SHADOW(c,d)]
ruled() {
  local rules shadow
  rules=$(sed -E 's/([a-z]+)/{"id":"\1","score":0.5,"action":"review","reason":"r"}/g' <<<"$7")
  shadow=$(sed -E 's/([a-z]+)/{"id":"\1","score":0.5,"action":"review","reason":"r"}/g' <<<"${8-}")
  printf '{"txn_id":%s,"timestamp":"2026-03-%s","amount":%s,"label":%s,"decision":{"action":"%s","level":"NONE","score":%s,"rules":[%s],"shadow":[%s]}}\n' \
    "$1" "$2" "$3" "$4" "$5" "$6" "$rules" "$shadow"
}

seven_decisions() {
  ruled 1 01 10 1 block 0.9 a,b
  ruled 2 02 20 1 review 0.8 a
  ruled 3 03 30 0 review 0.7 a s
  ruled 4 04 40 1 allow 0.6 '' s
  ruled 5 05 50 0 challenge 0.5 b,c
  ruled 6 06 60 null notify 0.4 c
  ruled 7 07 70 1 allow 0.3 ''
}

@test "--by rule by hand: hits, marginal frauds, overlap, money, shadow rules apart" {
  seven_decisions > r.ndjson
  run ss-eval --json --by rule --label-delay 2d r.ndjson
  status_is 0
  of='[.id,.hits,.frauds,.genuine,.unlabelled,.amount_fraud,.amount_genuine,.only_frauds,.only_genuine,.only_amount_fraud,.immature]'
  [ "$(jq -c "[.rules[]|$of]" <<<"$output")" = \
    '[["a",3,2,1,0,30,30,1,1,20,0],["b",2,1,1,0,10,50,0,0,0,0],["c",2,0,1,1,0,50,0,0,0,1]]' ]
  [ "$(jq -c "[.shadow_rules[]|$of]" <<<"$output")" = '[["s",2,1,1,0,40,30,1,0,40,0]]' ]
  [ "$(jq -c '[.rules[]|[.precision,.recall]]' <<<"$output")" = '[[0.6666666666666666,0.5],[0.5,0.25],[0,0]]' ]
  [ "$(jq -c '[.rules[]|[.overlap[]|[.id,.shadow,.hits]]]' <<<"$output")" = \
    '[[["b",null,1],["s",true,1]],[["a",null,1],["c",null,1]],[["b",null,1]]]' ]
  # younger than two days at the 7th: 6 (not labelled) and 7
  [ "$(jq -c '[.frauds_with_rule,.frauds_without_rule,.immature]' <<<"$output")" = '[2,2,1]' ]
  run ss-eval --by rule r.ndjson
  says 'rules: at least one fired on 2 of 4 frauds'
  says 'shadow rules: only they is what no live rule fired on'
}

@test "--by rule: labels that come later, and records of known victims that go" {
  seven_decisions > r.ndjson
  { jq -c 'del(.label)' r.ndjson; jq -c 'select(.label != null) | {type:"label",txn_id,timestamp:"2026-03-07",label:.label}' r.ndjson; } > late.ndjson
  ss-eval --json --by rule --label-delay 2d r.ndjson > want
  ss-eval --json --by rule --label-delay 2d late.ndjson > got
  same want got
}

@test "decisions: score and level where there is no score, alerts by action when asked" {
  seven_decisions > r.ndjson
  run ss-eval --json --threshold 0.7 r.ndjson
  [ "$(jq -c '[.records,.tp,.fp,.unlabelled]' <<<"$output")" = '[6,2,1,1]' ]
  run ss-eval --json --alerted decision r.ndjson
  [ "$(jq -c '[.alerted,.records,.tp,.fp,.fn,.tn,.amount_caught,.amount_missed]' <<<"$output")" = '["decision",6,2,2,2,0,30,110]' ]
  # The model's own score is passed over, and what has no decision is left out.
  { jq -c '.score = 0' r.ndjson; echo '{"txn_id":9,"timestamp":"2026-03-01","amount":1,"label":1,"score":0.9}'; } > s.ndjson
  run ss-eval --json --alerted decision s.ndjson
  [ "$(jq -c '[.records,.unscored,.tp,.auc_roc > 0.5]' <<<"$output")" = '[6,1,2,true]' ]
  run ss-eval --json s.ndjson
  [ "$(jq -c '[.records,.alerted]' <<<"$output")" = '[7,null]' ]
}

@test "--tune by hand: most frauds within a budget, the lowest cost, and both" {
  two_days > r.ndjson # frauds .95 .9 .7 .1, genuine .9 .6 .2 .05
  run ss-eval --json --tune --alerts-per-day 2 r.ndjson
  status_is 0
  # 4 alerts in 2 days: down to .7; anything above .6 does as well
  [ "$(jq -c '.tune|[.threshold,.lowest_score,.budget,.days,.tp,.fp]' <<<"$output")" = '[0.7,0.7,4,2,3,1]' ]
  run ss-eval --json --tune --alert-rate 12.5% r.ndjson
  [ "$(jq -c '.tune|[.threshold,.budget,.tp,.fp,.around[0].threshold]' <<<"$output")" = '[0.95,1,1,0,0.95]' ]
  printf 'review_cost = 30\n' > costs
  # Frauds of 50, 20, 70.25, 40: one alert each 30: .95 saves 20, .9 costs 40 more, .7 saves 40.25 more.
  run ss-eval --json --tune --cost costs r.ndjson
  [ "$(jq -c '.tune|[.threshold,.cost,.budget]' <<<"$output")" = '[0.7,160,null]' ]
  run ss-eval --json --tune --cost costs --alert-rate 0.4 r.ndjson
  [ "$(jq -c '.tune|[.threshold,.cost,.budget]' <<<"$output")" = '[0.95,160.25,3]' ]
  printf 'review_cost = 1000\n' > costs
  run ss-eval --tune --cost costs r.ndjson
  says 'it is best to alert nothing'
  run ss-eval --json --tune --alerts-per-day 0 r.ndjson
  [ "$(jq -c '.tune|[.threshold,.around]' <<<"$output")" = '[null,[]]' ]
}

@test "--tune against a search through every threshold; its number alerts what it says" {
  python3 -c '
import random
r = random.Random(7)
for i in range(2000):
    f = int(r.random() < 0.08)
    print("{\"txn_id\":%d,\"timestamp\":\"2026-03-%02d\",\"amount\":%d,\"label\":%d,\"score\":%r}" % (i, r.randrange(1, 11),
          r.randrange(900), f, min(1, r.random() * 0.7 + 0.3 * f)))' > r.ndjson
  printf 'review_cost = 25\nfraud_fee = 10\n' > costs
  ss-eval --json --tune --cost costs --alerts-per-day 20 r.ndjson | jq .tune > got
  want=$(python3 -c '
import json
rows = [json.loads(l) for l in open("r.ndjson")]
def cost(t): return sum(25 if x["score"] >= t else x["label"] * (x["amount"] + 10) for x in rows)
ok = [t for t in sorted({x["score"] for x in rows}) if sum(x["score"] >= t for x in rows) <= 200]
print(min(cost(t) for t in ok))')
  [ "$(jq .cost got)" = "$want" ]
  ss-eval --json --threshold "$(jq .threshold got)" r.ndjson > again
  [ "$(jq -c '[.tp,.fp]' again)" = "$(jq -c '[.tp,.fp]' got)" ]
  [ "$(jq '[.around[].tp] == ([.around[].tp]|sort) and (.around|length) == 11' got)" = true ]
  [ "$(jq '(.threshold|tostring|length) < (.lowest_score|tostring|length)' got)" = true ]
}

@test "wrong options for tuning and rules say what is wrong" {
  run ss-eval --tune < /dev/null
  status_is 64
  says '--tune needs --cost FILE, --alerts-per-day N or --alert-rate X'
  run ss-eval --alert-rate 1 < /dev/null
  status_is 64
  says 'a budget of alerts is for --tune'
  run ss-eval --tune --alert-rate 2 < /dev/null
  status_is 64
  run ss-eval --label-delay soon < /dev/null
  status_is 64
  run ss-eval --alerted maybe < /dev/null
  status_is 64
  run ss-eval --tune --alerts-per-day 5 <<<'{"amount":1,"label":1,"score":0.5}'
  status_is 65
  says 'no record has a time'
}
