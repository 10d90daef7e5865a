/* The program: options, start in order, wait for a signal, stop in reverse. */
#ifndef SLACK_MOCK_APP_H
#define SLACK_MOCK_APP_H

/* Returns the process's exit code: 0 done, 1 run-time failure, 2 bad usage. */
int mock_app_run(int argc, char **argv);

#endif
