/* whole - a command as a whole process: `whole COMMAND [ARG...]` prints its CPU and wall time in
 * microseconds and its peak memory in KiB.  A program of its own, since a process begins its
 * accounting of memory with what its parent had. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double us(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static void become(char **argv)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	execv(argv[0], argv);
	_exit(127);
}

int main(int argc, char **argv)
{
	int status;
	struct rusage used;

	if (argc < 2)
		return 2;
	double start = now_us();
	pid_t pid = fork();
	if (pid == 0)
		become(argv + 1);
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0)
		return 1;
	printf("%.0f %.0f %ld\n", us(used.ru_utime) + us(used.ru_stime), now_us() - start,
		used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
