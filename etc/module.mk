# What is installed beside the programs: the configuration, the systemd unit and what logrotate does.
EXTRA_DIST += etc/minishop.conf etc/minishop.service.in etc/minishop.logrotate
CLEANFILES += etc/minishop.service
nodist_systemdsystemunit_DATA = etc/minishop.service

etc/minishop.service: etc/minishop.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && $(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
		'$(srcdir)/etc/minishop.service.in' >$@.new && mv $@.new $@

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

# Somebody's own configuration is neither overwritten nor removed.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)'
	test -e '$(DESTDIR)$(sysconfdir)/minishop.conf' || \
		$(INSTALL_DATA) '$(srcdir)/etc/minishop.conf' '$(DESTDIR)$(sysconfdir)/minishop.conf'

uninstall-local:
	if cmp -s '$(srcdir)/etc/minishop.conf' '$(DESTDIR)$(sysconfdir)/minishop.conf'; then \
		rm -f '$(DESTDIR)$(sysconfdir)/minishop.conf'; fi
