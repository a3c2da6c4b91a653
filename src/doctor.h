/*
 * Command `wanzami doctor`: checks from inside the container everything that
 * this process needs.
 */
#ifndef WANZAMI_DOCTOR_H
#define WANZAMI_DOCTOR_H

/*
 * Prints one line per check: level (ok, warn, bad), name, detail with what to
 * change. Returns the exit status: 1 if a check is bad, that is, if the process
 * could not do its work; otherwise 0. conf_error is the reason why the service
 * would refuse to start with this configuration, or NULL. Writes one object
 * under doctor/ in object storage and deletes it. With objects, also lists the
 * objects that rows name and the store does not have. With the e-mail address mail_to (NULL: none), also
 * asks the SMTP server for that recipient, without sending. Blocks for at most a minute,
 * with objects longer.
 */
int	doctor_run(int roles, const char *conf_error, int objects, const char *mail_to);

#endif
