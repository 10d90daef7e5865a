# SPDX-License-Identifier: MIT
SHOP_TESTS = tests/shop/test_orders tests/shop/test_inventory tests/shop/test_faults tests/shop/test_grey \
	tests/shop/test_connections tests/shop/test_shop
check_PROGRAMS += $(SHOP_TESTS)
TESTS += $(SHOP_TESTS)
SHOP_TEST_LIBS = $(LIBSHOP) $(LIBTELEMETRY_LIBS) $(CHECK_LIBS)
tests_shop_test_orders_LDADD = $(SHOP_TEST_LIBS)
tests_shop_test_inventory_LDADD = $(SHOP_TEST_LIBS)
tests_shop_test_faults_LDADD = $(SHOP_TEST_LIBS)
tests_shop_test_grey_LDADD = $(SHOP_TEST_LIBS)
tests_shop_test_connections_LDADD = $(SHOP_TEST_LIBS)
tests_shop_test_shop_LDADD = $(SHOP_TEST_LIBS)
