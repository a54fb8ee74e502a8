/*
 * The least that can be done with the same bytes, without a library: what any client would cost.
 *
 *   floor walk|keep WORKLOAD SOCKET|PORT N
 *
 * `walk` receives and looks at the messages' headers. `keep`, for rows, keeps all blocks and where
 * each value is, and then reads every field as the benchmark does: its checksum is the same.
 * WORKLOAD is rows, wide, large, copy_out, copy_in, exec, connect, or factory: a connection over TCP
 * with as much said in both directions, and in as many turns, as with SCRAM, and none of its work.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "texts.h"

#define BLOCK (1 << 20)

static char *block;				/* where bytes land; what is not understood yet begins at `at` */
static size_t at,
			filled,
			room;
static int	keep;
static unsigned long received;

/* Kept values: 8 bytes each, found through their block. */
typedef struct value
{
	uint32_t	offset;
	int32_t		length;
} value;

typedef struct kept
{
	char	   *block;
	size_t		first;			/* of its values in `values` */
} kept;

static value *values;
static size_t value_count,
			value_room;
static kept *blocks;
static size_t block_count;

static int	fd;

static void
die(const char *what)
{
	fprintf(stderr, "floor: ");
	perror(what);
	exit(1);
}

static uint32_t
word(const char *p)
{
	uint32_t	value;

	memcpy(&value, p, 4);
	return __builtin_bswap32(value);
}

static void
put_word(char *p, uint32_t value)
{
	value = __builtin_bswap32(value);
	memcpy(p, &value, 4);
}

static void
say(const char *p, size_t length)
{
	while (length > 0)
	{
		ssize_t		n = send(fd, p, length, MSG_NOSIGNAL);

		if (n <= 0)
			die("send");
		p += n;
		length -= (size_t) n;
	}
}

static void
connects_unix(const char *path)
{
	struct sockaddr_un address = {AF_UNIX, ""};

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (strlen(path) >= sizeof address.sun_path)
		die("path");
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *) &address, sizeof address) != 0)
		die(path);
}

static void
connects_tcp(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t) atoi(port)),
	.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int			on = 1;

	fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *) &address, sizeof address) != 0)
		die(port);
}

static void
connects(const char *place)
{
	static const char startup[] = "\0\0\0\51\0\3\0\0user\0postgres\0database\0postgres\0";

	if (place[0] == '/')
		connects_unix(place);
	else
		connects_tcp(place);
	say(startup, sizeof startup);
}

/* A block to receive into, with the part of a message that the last one ends with. */
static void
next_block(size_t wanted)
{
	size_t		left = filled - at;
	char	   *old = block;

	if (keep || wanted > room)
	{
		room = wanted > BLOCK ? wanted : BLOCK;
		block = malloc(room + 1);
		blocks = realloc(blocks, (block_count + 1) * sizeof *blocks);
		if (block == NULL || blocks == NULL)
			die("memory");
		blocks[block_count++] = (kept) {block, value_count};
	}
	if (left > 0)
		memmove(block, old + at, left);
	if (!keep && old != block)
		free(old);
	at = 0;
	filled = left;
}

/* At least this many bytes from `at` on. */
static void
need(size_t wanted)
{
	while (filled - at < wanted)
	{
		ssize_t		n;

		if (at == filled && !keep)
			at = filled = 0;
		if (room - filled < 1024 || room - at < wanted)
			next_block(wanted);
		n = recv(fd, block + filled, room - filled, 0);
		if (n <= 0)
			die("recv");
		received += (unsigned long) n;
		filled += (size_t) n;
	}
}

static void
keep_row(char *row)
{
	unsigned	columns = (unsigned) (unsigned char) row[0] << 8 | (unsigned char) row[1];
	char	   *field = row + 2;

	if (value_count + columns > value_room)
	{
		value_room = value_room * 2 + 65536;
		values = realloc(values, value_room * sizeof *values);
		if (values == NULL)
			die("memory");
	}
	while (columns-- > 0)
	{
		int32_t		length = (int32_t) word(field);

		*field = 0;				/* ends the value before it */
		field += 4;
		values[value_count++] = (value) {(uint32_t) (field - block), length};
		if (length > 0)
			field += length;
	}
	*field = 0;
}

/* Messages up to and including one of this type. */
static void
until(char wanted)
{
	for (;;)
	{
		char		type;
		size_t		length;

		need(5);
		type = block[at];
		length = 1 + (size_t) word(block + at + 1);
		if (keep && type == 'D')
		{
			/* one more: the byte that ends the last value is the next message's type */
			char		next;

			need(length + 1);
			next = block[at + length];
			keep_row(block + at + 5);
			block[at + length] = next;
		}
		else
			need(length);
		at += length;
		if (type == wanted)
			return;
	}
}

static void
query(const char *text)
{
	size_t		length = strlen(text) + 1;
	char		message[TEXT_SIZE + 8];

	message[0] = 'Q';
	put_word(message + 1, (uint32_t) (length + 4));
	memcpy(message + 5, text, length);
	say(message, length + 5);
}

static unsigned long
read_all(void)
{
	unsigned long checksum = 0;
	size_t		b;

	for (b = 0; b < block_count; b++)
	{
		size_t		v,
					end = b + 1 < block_count ? blocks[b + 1].first : value_count;

		for (v = blocks[b].first; v < end; v++)
		{
			unsigned char first = values[v].length > 0 ? (unsigned char) blocks[b].block[values[v].offset] : 0;

			checksum = checksum * 31 + (unsigned long) (values[v].length > 0 ? values[v].length : 0) + first;
		}
	}
	return checksum;
}

static double
now(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	char		text[TEXT_SIZE];
	const char *what;
	long		n,
				i;
	double		wall,
				cpu;
	unsigned long checksum = 0;

	if (argc != 5)
	{
		fputs("usage: floor walk|keep WORKLOAD SOCKET|PORT N\n", stderr);
		return 2;
	}
	what = argv[2];
	n = atol(argv[4]);
	connects(argv[3]);
	until('Z');
	keep = strcmp(argv[1], "keep") == 0;
	next_block(BLOCK);
	received = 0;
	wall = now(CLOCK_MONOTONIC);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	if (strcmp(what, "connect") == 0 || strcmp(what, "factory") == 0)
		for (i = 0; i < n; i++)
		{
			say("X\0\0\0\4", 5);
			close(fd);
			connects(argv[3]);
			until('Z');
			if (strcmp(what, "factory") == 0)
			{
				/* what SASLInitialResponse and SASLResponse have: 55 and 109 bytes */
				query("--34567890123456789012345678901234567890123456789");
				until('Z');
				query("--34567890123456789012345678901234567890123456789012345678901234567890123456789012345"
					  "678901234567890123");
				until('Z');
			}
		}
	else if (strcmp(what, "exec") == 0)
		for (i = 0; i < n; i++)
		{
			query("SELECT 1");
			until('Z');
		}
	else if (strcmp(what, "copy_in") == 0)
	{
		static const char row[] = "1000\tname1000\ta9b7ba70783b617e9998dc4dd82eb3c5\n";
		static char gathered[65536];
		size_t		length = sizeof row - 1,
					used = 0;

		query("create temp table sink (a int, b text, c text)");
		until('Z');
		query("copy sink from stdin where false");
		until('G');
		for (i = 0; i < n; i++)
		{
			if (used + length + 5 > sizeof gathered)
			{
				say(gathered, used);
				used = 0;
			}
			gathered[used] = 'd';
			put_word(gathered + used + 1, (uint32_t) (length + 4));
			memcpy(gathered + used + 5, row, length);
			used += length + 5;
		}
		say(gathered, used);
		say("c\0\0\0\4", 5);
		until('Z');
	}
	else
	{
		if (strcmp(what, "rows") == 0)
			narrow_text(text, n);
		else if (strcmp(what, "wide") == 0)
			wide_text(text, n);
		else if (strcmp(what, "large") == 0)
			large_text(text, n);
		else if (strcmp(what, "copy_out") == 0)
			copy_out_text(text, n);
		else
			return 2;
		query(text);
		until('Z');
		if (keep)
			checksum = read_all();
	}
	printf("{\"wall\": %.9f, \"cpu\": %.9f, \"received\": %lu, \"checksum\": \"%lx\"}\n", now(CLOCK_MONOTONIC) - wall,
		   now(CLOCK_PROCESS_CPUTIME_ID) - cpu, received, checksum);
	return 0;
}
