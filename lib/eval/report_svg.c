/* The drawing: a strip of figures and four panels. Coordinates are rounded to a tenth of a pixel. */
#include "base/time.h"
#include "eval/report.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define WIDTH    960
#define HEIGHT   892
#define PLOT     356 /* of a panel's plot, wide */
#define TALL     248
#define STRIP_Y  64
#define PANELS_Y 152

/* The plot of one panel: its lower left corner on the page, and the top of its axes in data units. */
struct plot {
    struct ss_buf *to;
    double left, bottom;
};

static double at_x(const struct plot *p, double x)
{
    return p->left + x * PLOT;
}

static double at_y(const struct plot *p, double y)
{
    return p->bottom - y * TALL;
}

static void put_style(struct ss_buf *to)
{
    ss_buf_puts(
        to,
        "<style>\n"
        "text{font-family:Inter,system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
        "font-size:12px;fill:#5b6472;font-variant-numeric:tabular-nums}\n"
        ".page{fill:#f7f8fa}.panel{fill:#fff;stroke:#e6e8ec}.grid{stroke:#e6e8ec;fill:none}\n"
        ".title{font-size:15px;font-weight:640;fill:#14181f}.head{font-size:13px;font-weight:560;fill:#"
        "14181f}\n"
        ".figure{font-size:22px;font-weight:640;fill:#14181f;letter-spacing:-.02em}.end{text-anchor:end}\n"
        ".mid{text-anchor:middle}.line{fill:none;stroke:#3b5bdb;stroke-width:1.5;stroke-linejoin:round}\n"
        ".area{fill:#3b5bdb;fill-opacity:.12}.dot{fill:#3b5bdb;stroke:#fff;stroke-width:1.5}\n"
        ".few{fill:#fff;stroke:#3b5bdb;stroke-width:1.5}.chance{fill:none;stroke:#8b94a3;stroke-dasharray:3 "
        "4}\n"
        ".fraud{fill:#d6336c}.genuine{fill:#a9b1bd}\n"
        "@media(prefers-color-scheme:dark){text{fill:#a2acba}.page{fill:#0f1217}"
        ".panel{fill:#161b22;stroke:#262d37}.grid{stroke:#262d37}.title,.head,.figure{fill:#e8ebf0}"
        ".line{stroke:#8da2fb}.area{fill:#8da2fb}.dot{fill:#8da2fb;stroke:#161b22}"
        ".few{fill:#161b22;stroke:#8da2fb}.chance{stroke:#6d7786}.fraud{fill:#ff6b9a}.genuine{fill:#6d7786}}"
        "\n"
        "</style>\n");
}

static void put_text(struct ss_buf *to, double x, double y, const char *class, const char *fmt, ...)
    SS_PRINTF(5, 6);

/* Text and class must need no escapes: everything printed here is ours or a number. */
static void put_text(struct ss_buf *to, double x, double y, const char *class, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ss_buf_printf(to, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", class, x, y, text);
}

static void put_number(char *text, size_t size, double value)
{
    if (isfinite(value))
        snprintf(text, size, "%.4f", value);
    else
        snprintf(text, size, "\xe2\x80\x93"); /* en dash */
}

static void put_figures(struct ss_buf *to, const struct ss_eval_report *r)
{
    char at_k[48];
    snprintf(at_k, sizeof at_k, "card precision@%u", r->options.n_k ? (unsigned)r->card[0].k : 0);
    const struct {
        const char *name;
        double value;
    } figure[] = {{"AUC ROC", r->auc},
                  {"average precision", r->ap},
                  {at_k, r->card[0].mean},
                  {"precision of alerts", ss_confusion_precision(&r->chosen.c)},
                  {"recall of alerts", ss_confusion_recall(&r->chosen.c)},
                  {"Brier score", r->brier}};
    double width = (double)(WIDTH - 32) / SS_COUNT(figure);
    ss_buf_printf(to, "<rect class=\"panel\" x=\"16.5\" y=\"%d.5\" width=\"%d\" height=\"71\" rx=\"10\"/>\n",
                  STRIP_Y, WIDTH - 33);
    for (size_t i = 0; i < SS_COUNT(figure); i++) {
        char text[32];
        put_number(text, sizeof text, figure[i].value);
        put_text(to, 32 + (double)i * width, STRIP_Y + 27, "", "%s", figure[i].name);
        put_text(to, 32 + (double)i * width, STRIP_Y + 55, "figure", "%s", text);
        if (i)
            ss_buf_printf(to, "<path class=\"grid\" d=\"M%.1f %dv40\"/>\n", 16 + (double)i * width,
                          STRIP_Y + 16);
    }
}

static struct plot put_panel(struct ss_buf *to, int column, int row, const char *head, const char *x_name,
                             const char *note)
{
    double x = 16.5 + column * 472, y = PANELS_Y + 0.5 + row * 364;
    struct plot p = {to, x + 60, y + 48 + TALL};
    ss_buf_printf(
        to, "<rect class=\"panel\" x=\"%.1f\" y=\"%.1f\" width=\"455\" height=\"347\" rx=\"10\"/>\n", x, y);
    put_text(to, x + 16, y + 27, "head", "%s", head);
    put_text(to, x + 439, y + 27, "end", "%s", note);
    put_text(to, p.left + PLOT / 2.0, p.bottom + 38, "mid", "%s", x_name);
    return p;
}

/* Ticks at 0, 0.25, ... 1 across; a line at each step up, three inside the frame. */
static void put_axes(const struct plot *p, bool shares)
{
    for (int i = 0; i <= 4; i++) {
        double v = i / 4.0;
        put_text(p->to, at_x(p, v), p->bottom + 18, "mid", "%g", v);
        if (!shares)
            continue;
        ss_buf_printf(p->to, "<path class=\"grid\" d=\"M%.1f %.1fh%d\"/>\n", p->left, at_y(p, v), PLOT);
        put_text(p->to, p->left - 8, at_y(p, v) + 4, "end", "%g", v);
    }
}

static void put_curve(const struct plot *p, const struct ss_eval_curve *c, bool filled)
{
    if (!c->n)
        return;
    for (int pass = filled ? 0 : 1; pass < 2; pass++) {
        ss_buf_puts(p->to, pass ? "<path class=\"line\" d=\"M" : "<path class=\"area\" d=\"M");
        for (size_t i = 0; i < c->n; i++)
            ss_buf_printf(p->to, "%s%.1f %.1f", i ? "L" : "", at_x(p, c->x[i]), at_y(p, c->y[i]));
        if (pass == 0)
            ss_buf_printf(p->to, "L%.1f %.1fL%.1f %.1fZ", at_x(p, c->x[c->n - 1]), p->bottom,
                          at_x(p, c->x[0]), p->bottom);
        ss_buf_puts(p->to, "\"/>\n");
    }
}

static void put_dot(const struct plot *p, const char *class, double x, double y, const char *label)
{
    if (!isfinite(x) || !isfinite(y))
        return;
    ss_buf_printf(p->to, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>\n", class, at_x(p, x),
                  at_y(p, y));
    if (!label)
        return;
    /* On the side where there is room. */
    bool right = x < 0.5;
    put_text(p->to, at_x(p, x) + (right ? 10 : -10), at_y(p, y) + (y > 0.9 ? 22 : 4), right ? "" : "end",
             "%s", label);
}

static void put_chance(const struct plot *p, double y0, double y1)
{
    ss_buf_printf(p->to, "<path class=\"chance\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", p->left, at_y(p, y0),
                  at_x(p, 1), at_y(p, y1));
}

static void put_empty(const struct plot *p, const char *why)
{
    put_text(p->to, p->left + PLOT / 2.0, p->bottom - TALL * 0.625 + 4, "mid", "%s", why);
}

static void put_ranking(struct ss_buf *to, const struct ss_eval_report *r, const char *alerts)
{
    const struct ss_confusion *c = &r->chosen.c;
    const char *one_class = "needs frauds and genuine payments";
    char note[64], number[32];
    put_number(number, sizeof number, r->auc);
    snprintf(note, sizeof note, "area %s", number);
    struct plot p = put_panel(to, 0, 0, "ROC: recall by false-positive rate", "false-positive rate", note);
    put_axes(&p, true);
    if (r->roc.n)
        put_chance(&p, 0, 1);
    put_curve(&p, &r->roc, true);
    if (r->roc.n)
        put_dot(&p, "dot", ss_confusion_fpr(c), ss_confusion_recall(c), alerts);
    else
        put_empty(&p, one_class);

    put_number(number, sizeof number, r->ap);
    snprintf(note, sizeof note, "average precision %s", number);
    p = put_panel(to, 1, 0, "Precision by recall", "recall", note);
    put_axes(&p, true);
    if (r->pr.n)
        put_chance(&p, (double)r->positives / (double)r->records, (double)r->positives / (double)r->records);
    put_curve(&p, &r->pr, true);
    if (r->pr.n)
        put_dot(&p, "dot", ss_confusion_recall(c), ss_confusion_precision(c), alerts);
    else
        put_empty(&p, one_class);
}

/* Below this many records a share of frauds says little: the dot is hollow. */
#define FEW 30

static void put_reliability(struct ss_buf *to, const struct ss_eval_report *r)
{
    struct ss_eval_curve curve = {.n = 0};
    char note[64], number[32];
    put_number(number, sizeof number, r->ece);
    snprintf(note, sizeof note, "expected error %s", number);
    struct plot p = put_panel(to, 0, 1, "Reliability: share of frauds by score",
                              "mean score (hollow: fewer than 30 records)", note);
    put_axes(&p, true);
    if (!r->probability) {
        put_empty(&p, "needs scores from 0 to 1");
        return;
    }
    put_chance(&p, 0, 1);
    for (int b = 0; b < SS_EVAL_BINS; b++)
        if (r->bin[b].n) {
            curve.x[curve.n] = r->bin[b].mean_score;
            curve.y[curve.n++] = r->bin[b].frequency;
        }
    put_curve(&p, &curve, false);
    for (int b = 0; b < SS_EVAL_BINS; b++)
        put_dot(&p, r->bin[b].n < FEW ? "few" : "dot", r->bin[b].mean_score, r->bin[b].frequency, NULL);
}

static void put_bar(const struct plot *p, const char *class, double x, size_t n, double decades)
{
    if (!n)
        return;
    /* One record is a bar of a pixel and a half, so that it shows; ten are one decade up. */
    double height = 1.5 + (TALL - 1.5) * log10((double)n) / decades;
    ss_buf_printf(p->to, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"3.6\" height=\"%.1f\"/>\n", class,
                  at_x(p, x), p->bottom - height, height);
}

static void put_histogram(struct ss_buf *to, const struct ss_eval_report *r)
{
    struct plot p =
        put_panel(to, 1, 1, "Payments by score", "score (counts grow tenfold from line to line)", "");
    size_t most = 1;
    put_axes(&p, false);
    ss_buf_printf(to, "<path class=\"grid\" d=\"M%.1f %.1fh%d\"/>\n", p.left, p.bottom, PLOT);
    if (!r->probability) {
        put_empty(&p, "needs scores from 0 to 1");
        return;
    }
    for (int i = 0; i < SS_EVAL_SLICES; i++)
        most = r->slice[i].n > most ? r->slice[i].n : most;
    double decades = ceil(log10((double)most) + 1e-9), line = 1;
    for (int d = 0; d <= (int)decades; d++, line *= 10) {
        static const char *const unit[] = {"", "k", "M", "G"};
        ss_buf_printf(to, "<path class=\"grid\" d=\"M%.1f %.1fh%d\"/>\n", p.left, at_y(&p, d / decades),
                      PLOT);
        put_text(to, p.left - 8, at_y(&p, d / decades) + 4, "end", "%d%s",
                 d % 3 == 0   ? 1
                 : d % 3 == 1 ? 10
                              : 100,
                 unit[d / 3 % 4]);
    }
    for (int i = 0; i < SS_EVAL_SLICES; i++) {
        put_bar(&p, "genuine", r->slice[i].from + 0.4 / PLOT, r->slice[i].n - r->slice[i].positives, decades);
        put_bar(&p, "fraud", r->slice[i].from + 4.2 / PLOT, r->slice[i].positives, decades);
    }
    ss_buf_printf(to, "<rect class=\"genuine\" x=\"%.1f\" y=\"%.1f\" width=\"9\" height=\"9\" rx=\"2\"/>\n",
                  p.left + PLOT - 119, p.bottom - TALL - 29.5);
    put_text(to, p.left + PLOT - 105, p.bottom - TALL - 21, "", "genuine");
    ss_buf_printf(to, "<rect class=\"fraud\" x=\"%.1f\" y=\"%.1f\" width=\"9\" height=\"9\" rx=\"2\"/>\n",
                  p.left + PLOT - 29, p.bottom - TALL - 29.5);
    put_text(to, p.left + PLOT + 23, p.bottom - TALL - 21, "end", "frauds");
}

/* 1,234,567 */
static void group(char out[32], size_t n)
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%zu", n), at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

static void put_title(struct ss_buf *to, const struct ss_eval_report *r, const char *alerts)
{
    char first[SS_TIME_TEXT], last[SS_TIME_TEXT];
    char records[32], frauds[32];
    group(records, r->records);
    group(frauds, r->positives);
    put_text(to, 16, 34, "title", "%s payments, %s of them fraud", records, frauds);
    if (r->first_day > r->last_day) {
        put_text(to, WIDTH - 16, 34, "end", "alerts: %s", alerts);
        return;
    }
    ss_time_print(r->first_day * SS_DAY_US, first);
    ss_time_print(r->last_day * SS_DAY_US, last);
    put_text(to, WIDTH - 16, 34, "end", "%.10s to %.10s, alerts: %s", first, last, alerts);
}

void ss_eval_report_svg(const struct ss_eval_report *r, struct ss_buf *to)
{
    char alerts[64];
    if (r->options.by_threshold)
        snprintf(alerts, sizeof alerts, "score from %.6g", r->options.threshold);
    else
        snprintf(alerts, sizeof alerts, "%s%s", ss_level_name(r->options.level),
                 r->options.level == SS_CRITICAL ? "" : " and above");
    ss_buf_printf(to,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\">\n<title>Evaluation of fraud scores</title>\n",
                  WIDTH, HEIGHT, WIDTH, HEIGHT);
    put_style(to);
    ss_buf_printf(to, "<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", WIDTH, HEIGHT);
    put_title(to, r, alerts);
    put_figures(to, r);
    put_ranking(to, r, alerts);
    put_reliability(to, r);
    put_histogram(to, r);
    ss_buf_puts(to, "</svg>\n");
}
