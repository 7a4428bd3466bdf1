/*
 * What is known of a payment: fraud or genuine. ss_label_set is the one way in which it is said, by people
 * who resolve cases, by label records in a stream, by ss-ctl. The newest of a payment's labels (by time; of
 * two at one time the later said) is in payments.label and in the counts that the payment is in; all are
 * kept.
 */
#ifndef SS_STORE_LABEL_H
#define SS_STORE_LABEL_H

#include "base/str.h"
#include "store/db.h"

enum ss_label { SS_LABEL_UNKNOWN = -1, SS_LABEL_GENUINE = 0, SS_LABEL_FRAUD = 1 };

struct ss_label_change {
    bool fresh;   /* it was not said before: the same txn_id, source and time are the same label */
    bool known;   /* the payment is here; otherwise the label waits for it */
    bool changed; /* the payment's label is another one now */
    int was;      /* the label before */
    int64_t seq;  /* of the payment, where it is known */
};

/*
 * In the caller's writing transaction. `source` says by what way it came ("case:12", "record", "ctl"),
 * `actor` who said it and `note` why (p == NULL: nothing); time_us is when it became known. `change` may be
 * NULL. SS_EDATA for no txn_id or no such label.
 */
int ss_label_set(struct ss_db *db, struct ss_str txn_id, int label, struct ss_str source, struct ss_str actor,
                 struct ss_str note, int64_t time_us, struct ss_label_change *change) SS_MUST_CHECK;

struct ss_label_said {
    struct ss_str txn_id, source, actor, note;
    int label;
    int64_t time_us;
};

/* Many at once, which costs a tenth of one by one. change[i] (`change` may be NULL) is of said[i]. */
int ss_labels_set(struct ss_db *db, const struct ss_label_said *said, size_t n,
                  struct ss_label_change *change) SS_MUST_CHECK;

#endif
