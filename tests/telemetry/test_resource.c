#include "telemetry/resource.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"
#include "telemetry/keyvalues.h"

static void is(const struct tel_attributes *attributes, const char *key, const char *expected) {
  const struct tel_attribute *pair = tel_attributes_find(attributes, key);
  ck_assert_msg(pair && pair->type == TEL_STRING, "%s", key);
  ck_assert_msg(pair->value.string.len == strlen(expected) &&
                    memcmp(pair->value.string.data, expected, strlen(expected)) == 0,
                "%s is %.*s", key, (int)pair->value.string.len, pair->value.string.data);
}

START_TEST(test_who_wins) {
  struct tel_tracing_settings settings;
  tel_tracing_settings_init(&settings);
  strcpy(settings.service_name, "shop");
  strcpy(settings.resource,
         "service.name=x,service.version=x,service.instance.id=x,telemetry.sdk.name=x,process.pid=x,"
         "host.name=mine,deployment.environment.name=a%2Cb, team = y ");
  struct tel_resource *resource = tel_resource_new(&settings, "1.0", "id");
  const struct tel_attributes *attributes = tel_resource_attributes(resource);
  is(attributes, "service.name", "shop");
  is(attributes, "service.version", "1.0");
  is(attributes, "service.instance.id", "id");
  is(attributes, "telemetry.sdk.name", "minishop-c");
  is(attributes, "telemetry.sdk.language", "c");
  is(attributes, "host.name", "mine");
  is(attributes, "deployment.environment.name", "a,b");
  is(attributes, "team", "y");
  ck_assert_int_eq(tel_attributes_find(attributes, "process.pid")->value.integer, getpid());
  ck_assert_ptr_nonnull(tel_attributes_find(attributes, "host.arch"));
  tel_resource_free(resource);
  tel_resource_free(NULL);
}
END_TEST

START_TEST(test_as_many_pairs_as_fit) {
  struct tel_tracing_settings settings;
  tel_tracing_settings_init(&settings);
  char *to = settings.resource;
  for (int i = 0; to < settings.resource + sizeof settings.resource - 6; i++)
    to += sprintf(to, "%c%c=,", 'a' + i % 26, 'a' + i / 26 % 26);
  struct tel_resource *resource = tel_resource_new(&settings, "1.0", "id");
  ck_assert_ptr_nonnull(resource);
  is(tel_resource_attributes(resource), "service.name", "unknown_service:minishop");
  tel_resource_free(resource);
}
END_TEST

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

START_TEST(test_container_id) {
  static const char *const with[] = {
      "12:cpu:/docker/" ID "\n",
      "0::/system.slice/docker-" ID ".scope\n",
      "0::/machine.slice/libpod-" ID ".scope/container\n",
      "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope\n",
      "a b /var/lib/docker/containers/abc c\n7 8 0:1 /var/lib/docker/containers/" ID
      "/hostname /etc/hostname rw\n",
      "7 8 0:1 /containers/overlay-containers/" ID "/userdata/hosts /etc/hosts\n",
  };
  static const char *const without[] = {
      "",
      "0::/\n",
      "0::/user.slice/user-0.slice/session-1.scope\n",
      "1 2 /var/lib/docker/overlay2/" ID "/diff / rw\n",
      "12:cpu:/docker/" ID "0\n", /* too long */
      "12:cpu:/docker/0123\n",
  };
  char id[65];
  for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
    ck_assert_msg(tel_container_id(with[i], id), "%s", with[i]);
    ck_assert_str_eq(id, ID);
  }
  for (size_t i = 0; i < sizeof without / sizeof *without; i++)
    ck_assert_msg(!tel_container_id(without[i], id), "%s", without[i]);
}
END_TEST

static bool join(void *cls, const char *key, const char *value) {
  char *to = cls;
  sprintf(to + strlen(to), "[%s][%s]", key, value);
  return true;
}

START_TEST(test_keyvalues) {
  static const struct {
    const char *text, *pairs; /* NULL: an error */
  } cases[] = {
      {"", ""},
      {"a=1", "[a][1]"},
      {"a=1,b=2", "[a][1][b][2]"},
      {" a = 1 , b = 2 ", "[a][1][b][2]"},
      {"a=", "[a][]"},
      {"a=b=c", "[a][b=c]"},
      {"a=1,,b=2,", "[a][1][b][2]"},
      {"a%3D=%2C%25", "[a=][,%]"},
      {"=1", NULL},
      {"a", NULL},
      {"a=1,b", NULL},
      {"a=%", NULL},
      {"a=%4", NULL},
      {"a=%4g", NULL},
      {"a=%00", NULL},
      {"a=%c3%BC", "[a][\xC3\xBC]"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char seen[256] = "";
    ck_assert_msg(tel_keyvalues_read(cases[i].text, NULL, NULL) == (cases[i].pairs != NULL), "%s",
                  cases[i].text);
    if (!cases[i].pairs) continue;
    ck_assert(tel_keyvalues_read(cases[i].text, join, seen));
    ck_assert_str_eq(seen, cases[i].pairs);
  }
  char *longest = malloc(TEL_KEYVALUES_SIZE + 1);
  memset(longest, 'a', TEL_KEYVALUES_SIZE);
  longest[1] = '=';
  longest[TEL_KEYVALUES_SIZE] = '\0';
  ck_assert(!tel_keyvalues_read(longest, NULL, NULL));
  longest[TEL_KEYVALUES_SIZE - 1] = '\0';
  ck_assert(tel_keyvalues_read(longest, NULL, NULL));
  free(longest);
}
END_TEST

TEST_MAIN("resource", test_who_wins, test_as_many_pairs_as_fit, test_container_id, test_keyvalues)
