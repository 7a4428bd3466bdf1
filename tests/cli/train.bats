bats_require_minimum_version 1.5.0
load helper

# Payments enough to learn from, and a small feature file, made once for all tests.
setup_file() {
  export S="$BATS_FILE_TMPDIR"
  cat > "$S/f.features" <<'END'
amount        = amount
hour          = hour(timestamp)
category      = code(category)
user_count_1m = count       by user_id over 1m
user_sum_24h  = sum(amount) by user_id over 24h
user_mean_30d = mean(amount) by user_id over 30d
amount_ratio  = ratio(amount, user_mean_30d)
new_device    = first(device_id) by user_id
since_last    = gap by user_id
END
  "$BATS_TEST_DIRNAME/../../${BUILD:-build}/bin/ss-gen" -n 12000 --seed 3 --fraud 0.05 --customers 2000 > "$S/p.ndjson"
}

train() { ss-train -q -f "$S/f.features" --rounds 15 --params max_bin=256 "$@"; }

@test "a model and a report; the same data, seed and options give the same bytes" {
  train -o a.ssm "$S/p.ndjson" > report
  train -o b.ssm "$S/p.ndjson" > /dev/null
  same a.ssm b.ssm
  grep -q 'AUC ROC' report
  grep -q 'inputs by share of the total gain' report
  jq -e '.metrics.auc_roc > 0.75 and .metrics.average_precision > 0.2' a.ssm
  [ "$(head -1 report | cut -d' ' -f2 | tr -d ,)" = "gbt:$(sha256sum a.ssm | cut -c1-8)" ]
  train -o c.ssm --seed 2 --params subsample=0.5 "$S/p.ndjson" > /dev/null
  not cmp -s a.ssm c.ssm
}

@test "features computed here and before give the same model" {
  train -o a.ssm "$S/p.ndjson" > /dev/null
  ss-features -f "$S/f.features" "$S/p.ndjson" | train -o b.ssm > /dev/null
  same a.ssm b.ssm
  ss-run "features -f $S/f.features | train -f $S/f.features --rounds 15 --params max_bin=256 -o c.ssm" "$S/p.ndjson" > /dev/null
  same a.ssm c.ssm
}

@test "features of another file end with 65, and the old model stays" {
  echo old > m.ssm
  ss-features -f handbook "$S/p.ndjson" > other.ndjson
  run train -o m.ssm other.ndjson
  status_is 65
  says "features were made with feature set"
  [ "$(cat m.ssm)" = old ]
}

@test "--from and --to choose payments, but not the history of their features" {
  train -o m.ssm --from 2026-01-02 --to 2026-01-03 "$S/p.ndjson" > /dev/null
  [ "$(jq .training.records m.ssm)" = "$(grep -c '"timestamp":"2026-01-02' "$S/p.ndjson")" ]
  [ "$(jq -r .training.from m.ssm | cut -c1-10)" = 2026-01-02 ]
}

@test "--exclude and --only choose features; a name that matches none is an error" {
  train -o m.ssm --exclude 'user_*,hour' "$S/p.ndjson" > /dev/null
  [ "$(jq -c '[.inputs[].name]' m.ssm)" = '["amount","category","amount_ratio","new_device","since_last"]' ]
  train -o m.ssm --only amount,category "$S/p.ndjson" > /dev/null
  [ "$(jq -c '[.inputs[].name]' m.ssm)" = '["amount","category"]' ]
  [ "$(jq '.inputs[1].values | length > 2' m.ssm)" = true ]
  run train -o m.ssm --exclude amuont "$S/p.ndjson"
  status_is 64
  says "no feature is called 'amuont'"
}

@test "forests, both kinds, bags, SMOTE, weights, monotone inputs and a report in JSON" {
  train --kind iforest -o i.ssm --json "$S/p.ndjson" > i.json
  jq -e '.model | startswith("iforest:")' i.json
  train --kind both -o b.ssm "$S/p.ndjson" > /dev/null
  [ "$(jq '.gbt.features' b.ssm)" = 10 ]
  train --bag 3 --early-stopping 0 --params colsample_bytree=0.7 -o g.ssm "$S/p.ndjson" > /dev/null
  [ "$(jq '.gbt.trees | length' g.ssm)" = 45 ]
  train --smote 0.3 -o s.ssm "$S/p.ndjson" > /dev/null
  [ "$(jq '.training.synthetic_positives > 500' s.ssm)" = true ]
  train --weight balanced --monotone amount_ratio=+1 --calibration isotonic -o w.ssm "$S/p.ndjson" > /dev/null
  [ "$(jq -r .calibration.method w.ssm)" = isotonic ]
  run train --monotone amuont=+1 -o w.ssm "$S/p.ndjson"
  status_is 64
  run train --params max_depth=four -o w.ssm "$S/p.ndjson"
  status_is 65
  run train --params max_dept=4 -o w.ssm "$S/p.ndjson"
  status_is 64
  says "no parameter 'max_dept'"
}

@test "no labels: trees refuse, a forest ranks" {
  ss-gen -n 2000 --no-labels > u.ndjson
  run train -o m.ssm u.ndjson
  status_is 65
  says "no labelled records"
  run train --kind iforest -o m.ssm u.ndjson
  status_is 0
  [ "$(jq -r .calibration.method m.ssm)" = rank ]
}

@test "labels that come later are taken" {
  ss-gen -n 12000 --seed 3 --fraud 0.05 --customers 2000 --labels-delay 2h > later.ndjson
  train -o m.ssm later.ndjson > /dev/null
  [ "$(jq '.training.positives > 100' m.ssm)" = true ]
}

@test "an empty input and a missing -o" {
  run train -o m.ssm /dev/null
  status_is 65
  [ ! -e m.ssm ]
  run ss-train "$S/p.ndjson"
  status_is 64
  run train -o no/such/dir/m.ssm "$S/p.ndjson"
  status_is 73
}

@test "an XGBoost model is imported and scores as it did" {
  /usr/bin/python3 -c 'import xgboost' 2>/dev/null || skip "no xgboost for Python"
  printf 'amount = amount\nhour = hour(timestamp)\n' > two.features
  ss-features -f two.features "$S/p.ndjson" > f.ndjson
  jq -c '[.features.amount, .features.hour, .label]' f.ndjson > rows
  /usr/bin/python3 - <<'END'
import json
import numpy as np
import xgboost as xgb
r = np.array([json.loads(l) for l in open("rows")])
d = xgb.DMatrix(r[:, :2], r[:, 2], feature_names=["amount", "hour"])
m = xgb.train({"objective": "binary:logistic", "max_depth": 5, "nthread": 1}, d, 30)
m.save_model("x.json")
with open("want", "w") as f:
    for p in m.predict(d):
        print(repr(float(p)), file=f)
END
  ss-train -q -o x.ssm -f two.features --import x.json f.ndjson > /dev/null
  ss-score -m x.ssm f.ndjson | sed 's/.*"raw":\([^,]*\),.*/\1/' > got
  /usr/bin/python3 -c 'import sys; sys.exit([float(x) for x in open("want")] != [float(x) for x in open("got")])'
  [ "$(jq -r .calibration.method x.ssm)" = beta ]
  ss-train -q -o y.ssm -f two.features --import x.json /dev/null > /dev/null
  [ "$(jq -r .calibration.method y.ssm)" = none ]
  run ss-train -q -o z.ssm -f "$S/f.features" --import x.json /dev/null
  status_is 0
  printf 'amount = amount\n' > one.features
  run ss-train -q -o z.ssm -f one.features --import x.json /dev/null
  status_is 65
  says "does not fit the feature file"
}

@test "scripts/handbook says when it has no data, and refuses what it does not know" {
  run "$ROOT/scripts/handbook" no/such.csv
  status_is 0
  [ "$output" = "skipped: no data at 'no/such.csv'" ]
  run "$ROOT/scripts/handbook" --fast no/such.csv
  status_is 64
}

@test "a model tells how its training data lay: shares of each input and of the score, the same each time" {
  ss-gen -n 3000 --seed 7 >p
  ss-train -q -o a.ssm --rounds 5 p >/dev/null
  ss-train -q -o b.ssm --rounds 5 p >/dev/null
  same a.ssm b.ssm
  [ "$(jq '.distribution.payments' a.ssm)" = 3000 ]
  [ "$(jq -c '[.inputs[].name] == [.distribution.features[].name]' a.ssm)" = true ]
  # As many shares as edges (or texts) and one more; edges rise; shares are of what was there.
  jq -c '.distribution | .features[], .score | select((.shares | length) != 1 + ((.edges // .values) | length)
         or (.edges // [] | . != (unique)) or (.missing < 1 and ((.shares | add) - 1 | fabs) > 0.0001))' a.ssm | same /dev/stdin /dev/null
  # Half of the payments lie below the tenth of twenty edges.
  edge=$(jq '.distribution.features[] | select(.name == "amount") | .edges[9]' a.ssm)
  below=$(jq -c "select(.amount <= $edge)" p | wc -l)
  [ "$below" -ge 1480 ] && [ "$below" -le 1520 ]
  # A file without it works as before.
  jq -c 'del(.distribution)' a.ssm >old.ssm
  head -n 3 p | ss-score -q -m old.ssm | jq -c .score.raw >old
  head -n 3 p | ss-score -q -m a.ssm | jq -c .score.raw | same /dev/stdin old
}
