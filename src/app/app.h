/* SPDX-License-Identifier: MIT */
/* The program. */
#ifndef APP_APP_H
#define APP_APP_H

/* Returns the exit status: 0 done, 1 failed while running, 2 bad usage or configuration. */
int app_main(int argc, char **argv);

#endif
