/* seen.c: names with numbers in a log. */
#include "cli/seen.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

static bool in_name(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("_./:-", c) != NULL);
}

static bool in_number(char c)
{
    return isdigit((unsigned char)c) || (c != '\0' && strchr("+-.eE", c) != NULL);
}

static void remember(struct seen *out, const char *name, size_t name_len, const char *text,
                     size_t text_len)
{
    size_t i = 0;
    if (name_len >= sizeof out->at[0].name || text_len >= sizeof out->at[0].text)
        return;
    while (i < out->n &&
           (strncmp(out->at[i].name, name, name_len) != 0 || out->at[i].name[name_len] != '\0'))
        i++;
    if (i == SEEN_MAX)
        return;
    snprintf(out->at[i].name, sizeof out->at[i].name, "%.*s", (int)name_len, name);
    snprintf(out->at[i].text, sizeof out->at[i].text, "%.*s", (int)text_len, text);
    out->n += i == out->n;
}

/* Look at the "=" or ":" at log[at]. */
static void read_pair(const char *log, size_t len, size_t at, struct seen *out)
{
    size_t name_end = at, number = at + 1;
    while (name_end > 0 && (log[name_end - 1] == ' ' || log[name_end - 1] == '"'))
        name_end--;
    size_t name = name_end;
    while (name > 0 && in_name(log[name - 1]))
        name--;
    while (number < len && log[number] == ' ')
        number++;
    size_t end = number;
    bool has_digit = false;
    while (end < len && in_number(log[end])) {
        has_digit = has_digit || isdigit((unsigned char)log[end]);
        end++;
    }
    bool is_word = name < name_end && (isalpha((unsigned char)log[name]) || log[name] == '_');
    if (is_word && has_digit)
        remember(out, log + name, name_end - name, log + name, end - name);
}

void seen_read(const char *log, size_t len, struct seen *out)
{
    out->n = 0;
    for (size_t i = 0; i < len; i++)
        if (log[i] == '=' || (log[i] == ':' && (i + 1 == len || !in_name(log[i + 1]) ||
                                                isdigit((unsigned char)log[i + 1]))))
            read_pair(log, len, i, out);
}

size_t seen_nearest(const struct seen *seen, const char *metric)
{
    const char *names[SEEN_MAX];
    for (size_t i = 0; i < seen->n; i++)
        names[i] = seen->at[i].name;
    const char *nearest = str_nearest(metric, names, seen->n);
    for (size_t i = 0; i < seen->n; i++)
        if (nearest == names[i])
            return i;
    return seen->n;
}
