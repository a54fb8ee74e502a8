/*
 * witness - preloaded into a program, says at its end which libpq the program had mapped.
 *
 * Appends "PROGRAM<tab>PATH" for each libpq in /proc/PID/maps to the file that PQP_WITNESS names.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((destructor)) static void
testify(void)
{
    const char *file = getenv("PQP_WITNESS");
    char name[64];
    char line[4096];
    char seen[4096] = "";
    FILE *maps;
    int out;

    if (file == NULL)
        return;
    snprintf(name, sizeof name, "/proc/%ld/maps", (long) getpid());
    maps = fopen(name, "r");
    out = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    while (maps != NULL && out >= 0 && fgets(line, sizeof line, maps) != NULL)
    {
        char *path = strchr(line, '/');
        char *base = path != NULL ? strrchr(path, '/') + 1 : NULL;

        if (base == NULL || strncmp(base, "libpq", 5) != 0 || strstr(base, ".so") == NULL ||
            strncmp(base, "libpqwalreceiver", 16) == 0)
            continue;
        path[strcspn(path, "\n")] = '\0';
        if (strcmp(seen, path) == 0)
            continue;
        strcpy(seen, path);
        if (dprintf(out, "%s\t%s\n", program_invocation_short_name, path) < 0)
            break;
    }
    if (maps != NULL)
        fclose(maps);
    if (out >= 0)
        close(out);
}
