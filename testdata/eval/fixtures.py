#!/usr/bin/python3
"""Makes fixtures.txt: scores, labels, and what scikit-learn (1.2.1) says about them. Run by hand: fixtures.py > fixtures.txt"""
import random
import numpy as np
import sklearn.metrics as m
from sklearn.calibration import calibration_curve

random.seed(7)


def noisy(n, share, digits):
    rows = []
    for _ in range(n):
        y = int(random.random() < share)
        p = random.betavariate(4, 2) if y else random.betavariate(1, 5)
        rows.append((round(p, digits) if digits else p, y))
    return rows


SETS = {
    "distinct": noisy(200, 0.2, None),
    "ties": noisy(300, 0.1, 1),
    "ties_at_edges": [(i / 10, i % 2) for i in range(11)] * 2 + [(0.3, 1), (0.6, 0), (0.7, 1), (0.7, 0)],
    "all_same": [(0.25, int(i % 4 == 0)) for i in range(40)],
    "perfect": [(0.9, 1)] * 3 + [(0.99, 1), (0.1, 0), (0.2, 0), (0.3, 0), (0.3, 0)],
    "inverted": [(0.1, 1), (0.2, 1), (0.8, 0), (0.9, 0)],
    "zero_and_one": [(0.0, 0), (0.0, 1), (1.0, 1), (1.0, 0), (0.0, 0), (1.0, 1)],
    "no_fraud": [(0.2, 0), (0.4, 0), (0.4, 0)],
    "only_fraud": [(0.2, 1), (0.4, 1), (0.9, 1)],
    "no_probabilities": [(-1.5, 0), (-0.5, 0), (0.0, 1), (2.25, 0), (7.0, 1), (7.0, 1), (-0.5, 1)],
    "one_fraud": [(0.7, 1)] + [(i / 64, 0) for i in range(64)],
    "rare": noisy(3000, 0.01, 3),
}
FPR = (0.001, 0.005, 0.01, 0.05, 0.5)
print("# made by fixtures.py with scikit-learn " + __import__("sklearn").__version__)
for name, rows in SETS.items():
    s, y = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    both, prob = len(set(y)) == 2, s.min() >= 0 and s.max() <= 1
    print("set", name)
    for p, l in rows:
        print("r", repr(float(p)), l)

    def say(key, value):
        print(key, "nan" if value is None else repr(float(value)))

    say("auc_roc", m.roc_auc_score(y, s) if both else None)
    say("average_precision", m.average_precision_score(y, s) if y.any() else None)
    say("brier", m.brier_score_loss(y, s, pos_label=1) if prob else None)
    say("log_loss", m.log_loss(y, s, labels=[0, 1]) if prob else None)
    if both:
        fpr, tpr, _ = m.roc_curve(y, s, drop_intermediate=False)
        for f in FPR:
            print("recall_at_fpr", f, repr(float(tpr[fpr <= f].max())))
    for t in (0.0, 0.25, 0.5, 0.7, 0.9):
        a = (s >= t).astype(int)
        tn, fp, fn, tp = m.confusion_matrix(y, a, labels=[0, 1]).ravel()
        p = m.precision_score(y, a) if a.any() else float("nan")
        r = m.recall_score(y, a) if y.any() else float("nan")
        f1 = m.f1_score(y, a) if a.any() or y.any() else float("nan")
        print("at", t, tp, fp, fn, tn, repr(float(p)), repr(float(r)), repr(float(f1)))
    if prob:
        true, pred = calibration_curve(y, s, n_bins=10, strategy="uniform")
        for a, b in zip(true, pred):
            print("bin", repr(float(a)), repr(float(b)))
    if both:
        prec, rec, _ = m.precision_recall_curve(y, s)
        with np.errstate(invalid="ignore"):
            f1 = np.nan_to_num(2 * prec * rec / (prec + rec))
        print("best_f1", repr(float(f1.max())))
