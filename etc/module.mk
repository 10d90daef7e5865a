# SPDX-License-Identifier: MIT
# The configuration, the systemd units and the logrotate rule.
EXTRA_DIST += etc/minishop.conf etc/minishop.service.in etc/minishop.logrotate etc/slack-mock.service.in
units = etc/minishop.service etc/slack-mock.service
CLEANFILES += $(units)
nodist_systemdsystemunit_DATA = $(units)

$(units): etc/minishop.service.in etc/slack-mock.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && $(SED) -e 's|@bindir[@]|$(bindir)|g' -e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@sysconfdir[@]|$(sysconfdir)|g' '$(srcdir)/$@.in' >$@.new && mv $@.new $@

install-data-local: install-logrotate
uninstall-local: uninstall-logrotate
.PHONY: install-logrotate uninstall-logrotate
install-logrotate:
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)/logrotate.d'
	test -e '$(DESTDIR)$(sysconfdir)/logrotate.d/minishop' || \
		$(INSTALL_DATA) '$(srcdir)/etc/minishop.logrotate' '$(DESTDIR)$(sysconfdir)/logrotate.d/minishop'
uninstall-logrotate:
	if cmp -s '$(srcdir)/etc/minishop.logrotate' '$(DESTDIR)$(sysconfdir)/logrotate.d/minishop'; then \
		rm -f '$(DESTDIR)$(sysconfdir)/logrotate.d/minishop'; fi

# Neither overwrite nor remove an existing configuration.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)'
	test -e '$(DESTDIR)$(sysconfdir)/minishop.conf' || \
		$(INSTALL_DATA) '$(srcdir)/etc/minishop.conf' '$(DESTDIR)$(sysconfdir)/minishop.conf'

uninstall-local:
	if cmp -s '$(srcdir)/etc/minishop.conf' '$(DESTDIR)$(sysconfdir)/minishop.conf'; then \
		rm -f '$(DESTDIR)$(sysconfdir)/minishop.conf'; fi
