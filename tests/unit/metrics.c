/* Figures in Prometheus' text form, and what a service manager is told. */
#include "base/err.h"
#include "base/notify.h"
#include "io/metrics.h"
#include "tests/tap.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void test_text(void)
{
    struct ss_metrics m = {0};
    struct ss_buf text;
    ss_buf_init(&text, 1 << 20);
    ss_metrics_add(&m, "a_total", "counter", "How many.", 1, "topic", "x\"y\\z\n", NULL);
    ss_metrics_add(&m, "b", "gauge", "What.", 0.25, NULL);
    ss_metrics_add(&m, "a_total", "counter", "How many.", 2, "topic", "t", "partition", "3", NULL);
    ok(ss_metrics_print(&m, &text) == 0, "printed");
    is_text(text.p, text.n,
            "# HELP a_total How many.\n# TYPE a_total counter\na_total{topic=\"x\\\"y\\\\z\\n\"} 1\n"
            "a_total{topic=\"t\",partition=\"3\"} 2\n# HELP b What.\n# TYPE b gauge\nb 0.25\n",
            "samples of one name stand together, labels are escaped");
    ss_metrics_reset(&m);
    ss_buf_reset(&text);
    m.unit = "u";
    ss_metrics_add(&m, "b", "gauge", "What.", 1, NULL);
    ss_metrics_add(&m, "b", "gauge", "What.", 2, "k", "v", NULL);
    ok(ss_metrics_print(&m, &text) == 0, "printed");
    is_text(text.p, text.n, "# HELP b What.\n# TYPE b gauge\nb{unit=\"u\"} 1\nb{unit=\"u\",k=\"v\"} 2\n",
            "the unit is a label of all");
    ss_metrics_reset(&m);
    static char names[SS_METRICS_MAX + 1][16];
    for (int i = 0; i <= SS_METRICS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "n%d", i);
        ss_metrics_add(&m, names[i], "gauge", "One.", i, NULL);
    }
    ok(ss_metrics_print(&m, &text) == SS_EBUG, "too many names are a fault");
    ss_metrics_reset(&m);
    ss_buf_free(&text);
}

static void test_notify(void)
{
    char folder[] = "/tmp/ss-notify-XXXXXX", got[64] = "";
    ok(mkdtemp(folder) != NULL, "a folder");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s/socket", folder);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ok(bind(fd, (struct sockaddr *)&at, sizeof at) == 0, "a manager listens");
    unsetenv("NOTIFY_SOCKET");
    ss_notify("READY=1");
    ok(recv(fd, got, sizeof got, MSG_DONTWAIT) < 0, "nobody asked: nothing is said");
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
    ss_notify("READY=1");
    ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT);
    is_text(got, n < 0 ? 0 : (size_t)n, "READY=1", "the manager is told");
    unlink(at.sun_path);
    ss_notify("READY=1");
    ok(true, "a manager that has gone is no fault");
    rmdir(folder);
    close(fd);
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    setenv("WATCHDOG_USEC", "3000000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    ok(ss_notify_watchdog_us() == 3000000, "the watchdog is ours");
    setenv("WATCHDOG_PID", "1", 1);
    ok(ss_notify_watchdog_us() == 0, "or another's");
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "soon", 1);
    ok(ss_notify_watchdog_us() == 0, "or nonsense");
}

int main(void)
{
    test_text();
    test_notify();
    return done();
}
