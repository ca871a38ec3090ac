/*
 * requirements.c: requirements.txt, installed once and used by every trial with the same one.
 *
 * CACHE/HASH is an environment of its own on top of the interpreter's packages (a framework that
 * the machine has is not fetched again). HASH is of the file and the interpreter. It is made under
 * a lock and counts only when its file `ready` is there: what a crash left half is made anew. The
 * interpreter does all of that: it knows best how to.
 */
#include "container/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "container/spawn.h"
#include "io/file.h"
#include "io/json.h"

/* argv: requirements.txt, the cache, the file to write the new interpreter's path to. */
static const char install[] =
    "import fcntl, hashlib, os, shutil, subprocess, sys, sysconfig, venv\n"
    "wanted, cache, answer = sys.argv[1:]\n"
    "text = open(wanted, 'rb').read()\n"
    "key = hashlib.sha256(text + repr((sys.version, sys.prefix)).encode()).hexdigest()[:32]\n"
    "home = os.path.join(cache, key)\n"
    "python = os.path.join(home, 'bin', 'python')\n"
    "os.makedirs(cache, mode=0o700, exist_ok=True)\n"
    "with open(home + '.lock', 'w') as lock:\n"
    "    fcntl.flock(lock, fcntl.LOCK_EX)\n"
    "    if not os.path.exists(os.path.join(home, 'ready')):\n"
    "        shutil.rmtree(home, ignore_errors=True)\n"
    "        print('hone-container: installing requirements.txt into', home, flush=True)\n"
    "        venv.create(home, system_site_packages=True, with_pip=True)\n"
    "        if sys.prefix != sys.base_prefix:\n"
    "            path = sysconfig.get_path('purelib', vars={'base': home, 'platbase': home})\n"
    "            with open(os.path.join(path, 'machine.pth'), 'w') as f:\n"
    "                f.write(sysconfig.get_path('purelib') + '\\n')\n"
    "        done = subprocess.run([python, '-m', 'pip', 'install', '-q',\n"
    "                               '--disable-pip-version-check', '-r', wanted],\n"
    "                              cwd=os.path.dirname(wanted))\n"
    "        if done.returncode != 0:\n"
    "            shutil.rmtree(home, ignore_errors=True)\n"
    "            sys.exit(1)\n"
    "        open(os.path.join(home, 'ready'), 'w').close()\n"
    "with open(answer, 'w') as f:\n"
    "    f.write(python)\n";

static char *cache_folder(const struct container *c)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct buf b;
    buf_init(&b, 8192);
    if (c->job.cache)
        buf_text(&b, c->job.cache);
    else if (cache && cache[0] == '/')
        buf_printf(&b, "%s/hone/environments", cache);
    else if (home && home[0] == '/')
        buf_printf(&b, "%s/.cache/hone/environments", home);
    else /* never below /tmp, where anybody may have been before us */
        buf_printf(&b, "%s/environments", c->attempt);
    return buf_take(&b);
}

hone_status requirements_install(struct container *c, hone_error *err)
{
    hone_status status = HONE_OK;
    struct buf python;
    buf_init(&python, 8192);
    char *wanted = path_join(c->ml, "code/requirements.txt");
    char *cache = cache_folder(c), *answer = path_join(c->attempt, "python");
    json_t *words = NULL;
    if (!wanted || !cache || !answer) {
        status = error_memory(err);
        goto out;
    }
    if (access(wanted, F_OK) != 0)
        goto out;
    words = json_deep_copy(c->interpreter);
    json_array_append_new(words, json_string("-c"));
    json_array_append_new(words, json_string(install));
    json_array_append_new(words, json_string(wanted));
    json_array_append_new(words, json_string(cache));
    json_array_append_new(words, json_string(answer));
    int how = spawn_wait(words);
    if (how != 0) {
        status = error_set(err, HONE_EINVAL,
                           "requirements.txt can't be installed: pip ended with "
                           "%d; the log says why",
                           how);
        goto out;
    }
    status = file_read(answer, &python, err);
    if (!status) {
        json_decref(c->interpreter);
        c->interpreter = json_pack("[s]", python.data);
    }
out:
    json_decref(words);
    buf_release(&python);
    mem_free(wanted);
    mem_free(cache);
    mem_free(answer);
    return status;
}
