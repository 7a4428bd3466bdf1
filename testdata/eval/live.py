#!/usr/bin/python3
"""Runs ss-eval on random scored records, and compares every metric with scikit-learn's and with the Fraud Detection
Handbook's own procedures (card precision, removal of known victims), written here as the Handbook writes them."""
import json
import random
import subprocess
import sys

import numpy as np
import pandas as pd
import sklearn.metrics as m
from sklearn.calibration import calibration_curve

DAY = 86400


def make(seed):
    """A month of records, days 0 to 29 of 2018-04; scores with ties in some runs."""
    rng = random.Random(seed)
    digits = (1, 2, 3, 17)[seed % 4]
    rows = []
    for i in range(4000):
        fraud = int(rng.random() < 0.03)
        score = round(min(1, max(0, rng.betavariate(1, 8) + fraud * rng.random())), digits)
        rows.append((i, rng.randrange(30 * DAY), rng.randrange(300), round(rng.random() * 200, 2), fraud, score,
                     rng.choice("abc")))
    rows[0] = (0, 21 * DAY, *rows[0][2:])  # at midnight, to the second
    return pd.DataFrame(rows, columns=["id", "t", "card", "amount", "fraud", "score", "kind"])


def write(df, path):
    start = pd.Timestamp("2018-04-01")
    with open(path, "w") as out:
        for r in df.itertuples():
            rec = {"txn_id": r.id, "timestamp": (start + pd.Timedelta(seconds=r.t)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                   "user_id": r.card, "amount": r.amount, "label": r.fraud, "scenario": r.kind, "kind": r.kind,
                   "score": {"value": r.score}}
            out.write(json.dumps(rec) + "\n")


def handbook_test_set(df, start, train=7, delay=7, test=7):
    day = df.t // DAY
    known = set(df[(day >= start) & (day < start + train) & (df.fraud == 1)].card)
    parts = []
    for d in range(test):
        today = df[day == start + train + delay + d]
        known |= set(df[(day == start + train + d - 1) & (df.fraud == 1)].card)
        parts.append(today[~today.card.isin(known)])
    return pd.concat(parts)


def handbook_card_precision(df, k):
    """Equal scores are settled by the card's number, which the Handbook leaves open."""
    found, precision = [], []
    for day in sorted((df.t // DAY).unique()):
        today = df[(df.t // DAY == day) & ~df.card.isin(found)]
        top = today.groupby("card")[["score", "fraud"]].max().reset_index()
        top = top.sort_values(["score", "card"], ascending=[False, True]).head(k)
        hits = list(top[top.fraud == 1].card)
        precision.append(len(hits) / k)
        found += hits
    return float(np.mean(precision)), precision


faults = 0


def same(what, got, want):
    global faults
    if got is None or abs(got - want) > 1e-9:
        faults += 1
        print(f"{what}: ss-eval {got}, expected {want}")


def confusion(name, part, y, alert):
    tn, fp, fn, tp = m.confusion_matrix(y, alert, labels=[0, 1]).ravel()
    for key, want in zip(("tn", "fp", "fn", "tp"), (tn, fp, fn, tp)):
        same(f"{name} {key}", part[key], want)
    if alert.any():
        same(f"{name} precision", part["precision"], m.precision_score(y, alert))
        same(f"{name} f1", part["f1"], m.f1_score(y, alert))
    same(f"{name} recall", part["recall"], m.recall_score(y, alert))
    same(f"{name} alert rate", part["alert_rate"], alert.mean())


def check(name, e, df):
    y, s = df.fraud.to_numpy(), df.score.to_numpy()
    same(f"{name} records", e["records"], len(df))
    same(f"{name} positives", e["positives"], y.sum())
    same(f"{name} AUC", e["auc_roc"], m.roc_auc_score(y, s))
    same(f"{name} AP", e["average_precision"], m.average_precision_score(y, s))
    same(f"{name} Brier", e["brier"], m.brier_score_loss(y, s))
    same(f"{name} log loss", e["log_loss"], m.log_loss(y, s))
    confusion(f"{name} chosen", e, y, s >= e["threshold"])
    for p in e["thresholds"]:
        confusion(f"{name} from {p['threshold']}", p, y, s >= p["threshold"])
        same(f"{name} amount from {p['threshold']}", p["amount_caught"],
             df[(df.fraud == 1) & (df.score >= p["threshold"])].amount.sum())
    fpr, tpr, _ = m.roc_curve(y, s, drop_intermediate=False)
    for p in e["recall_at_fpr"]:
        same(f"{name} recall at {p['fpr']}", p["recall"], tpr[fpr <= p["fpr"]].max())
    true, pred = calibration_curve(y, s, n_bins=10, strategy="uniform")
    bins = [b for b in e["reliability"] if b["records"]]
    same(f"{name} bins", len(bins), len(true))
    for b, t, p in zip(bins, true, pred):
        same(f"{name} frequency from {b['from']}", b["frequency"], t)
        same(f"{name} mean score from {b['from']}", b["mean_score"], p)
    for k in (5, 100):
        mean, days = handbook_card_precision(df, k)
        same(f"{name} card precision@{k}", e[f"card_precision_{k}"], mean)
        got = next(c for c in e["card_precision"] if c["k"] == k)["days"]
        same(f"{name} days@{k}", len(got), len(days))
        for d, want in zip(got, days):
            same(f"{name} {d['day']}@{k}", d["precision"], want)
    for p in e["scenarios"]:
        part = df[(df.fraud == 0) | (df.kind == p["scenario"])]
        same(f"{name} scenario {p['scenario']}", p["auc_roc"], m.roc_auc_score(part.fraud, part.score))
        same(f"{name} scenario {p['scenario']} AP", p["average_precision"],
             m.average_precision_score(part.fraud, part.score))
    for p in e["by"]["groups"]:
        part = df[df.kind == p["value"]]
        same(f"{name} group {p['value']}", p["auc_roc"], m.roc_auc_score(part.fraud, part.score))
        confusion(f"{name} group {p['value']}", p, part.fraud.to_numpy(), part.score.to_numpy() >= e["threshold"])


def run(*args):
    return json.loads(subprocess.run(["ss-eval", "--json", "--k", "5,100", "--by", "kind", "--threshold", "0.3", *args],
                                     check=True, capture_output=True).stdout)


for seed in range(4):
    df = make(seed)
    write(df, "live.ndjson")
    check(f"seed {seed}", run("live.ndjson"), df)
    part = df[(df.t >= 21 * DAY) & (df.t < 28 * DAY)]
    check(f"seed {seed} range", run("--from", "2018-04-22", "--to", "2018-04-29", "live.ndjson"), part)
    for start in (0, 9):
        first, end = pd.Timestamp("2018-04-15") + pd.Timedelta(days=start), pd.Timestamp("2018-04-22") + pd.Timedelta(
            days=start)
        since = (pd.Timestamp("2018-04-01") + pd.Timedelta(days=start)).strftime("%Y-%m-%d")
        want = handbook_test_set(df, start)
        check(f"seed {seed} protocol {start}",
              run("--from", first.strftime("%Y-%m-%d"), "--to", end.strftime("%Y-%m-%d"), "--drop-known",
                  f"user_id,7d,{since}", "live.ndjson"), want)
print("same" if not faults else f"{faults} differences")
sys.exit(bool(faults))
