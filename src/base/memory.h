/*
 * Memory that the process may use, as the kernel limits it, and memory that it uses.
 */
#ifndef WANZAMI_MEMORY_H
#define WANZAMI_MEMORY_H

/*
 * Returns the memory limit in bytes of the container or control group of the process (the lowest
 * of its ancestors), -1 without a limit. Reads files. Any thread.
 */
long long	memory_limit(void);

/*
 * Returns how many processes of the container or control group the kernel has killed because memory was out, since the
 * group exists; of the machine if the group has no count; -1 if unknown. Reads files. Any thread.
 */
long long	memory_kills(void);

/* Returns the memory of the machine in bytes, -1 if unknown. Reads a file. Any thread. */
long long	memory_machine(void);

/* Returns the bytes of memory of the process that are in no file, -1 if unknown. Reads a file. Any thread. */
long long	memory_used(void);

#endif
