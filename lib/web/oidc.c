#include "web/oidc.h"

struct ss_str ss_oidc_name(const struct ss_call *call)
{
    (void)call;
    return (struct ss_str){NULL, 0};
}
