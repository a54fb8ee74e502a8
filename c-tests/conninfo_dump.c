/*
 * Prints what the connection-option functions answer for a table of inputs.
 *
 *   conninfo_dump SCRATCH_DIR CASE_FILE
 *
 * Run once with each libpq and compare the outputs. The table's language (one command a line, C-like escapes
 * \n \t \r \v \f \\ \xHH, and $D for SCRATCH_DIR, which is created and emptied):
 *
 *   reset                     no environment but HOME=$D/home, no files
 *   env NAME=VALUE            set an environment variable until the next reset
 *   unset NAME                remove it
 *   file PATH MODE CONTENT    make a file (mode in octal); dir PATH MODE, a directory
 *   parse CONNINFO            PQconninfoParse
 *   conn CONNINFO             PQconnectStart, PQconninfo, accessors
 *   params EXPAND K=V|K=V|K   PQconnectStartParams; a bare K has a NULL value
 *   setdb H|P|O|T|D|U|W       PQsetdbLogin; "-" alone is NULL
 *   defaults                  PQconndefaults
 *
 * Nothing listens where the table points, so a connection that gets as far as dialling shows that fact only: its
 * texts are another program's subject.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libpq-fe.h"

static const char *scratch;

static int
remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void) st;
	(void) flag;
	return ftw->level == 0 ? 0 : remove(path);
}

static void
reset_world(void)
{
	char		home[4096];

	nftw(scratch, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	mkdir(scratch, 0700);
	snprintf(home, sizeof(home), "%s/home", scratch);
	mkdir(home, 0700);
	clearenv();
	setenv("HOME", home, 1);
}

/* Decodes escapes and $D of one line. */
static char *
decode(const char *in)
{
	char	   *out = malloc(strlen(in) * (strlen(scratch) + 1) + 1);
	char	   *o = out;

	for (; *in; in++)
	{
		if (in[0] == '$' && in[1] == 'D')
		{
			o = stpcpy(o, scratch);
			in++;
		}
		else if (in[0] == '\\' && in[1] == 'x')
		{
			char		hex[3] = {in[2], in[3], 0};

			*o++ = (char) strtol(hex, NULL, 16);
			in += 3;
		}
		else if (in[0] == '\\' && in[1])
		{
			in++;
			switch (*in)
			{
				case 'n': *o++ = '\n'; break;
				case 't': *o++ = '\t'; break;
				case 'r': *o++ = '\r'; break;
				case 'v': *o++ = '\v'; break;
				case 'f': *o++ = '\f'; break;
				default: *o++ = *in; break;
			}
		}
		else
			*o++ = *in;
	}
	*o = 0;
	return out;
}

/* Prints a text so that every byte can be seen. */
static void
show(const char *label, const char *text)
{
	printf("  %s: ", label);
	if (text == NULL)
	{
		printf("NULL\n");
		return;
	}
	putchar('[');
	for (; *text; text++)
	{
		unsigned char c = (unsigned char) *text;

		if (c == '\\')
			printf("\\\\");
		else if (c < 32 || c > 126)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	printf("]\n");
}

/* What show_options prints of each option. */
enum detail
{
	VALUES,						/* the value, if any */
	CHANGES,					/* the value where it is not the compiled default */
	EVERYTHING					/* the table's row and the value */
};

static void
show_options(PQconninfoOption *options, enum detail detail)
{
	int			any = 0;

	if (options == NULL)
	{
		printf("  options: NULL\n");
		return;
	}
	for (PQconninfoOption *o = options; o->keyword; o++)
		any |= o->val != NULL;
	if (!any)
		printf("  options: none\n");
	for (PQconninfoOption *o = options; o->keyword && any; o++)
	{
		int			same = o->val && o->compiled ? strcmp(o->val, o->compiled) == 0 : o->val == o->compiled;

		if (detail == EVERYTHING)
			printf("  option %s env=%s compiled=%s label=%s char=%s size=%d\n", o->keyword,
				   o->envvar ? o->envvar : "NULL", o->compiled ? o->compiled : "NULL",
				   o->label, o->dispchar, o->dispsize);
		if (detail == CHANGES ? !same : o->val != NULL)
			show(o->keyword, o->val);
	}
	PQconninfoFree(options);
}

static void
show_connection(PGconn *conn)
{
	char		error[65536];
	char	   *dialled;

	if (conn == NULL)
	{
		printf("  conn: NULL\n");
		return;
	}
	snprintf(error, sizeof(error), "%s", PQerrorMessage(conn));
	dialled = strstr(error, "connection to server ");
	if (dialled == NULL)
		dialled = strstr(error, "could not translate host name");
	if (dialled)
		*dialled = 0;
	printf("  reached: %s\n", dialled || PQstatus(conn) != CONNECTION_BAD ? "dialling" : "nothing");
	show("error", error);
	show("PQhost", PQhost(conn));
	show("PQport", PQport(conn));
	show("PQpass", PQpass(conn));
	show("PQuser", PQuser(conn));
	show("PQdb", PQdb(conn));
	show("PQoptions", PQoptions(conn));
	show_options(PQconninfo(conn), CHANGES);
	PQfinish(conn);
}

static void
write_file(char *spec)
{
	char		path[4096];
	unsigned	mode;
	int			used = 0;

	if (sscanf(spec, "%4095s %o%n", path, &mode, &used) == 2)
	{
		char	   *real = decode(path);
		char	   *text = decode(spec + used + (spec[used] == ' '));
		FILE	   *f = fopen(real, "w");

		if (f == NULL)
		{
			perror(real);
			exit(2);
		}
		fputs(text, f);
		fclose(f);
		chmod(real, mode);
		free(real);
		free(text);
	}
}

/* Splits at '|' in place; returns the number of parts. */
static int
split(char *text, char **parts, int max)
{
	int			n = 0;

	while (text && n < max)
	{
		parts[n++] = text;
		text = strchr(text, '|');
		if (text)
			*text++ = 0;
	}
	return n;
}

static void
run(char *line)
{
	char	   *arg = strchr(line, ' ');

	if (arg)
		*arg++ = 0;
	else
		arg = line + strlen(line);

	if (strcmp(line, "reset") == 0)
		reset_world();
	else if (strcmp(line, "env") == 0)
	{
		char	   *value = strchr(arg, '=');

		*value++ = 0;
		value = decode(value);
		setenv(arg, value, 1);
		free(value);
	}
	else if (strcmp(line, "unset") == 0)
		unsetenv(arg);
	else if (strcmp(line, "file") == 0)
		write_file(arg);
	else if (strcmp(line, "dir") == 0)
	{
		char		path[4096];
		unsigned	mode;

		if (sscanf(arg, "%4095s %o", path, &mode) == 2)
		{
			char	   *real = decode(path);

			mkdir(real, mode);
			chmod(real, mode);
			free(real);
		}
	}
	else if (strcmp(line, "parse") == 0)
	{
		char	   *text = decode(arg);
		char	   *error = NULL;
		PQconninfoOption *options = PQconninfoParse(text, &error);

		show("errmsg", error);
		free(error);
		show_options(options, VALUES);
		free(text);
	}
	else if (strcmp(line, "conn") == 0)
	{
		char	   *text = decode(arg);

		show_connection(PQconnectStart(text));
		free(text);
	}
	else if (strcmp(line, "params") == 0)
	{
		char	   *parts[100];
		const char *keywords[101];
		const char *values[101];
		char	   *expand = arg;
		char	   *decoded[200];
		int			n;
		int			used = 0;

		arg = strchr(arg, ' ');
		arg = arg ? arg + 1 : NULL;
		n = split(arg, parts, 100);
		for (int i = 0; i < n; i++)
		{
			char	   *value = strchr(parts[i], '=');

			if (value)
			{
				*value++ = 0;
				values[i] = decoded[used++] = decode(value);
			}
			else
				values[i] = NULL;
			keywords[i] = decoded[used++] = decode(parts[i]);
		}
		keywords[n] = values[n] = NULL;
		show_connection(PQconnectStartParams(keywords, values, atoi(expand)));
		while (used > 0)
			free(decoded[--used]);
	}
	else if (strcmp(line, "setdb") == 0)
	{
		char	   *parts[7];
		char	   *v[7] = {0};
		int			n = split(arg, parts, 7);

		for (int i = 0; i < n; i++)
			v[i] = strcmp(parts[i], "-") == 0 ? NULL : decode(parts[i]);
		show_connection(PQsetdbLogin(v[0], v[1], v[2], v[3], v[4], v[5], v[6]));
		for (int i = 0; i < n; i++)
			free(v[i]);
	}
	else if (strcmp(line, "defaults") == 0)
		show_options(PQconndefaults(), EVERYTHING);
	else
	{
		fprintf(stdout, "unknown command %s\n", line);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		length;
	int			number = 0;
	FILE	   *cases;
	char		warnings[4096];
	FILE	   *warn;

	if (argc != 3 || (cases = fopen(argv[2], "r")) == NULL)
	{
		fprintf(stderr, "usage: conninfo_dump SCRATCH_DIR CASE_FILE\n");
		return 2;
	}
	scratch = argv[1];
	reset_world();
	snprintf(warnings, sizeof(warnings), "%s.stderr", scratch);
	if ((warn = freopen(warnings, "w+", stderr)) == NULL)
		return 2;
	setvbuf(stderr, NULL, _IONBF, 0);
	while ((length = getline(&line, &size, cases)) >= 0)
	{
		char		said[65536];
		ssize_t		got;

		number++;
		if (length > 0 && line[length - 1] == '\n')
			line[length - 1] = 0;
		if (line[0] == 0 || line[0] == '#')
			continue;
		printf("%d: %s\n", number, line);
		run(line);
		got = pread(fileno(stderr), said, sizeof(said) - 1, 0);
		if (got > 0)
		{
			said[got] = 0;
			show("stderr", said);
			if (ftruncate(fileno(stderr), 0) != 0)
				return 2;
			lseek(fileno(stderr), 0, SEEK_SET);
		}
		fflush(stdout);
	}
	reset_world();
	unlink(warnings);
	free(line);
	fclose(cases);
	return 0;
}
