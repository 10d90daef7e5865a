/* SPDX-License-Identifier: MIT */
/* The program: reads the options, makes the parts, serves, frees the parts. */
#ifndef SLACK_MOCK_APP_H
#define SLACK_MOCK_APP_H

/* Returns the process's exit code: 0 done, 1 run-time failure, 2 bad usage. */
int mock_app_run(int argc, char **argv);

#endif
