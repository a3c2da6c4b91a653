/*
 * Signals to the parent. Kore remembers only the last signal: if a worker ends
 * just after SIGTERM has arrived, as when both are sent the signal, Kore sees
 * SIGCHLD only and the parent waits for ever. Kore also checks for signals
 * before it waits for events, so a signal in between is noticed at the next
 * event only; an alarm repeats it.
 */
#include <signal.h>
#include <unistd.h>

#include <kore/kore.h>

int	__real_sigaction(int, const struct sigaction *, struct sigaction *);
int	__wrap_sigaction(int, const struct sigaction *, struct sigaction *);

static void
signal_note(int sig)
{
	static volatile sig_atomic_t	asked = 0;

	if (sig == SIGTERM || sig == SIGINT || sig == SIGQUIT)
		asked = sig;
	sig_recv = asked != 0 ? asked : sig;
	if (asked != 0 && worker == NULL)
		(void)alarm(1);
}

int
__wrap_sigaction(int sig, const struct sigaction *new, struct sigaction *old)
{
	struct sigaction	ours;

	if (new == NULL || new->sa_handler != kore_signal)
		return (__real_sigaction(sig, new, old));
	ours = *new;
	ours.sa_handler = signal_note;
	(void)__real_sigaction(SIGALRM, &ours, NULL);

	return (__real_sigaction(sig, &ours, old));
}
