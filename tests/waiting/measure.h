/* What the programs of this directory measure by. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Descriptors but datagram sockets: those are the resolver's, in threads that were given up. */
static int
open_fds(void)
{
	DIR		   *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int			n = 0;

	if (dir == NULL)
	{
		perror("/proc/self/fd");
		exit(3);
	}
	while ((entry = readdir(dir)) != NULL)
	{
		int			type = 0;
		socklen_t	size = sizeof(type);

		if (entry->d_name[0] != '.' &&
			(getsockopt(atoi(entry->d_name), SOL_SOCKET, SO_TYPE, &type, &size) || type != SOCK_DGRAM))
			n++;
	}
	closedir(dir);
	return n - 1;				/* the directory itself */
}
