/* SPDX-License-Identifier: MIT */
#include "app/app.h"
#include "base/startup.h"

int main(int argc, char **argv) {
  startup();
  return app_main(argc, argv);
}
