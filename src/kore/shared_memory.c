/*
 * The memory that Kore's processes share. Kore uses a System V segment, which
 * outlives a process that is killed, and a machine has only so many of them.
 * Anonymous memory ends with its last process.
 */
#include <sys/mman.h>
#include <sys/shm.h>

#include <stddef.h>

int	__wrap_shmget(key_t, size_t, int);
void	*__wrap_shmat(int, const void *, int);
int	__wrap_shmctl(int, int, struct shmid_ds *);

static size_t	shared_size;

int
__wrap_shmget(key_t key, size_t size, int flags)
{
	(void)key;
	(void)flags;
	shared_size = size;

	return (0);
}

void *
__wrap_shmat(int id, const void *address, int flags)
{
	(void)id;
	(void)address;
	(void)flags;

	return (mmap(NULL, shared_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
}

int
__wrap_shmctl(int id, int command, struct shmid_ds *buf)
{
	(void)id;
	(void)command;
	(void)buf;

	return (0);
}
