/* refine.c: see refine.h. */
#include "report/refine.h"

#include <math.h>

#include "report/study_view.h"
#include "report/table.h"
#include "spec/refined.h"

hone_status refine_print(const struct spec *spec, const hone_refinement *refinement, FILE *out,
                         int columns, hone_error *err)
{
    const struct table_column titles[] = {
        {"PARAMETER", false, 0}, {"BEFORE", false, 1}, {"NOW", false, 0}};
    struct table *table = table_new(3, titles);
    if (table == NULL)
        return error_memory(err);
    for (size_t i = 0; i < refinement->n; i++) {
        const hone_refined *refined = &refinement->params[i];
        struct buf before, after;
        buf_init(&before, 1 << 16);
        buf_init(&after, 1 << 16);
        range_before(&spec->parameters[i], &before);
        range_after(&spec->parameters[i], refined, &after);
        if (!refined->changed)
            table_paint(table, PAINT_DIM);
        table_cell(table, refined->name);
        table_cell(table, before.data);
        table_cell(table, refined->changed ? after.data : "as before");
        buf_release(&before);
        buf_release(&after);
    }
    bool good = table_print(table, out, columns, false);
    table_free(table);
    return good ? HONE_OK : error_memory(err);
}

json_t *refine_json(const struct spec *spec, const hone_refinement *refinement)
{
    json_t *list = json_array();
    for (size_t i = 0; i < refinement->n; i++) {
        const hone_refined *refined = &refinement->params[i];
        json_t *one = json_pack("{s:s, s:b, s:s}", "parameter", refined->name, "changed",
                                refined->changed, "why", refined->why);
        if (refined->changed && refined->n_values == 0) {
            json_object_set_new(one, "min", json_of_double(refined->min));
            json_object_set_new(one, "max", json_of_double(refined->max));
        } else if (refined->changed) {
            json_t *values = json_array();
            for (size_t v = 0; v < refined->n_values; v++)
                json_array_append_new(values, json_of_value(refined->values[v]));
            json_object_set_new(one, "values", values);
        }
        json_array_append_new(list, one);
    }
    return json_pack("{s:s, s:I, s:I, s:o, s:o}", "study", spec->name, "trials",
                     (json_int_t)refinement->n_trials, "best", (json_int_t)refinement->n_best,
                     "fit",
                     isfinite(refinement->fit) ? json_of_double(refinement->fit) : json_null(),
                     "parameters", list);
}
