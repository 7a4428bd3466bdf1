#include "json/doc.h"

const struct ss_json_value *ss_json_get(const struct ss_json_value *object, const char *key)
{
    if (!object || object->type != SS_JSON_OBJECT)
        return NULL;
    for (uint32_t i = 0; i < object->n; i++)
        if (ss_str_is(object->key[i], key))
            return &object->at[i];
    return NULL;
}
