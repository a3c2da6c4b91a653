/*
 * The seccomp filter of the workers: Kore's own list, and what our libraries
 * need beside it.
 */
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <net/if.h>

#include <kore/kore.h>
#include <kore/hooks.h>
#include <kore/seccomp.h>

#include "kore/symbols.h"
#include "sandbox.h"

#if defined(UNSANDBOXED)
/* The test builds have no sandbox: glibc, sanitizers and valgrind make other system calls. */
KORE_SECCOMP_FILTER("wanzami", BPF_STMT(BPF_RET + BPF_K, SECCOMP_RET_ALLOW))
#if defined(__SANITIZE_ADDRESS__)
const char	*__asan_default_options(void);

/* LeakSanitizer does not search Kore's memory pools for pointers and would report what they hold. */
const char *
__asan_default_options(void)
{
	return ("detect_leaks=0");
}
#endif
#else
/* Calls that newer architectures have only in a variant: select, and calls on file names, which take a directory descriptor there. */
#if defined(SYS_rename)
#define BY_PLATFORM	\
	KORE_SYSCALL_ALLOW(select),	\
	KORE_SYSCALL_ALLOW(rename),	\
	KORE_SYSCALL_ALLOW(link),	\
	KORE_SYSCALL_ALLOW(mkdir),	\
	KORE_SYSCALL_ALLOW(rmdir)
#else
#define BY_PLATFORM	\
	KORE_SYSCALL_ALLOW(pselect6),	\
	KORE_SYSCALL_ALLOW(renameat),	\
	KORE_SYSCALL_ALLOW(linkat),	\
	KORE_SYSCALL_ALLOW(mkdirat),	\
	KORE_SYSCALL_ALLOW(unlinkat),	\
	KORE_SYSCALL_ALLOW(faccessat)
#endif

/*
 * System calls beyond Kore's own list, for: realloc and stdio of musl;
 * connections to servers; libcurl's wake-up; the local object store (read at
 * an offset, sync, copy in the kernel, rename); the transcode worker
 * (priority, number of CPUs, thread names); jansson's first object and
 * libcurl's waits, in rare moments; abort(); names of network interfaces and
 * the host, and the buffer of a stream, which musl looks up.
 * A test compares the list with the calls that are linked (tests/operation/test_sandbox.py).
 */
KORE_SECCOMP_FILTER("wanzami",
	KORE_SYSCALL_ALLOW(mremap),
	KORE_SYSCALL_ALLOW(readv),
	KORE_SYSCALL_ALLOW(socket),
	KORE_SYSCALL_ALLOW(connect),
	KORE_SYSCALL_ALLOW(bind),
	KORE_SYSCALL_ALLOW(getsockopt),
	KORE_SYSCALL_ALLOW(getsockname),
	KORE_SYSCALL_ALLOW(getpeername),
	KORE_SYSCALL_ALLOW(sendmsg),
	KORE_SYSCALL_ALLOW(recvmsg),
	KORE_SYSCALL_ALLOW(eventfd2),
	KORE_SYSCALL_ALLOW(shutdown),
	KORE_SYSCALL_ALLOW_ARG(prctl, 0, PR_SET_PDEATHSIG),
	KORE_SYSCALL_ALLOW(getppid),
	KORE_SYSCALL_ALLOW(pread64),
	KORE_SYSCALL_ALLOW(fsync),
	KORE_SYSCALL_ALLOW(copy_file_range),
	BY_PLATFORM,
	KORE_SYSCALL_ALLOW(getdents64),
	KORE_SYSCALL_ALLOW(setpriority),
	KORE_SYSCALL_ALLOW(sched_getaffinity),
	KORE_SYSCALL_ALLOW_ARG(prctl, 0, PR_SET_NAME),
	KORE_SYSCALL_ALLOW(newfstatat),
	KORE_SYSCALL_ALLOW(sched_yield),
	KORE_SYSCALL_ALLOW(tkill),
	KORE_SYSCALL_ALLOW(uname),
	KORE_SYSCALL_ALLOW_ARG(ioctl, 1, SIOCGIFINDEX),
	KORE_SYSCALL_ALLOW_ARG(ioctl, 1, SIOCGIFNAME),
	KORE_SYSCALL_ALLOW_ARG(ioctl, 1, TIOCGWINSZ)
)
#endif

KORE_SYMBOL(kore_seccomp_hook);

/* Kore would only say that a call has failed. */
const char *
sandbox_check(void)
{
	if (prctl(PR_GET_SECCOMP) == -1)
		return ("this kernel, or what emulates it, has no seccomp; a worker does not run without its sandbox");

	return (NULL);
}
