#include "slack-mock/app.h"

int main(int argc, char **argv) {
  return mock_app_run(argc, argv);
}
