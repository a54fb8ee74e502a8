/*
 * Counts allocations, to be preloaded: each is glibc's own, and one is added to a number.
 */
#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static unsigned long count;

static void
one(void)
{
	__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
}

unsigned long
bench_allocations(void)
{
	return __atomic_load_n(&count, __ATOMIC_RELAXED);
}

void *
malloc(size_t size)
{
	one();
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	one();
	return __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	one();
	return __libc_realloc(old, size);
}

void *
memalign(size_t alignment, size_t size)
{
	one();
	return __libc_memalign(alignment, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	one();
	return __libc_memalign(alignment, size);
}

int
posix_memalign(void **p, size_t alignment, size_t size)
{
	one();
	*p = __libc_memalign(alignment, size);
	return *p == NULL ? ENOMEM : 0;
}
