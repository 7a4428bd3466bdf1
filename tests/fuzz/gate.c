/* Any bytes as a gate: refused, or a gate with a metric and a finite number that judges without a fault. */
#include "eval/gate.h"
#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
    static struct ss_diff diff; /* nothing compared: every figure is 0 or not defined */
    struct ss_gate gate;
    if (ss_gate_parse((struct ss_str){(const char *)bytes, len}, &gate) != 0)
        return 0;
    if (!gate.metric || !gate.metric->name || !isfinite(gate.value) ||
        (gate.against != SS_GATE_VALUE && !gate.metric->sided))
        abort();
    struct ss_gate_result r = ss_gate_judge(&gate, &diff);
    if ((r.unjudged && !r.fails) || (gate.metric->labels && !r.unjudged))
        abort(); /* without a label nothing about frauds may pass */
    diff.pairs = 3;
    diff.alerts.of[SS_FRAUD][0][1].n = 1;
    diff.alerts.of[SS_GENUINE][1][0].n = 2;
    r = ss_gate_judge(&gate, &diff);
    if (r.unjudged && !r.fails)
        abort();
    diff.pairs = 0;
    diff.alerts = (struct ss_diff_alerts){0};
    return 0;
}
