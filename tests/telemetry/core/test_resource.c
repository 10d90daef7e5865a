/* SPDX-License-Identifier: MIT */
#include "telemetry/core/resource.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"
#include "telemetry/settings/keyvalues.h"

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
  struct tel_attributes *attributes = tel_resource_new(&settings, "1.0", "id");
  is(attributes, "service.name", "shop");
  is(attributes, "service.version", "1.0");
  is(attributes, "service.instance.id", "id");
  is(attributes, "telemetry.sdk.name", "libtel");
  is(attributes, "telemetry.sdk.language", "c");
  is(attributes, "host.name", "mine");
  is(attributes, "deployment.environment.name", "a,b");
  is(attributes, "team", "y");
  ck_assert_int_eq(tel_attributes_find(attributes, "process.pid")->value.integer, getpid());
  ck_assert_ptr_nonnull(tel_attributes_find(attributes, "host.arch"));
  tel_resource_free(attributes);
  tel_resource_free(NULL);
}
END_TEST

START_TEST(test_as_many_pairs_as_fit) {
  struct tel_tracing_settings settings;
  tel_tracing_settings_init(&settings);
  char *to = settings.resource;
  for (int i = 0; to < settings.resource + sizeof settings.resource - 6; i++)
    to += sprintf(to, "%c%c=,", 'a' + i % 26, 'a' + i / 26 % 26);
  struct tel_attributes *resource = tel_resource_new(&settings, "1.0", "id");
  ck_assert_ptr_nonnull(resource);
  is(resource, "service.name", "unknown_service");
  tel_resource_free(resource);
}
END_TEST

/* The well-known values of the semantic conventions. */
START_TEST(test_host_arch) {
  static const char *const cases[][2] = {{"x86_64", "amd64"},    {"i386", "x86"},
                                         {"i686", "x86"},        {"aarch64", "arm64"},
                                         {"arm64", "arm64"},     {"armv6l", "arm32"},
                                         {"armv7l", "arm32"},    {"armv8l", "arm32"},
                                         {"ppc64", "ppc64"},     {"ppc64le", "ppc64"},
                                         {"ppc", "ppc32"},       {"ia64", "ia64"},
                                         {"s390x", "s390x"},     {"s390", "s390"},
                                         {"riscv64", "riscv64"}, {"loongarch64", "loongarch64"},
                                         {"mips64", "mips64"},   {"", ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_str_eq(tel_host_arch(cases[i][0]), cases[i][1]);
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

static const char *join(void *cls, const char *key, const char *value) {
  char *to = cls;
  sprintf(to + strlen(to), "[%s][%s]", key, value);
  return strcmp(key, "refused") == 0 ? "it is refused" : NULL;
}

static void note_bad(void *cls, unsigned position, const char *key, const char *why) {
  char *to = cls;
  ck_assert_str_ne(why, "");
  sprintf(to + strlen(to), "<%u %s>", position, key);
}

START_TEST(test_keyvalues) {
  /* kept is written so that it can be read again, without errors. */
  static const struct {
    const char *text, *told, *kept;
  } cases[] = {
      {"", "", ""},
      {"a=1", "[a][1]", "a=1"},
      {"a=1,b=2", "[a][1][b][2]", "a=1,b=2"},
      {" a = 1 , b = 2 ", "[a][1][b][2]", "a = 1,b = 2"},
      {"\ta=1\r\n,\n b\t=\t2\n", "[a][1][b][2]", "a=1,b\t=\t2"},
      {"a=", "[a][]", "a="},
      {"a=b=c", "[a][b=c]", "a=b=c"},
      {"a=1,,b=2,", "[a][1][b][2]", "a=1,b=2"},
      {"a%3D=%2C%25", "[a=][,%]", "a%3D=%2C%25"},
      {"a=%c3%BC", "[a][\xC3\xBC]", "a=%c3%BC"},
      {"=1", "<1 >", ""},
      {"secret", "<1 >", ""},
      {"a=1,b,c=3", "[a][1]<2 >[c][3]", "a=1,c=3"},
      {"a=%,b=2", "<1 a>[b][2]", "b=2"},
      {"a=1,b=%4", "[a][1]<2 b>", "a=1"},
      {"a=%4g", "<1 a>", ""},
      {"a=%00,,b=2,c=%zz", "<1 a>[b][2]<3 c>", "b=2"},
      {"refused=1,b=2", "[refused][1]<1 refused>[b][2]", "b=2"},
      /* A secret that precedes an equals sign which does not belong to the pair. */
      {"Authorization: Bearer c2VjcmV0=%", "<1 Authorization>", ""},
      {"Basic%20c2VjcmV0=%", "<1 Basic>", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char told[256] = "", kept[TEL_KEYVALUES_SIZE], again[TEL_KEYVALUES_SIZE];
    bool good = tel_keyvalues_keep(cases[i].text, kept, join, note_bad, told);
    ck_assert_str_eq(told, cases[i].told);
    ck_assert_str_eq(kept, cases[i].kept);
    ck_assert_msg(good == !strchr(told, '<'), "%s", cases[i].text);
    ck_assert(tel_keyvalues_keep(kept, again, NULL, NULL, NULL));
    ck_assert_str_eq(again, kept);
  }
}
END_TEST

START_TEST(test_keyvalues_beyond_the_limit) {
  char text[3 * TEL_KEYVALUES_SIZE], kept[TEL_KEYVALUES_SIZE], told[256] = "";
  memset(text, 'a', sizeof text);
  memcpy(text, "x=1,y=", 6);
  strcpy(text + TEL_KEYVALUES_SIZE, ",z=1");
  ck_assert(!tel_keyvalues_keep(text, kept, NULL, note_bad, told));
  ck_assert_str_eq(told, "<2 >");
  ck_assert_str_eq(kept, "x=1,z=1");
  char *longest = malloc(TEL_KEYVALUES_SIZE + 1);
  memset(longest, 'a', TEL_KEYVALUES_SIZE);
  longest[1] = '=';
  longest[TEL_KEYVALUES_SIZE] = '\0';
  ck_assert(!tel_keyvalues_read(longest, NULL, NULL, NULL));
  longest[TEL_KEYVALUES_SIZE - 1] = '\0';
  ck_assert(tel_keyvalues_read(longest, NULL, NULL, NULL));
  free(longest);
}
END_TEST

TEST_MAIN("resource", test_who_wins, test_as_many_pairs_as_fit, test_host_arch, test_container_id,
          test_keyvalues, test_keyvalues_beyond_the_limit)
