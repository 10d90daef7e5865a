/* SPDX-License-Identifier: MIT */
#include "config.h" /* first: GNU extensions */

#include "telemetry/core/resource.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "telemetry/core/attributes_private.h"
#include "telemetry/settings/keyvalues.h"

enum { LIMIT = 2100 }; /* more pairs than fit into the variable */

static const char *set_from_outside(void *attributes, const char *key, const char *value) {
  tel_attributes_set_string(attributes, key, value);
  return NULL;
}

bool tel_container_id(const char *text, char out[65]) {
  /* Docker, Podman, containerd and CRI-O write these before the id. Other 64-digit numbers may be image
   * layers, for example. */
  static const char *const before[] = {"containers/", "docker/",         "docker-",
                                       "libpod-",     "cri-containerd-", "crio-"};
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    for (const char *at = text; (at = strstr(at, before[i]));) {
      at += strlen(before[i]);
      if (strspn(at, "0123456789abcdef") != 64) continue;
      memcpy(out, at, 64);
      out[64] = '\0';
      return true;
    }
  }
  return false;
}

const char *tel_host_arch(const char *machine) {
  /* The first row that matches the beginning of the kernel's name. */
  static const char *const names[][2] = {
      {"x86_64", "amd64"},  {"i386", "x86"},    {"i486", "x86"},  {"i586", "x86"},    {"i686", "x86"},
      {"aarch64", "arm64"}, {"arm64", "arm64"}, {"arm", "arm32"}, {"ppc64", "ppc64"}, {"ppc", "ppc32"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncmp(machine, names[i][0], strlen(names[i][0])) == 0) return names[i][1];
  return machine;
}

static void detect(struct tel_attributes *attributes) {
  static const char *const files[] = {"/proc/self/cgroup", "/proc/self/mountinfo"};
  struct utsname system;
  char text[32 * 1024], id[65];
  if (uname(&system) == 0) {
    tel_attributes_set_string(attributes, "host.name", system.nodename);
    tel_attributes_set_string(attributes, "host.arch", tel_host_arch(system.machine));
  }
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (file_read(files[i], text, sizeof text) < 0 || !tel_container_id(text, id)) continue;
    tel_attributes_set_string(attributes, "container.id", id);
    break;
  }
}

struct tel_attributes *tel_resource_new(const struct tel_tracing_settings *settings,
                                        const char *service_version, const char *instance_id) {
  struct tel_attributes *attributes = malloc(sizeof *attributes);
  if (!attributes) return NULL;
  tel_attributes_begin(attributes, TEL_FORM_RESOURCE, LIMIT, UINT32_MAX, 0);
  detect(attributes);
  if (!tel_keyvalues_read(settings->resource, set_from_outside, NULL, attributes)) {
    tel_resource_free(attributes); /* it was checked before, so only memory can have run out */
    return NULL;
  }
  tel_attributes_set_string(attributes, "service.name", settings->service_name);
  tel_attributes_set_string(attributes, "service.version", service_version);
  tel_attributes_set_string(attributes, "service.instance.id", instance_id);
  tel_attributes_set_static(attributes, "telemetry.sdk.name", "libtel");
  tel_attributes_set_static(attributes, "telemetry.sdk.language", "c");
  tel_attributes_set_static(attributes, "telemetry.sdk.version", PACKAGE_VERSION);
  tel_attributes_set_int(attributes, "process.pid", getpid());
  tel_attributes_set_string(attributes, "process.executable.name", program_invocation_short_name);
  if (attributes->dropped == 0) return attributes;
  tel_resource_free(attributes);
  return NULL;
}

void tel_resource_free(struct tel_attributes *resource) {
  tel_attributes_clear(resource);
  free(resource);
}
