#include "rule/tame.h"

bool ss_regex_is_tame(struct ss_str re)
{
    bool risky[64] = {false};
    int depth = 0;
    for (size_t i = 0; i < re.n; i++) {
        char c = re.p[i];
        bool loops = i + 1 < re.n && (re.p[i + 1] == '*' || re.p[i + 1] == '+' || re.p[i + 1] == '{');
        if (c == '\\') {
            if (i + 1 < re.n && ((re.p[i + 1] >= '1' && re.p[i + 1] <= '9') || strchr("kgR", re.p[i + 1])))
                return false;
            i++;
        } else if (c == '[') {
            for (i++; i < re.n && re.p[i] != ']'; i++)
                i += re.p[i] == '\\';
        } else if (c == '(') {
            if (++depth >= 64)
                return false;
            risky[depth] = false;
            if (i + 2 < re.n && re.p[i + 1] == '?' && re.p[i + 2] != ':' &&
                !(re.p[i + 2] == '<' && i + 3 < re.n && re.p[i + 3] != '=' && re.p[i + 3] != '!'))
                return false;
            i += i + 1 < re.n && re.p[i + 1] == '?';
        } else if (c == ')' && depth > 0) {
            if (risky[depth] && loops)
                return false;
            risky[depth - 1] |= risky[depth] || loops;
            depth--;
        } else if (c == '*' || c == '+' || c == '{' || c == '|') {
            risky[depth] = true;
        }
    }
    return true;
}
