/*
 * environment.c: the variables of AWS clients, and the SageMaker SDK's own configuration file. That
 * file is needed since the SDK asks STS at its fixed address for the account when nobody names a
 * bucket, and since it reports failures to AWS unless told not to.
 */
#include "serve/environment.h"

#include <string.h>

#include "io/file.h"

hone_status environment_write_config(const char *path, hone_error *err)
{
    static const char text[] =
        "# The SageMaker SDK reads this when SAGEMAKER_USER_CONFIG_OVERRIDE names it.\n"
        "SchemaVersion: '1.0'\n"
        "SageMaker:\n"
        "  PythonSDK: {Modules: {Session: {DefaultS3Bucket: " SERVE_BUCKET
        "}, TelemetryOptOut: true}}\n"
        "  TrainingJob: {RoleArn: 'arn:aws:iam::" SERVE_ACCOUNT ":role/" SERVE_ROLE "'}\n";
    return file_write(path, text, sizeof text - 1, false, err);
}

/* A word for the shell. */
static void print_export(FILE *out, const char *name, const char *value)
{
    fprintf(out, "export %s='", name);
    for (; *value != '\0'; value++)
        if (*value == '\'')
            fputs("'\\''", out);
        else
            fputc(*value, out);
    fputs("'\n", out);
}

void environment_print(FILE *out, struct serve *serve, const char *endpoint, const char *config)
{
    struct credential who;
    char token[CREDENTIAL_TEXT_MAX];
    if (!credentials_first(serve->credentials, &who, token)) {
        fprintf(out, "# the credentials file has no key with the right \"admin\"\n");
        return;
    }
    print_export(out, "AWS_ENDPOINT_URL", endpoint);
    print_export(out, "AWS_ACCESS_KEY_ID", who.key);
    print_export(out, "AWS_SECRET_ACCESS_KEY", who.secret);
    print_export(out, "AWS_DEFAULT_REGION",
                 serve->only_region == NULL ? SERVE_REGION : serve->only_region);
    print_export(out, "AWS_EC2_METADATA_DISABLED", "true");
    print_export(out, "SAGEMAKER_USER_CONFIG_OVERRIDE", config);
    fprintf(out, "unset AWS_SESSION_TOKEN AWS_PROFILE AWS_IGNORE_CONFIGURED_ENDPOINT_URLS\n");
}
