/* SPDX-License-Identifier: MIT */
#include "base/startup.h"
#include "slack-mock/app.h"

int main(int argc, char **argv) {
  startup();
  return mock_app_run(argc, argv);
}
