# The part of `cmake --install` that depends on the prefix: etc/ with the paths of this machine, and
# the names that are links.  CMakeLists.txt sets TOP, the sources, and OUT, a folder of the build.
set(prefix ${CMAKE_INSTALL_PREFIX})
if(prefix MATCHES "^/usr(/local)?$")
  set(conf /etc) # where the program looks
else()
  set(conf ${prefix}/etc)
endif()
set(examples ${prefix}/share/doc/stox/examples)

# No function: file(INSTALL) notes what it installs in a variable of its scope.
foreach(pair
    stox-gateway.service:${prefix}/lib/systemd/system
    stox-textfile.service:${prefix}/lib/systemd/system
    stox-watch.service:${prefix}/lib/systemd/system
    stox-textfile.timer:${prefix}/lib/systemd/system
    sysusers.d/stox-gateway.conf:${prefix}/lib/sysusers.d
    sysusers.d/stox-watch.conf:${prefix}/lib/sysusers.d
    tmpfiles.d/stox-gateway.conf:${prefix}/lib/tmpfiles.d
    tmpfiles.d/stox-watch.conf:${prefix}/lib/tmpfiles.d
    stox.yaml:${examples}
    icinga2-stox.conf:${examples}
    nagios-stox.cfg:${examples}
    prometheus-stox.rules.yaml:${examples}
    prometheus-stox-gateway.rules.yaml:${examples}
    grafana-stox-gateway.json:${examples}
    prometheus-stox-watch.rules.yaml:${examples}
    grafana-stox-watch.json:${examples}
    gateway.yaml:${examples})
  string(REGEX MATCH "^(.*):(.*)$" pair ${pair})
  set(name ${CMAKE_MATCH_1})
  set(folder ${CMAKE_MATCH_2})
  file(READ ${TOP}/etc/${name} text)
  string(REPLACE /etc/stox/ ${conf}/stox/ text "${text}")
  string(REPLACE /usr/bin/stox ${prefix}/bin/stox text "${text}")
  string(REPLACE /usr/share/ ${prefix}/share/ text "${text}")
  file(WRITE ${OUT}/${name} "${text}")
  file(INSTALL ${OUT}/${name} DESTINATION ${folder})
endforeach()

# Who has a configuration keeps it.
if(NOT EXISTS $ENV{DESTDIR}${conf}/stox/stox.yaml)
  file(INSTALL ${OUT}/gateway.yaml DESTINATION ${conf}/stox RENAME stox.yaml)
endif()

# Nobody lists it; the units read it as root and hand the program what is in it (LoadCredential=).
file(INSTALL DESTINATION ${conf}/stox/secrets TYPE DIRECTORY FILES ""
  DIR_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_EXECUTE WORLD_EXECUTE)

# Called by the first name it is a monitoring plugin; by the others it takes its ancestor's parameters.
foreach(name check_stox Test-CsXmppIM New-CsXmppAllowedPartner Set-CsXmppGatewayConfiguration)
  file(CREATE_LINK stox $ENV{DESTDIR}${prefix}/bin/${name} SYMBOLIC)
endforeach()
file(INSTALL DESTINATION ${prefix}/lib/nagios/plugins TYPE DIRECTORY FILES "")
file(CREATE_LINK ../../../bin/stox $ENV{DESTDIR}${prefix}/lib/nagios/plugins/check_stox SYMBOLIC)
foreach(folder man/man1 man/fr/man1)
  file(CREATE_LINK stox-test.1 $ENV{DESTDIR}${prefix}/share/${folder}/Test-CsXmppIM.1 SYMBOLIC)
  file(CREATE_LINK New-CsXmppAllowedPartner.1 $ENV{DESTDIR}${prefix}/share/${folder}/Set-CsXmppGatewayConfiguration.1 SYMBOLIC)
endforeach()
