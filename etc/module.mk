# What is installed beside the programs: the configuration and the systemd unit.
EXTRA_DIST += etc/minishop.conf etc/minishop.service.in
CLEANFILES += etc/minishop.service
nodist_systemdsystemunit_DATA = etc/minishop.service

etc/minishop.service: etc/minishop.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) etc && $(SED) -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@sysconfdir[@]|$(sysconfdir)|g' \
		'$(srcdir)/etc/minishop.service.in' >$@.new && mv $@.new $@

# Somebody's own configuration is neither overwritten nor removed.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(sysconfdir)'
	test -e '$(DESTDIR)$(sysconfdir)/minishop.conf' || \
		$(INSTALL_DATA) '$(srcdir)/etc/minishop.conf' '$(DESTDIR)$(sysconfdir)/minishop.conf'

uninstall-local:
	if cmp -s '$(srcdir)/etc/minishop.conf' '$(DESTDIR)$(sysconfdir)/minishop.conf'; then \
		rm -f '$(DESTDIR)$(sysconfdir)/minishop.conf'; fi
