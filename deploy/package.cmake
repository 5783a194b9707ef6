# The Debian package `carepace`: `cpack -G DEB` in a build directory, on the release that it
# is for (12 or 13). Its dependencies are what dpkg-shlibdeps finds in the program.
include(GNUInstallDirs)

# A box that goes from Debian 12 to 13 gets the other build by the same upgrade.
file(STRINGS /etc/os-release CAREPACE_RELEASE REGEX "^VERSION_ID=")
string(REGEX REPLACE "[^0-9]" "" CAREPACE_RELEASE "${CAREPACE_RELEASE}")
set(CAREPACE_PACKAGE_VERSION "${PROJECT_VERSION}~deb${CAREPACE_RELEASE}"
	CACHE STRING "version of the Debian package")

set(DOC share/doc/carepace)
set(DEBIAN ${CMAKE_BINARY_DIR}/debian)
configure_file(deploy/debian/changelog.in ${DEBIAN}/changelog @ONLY)
find_program(GZIP gzip REQUIRED)
execute_process(COMMAND ${GZIP} -9nf ${DEBIAN}/changelog COMMAND_ERROR_IS_FATAL ANY)

install(TARGETS carepace RUNTIME DESTINATION bin)
install(FILES deploy/systemd/carepace.service deploy/systemd/carepace.socket DESTINATION lib/systemd/system)
install(FILES deploy/systemd/carepace.catalog DESTINATION lib/systemd/catalog)
install(FILES deploy/systemd/carepace.sysusers DESTINATION lib/sysusers.d RENAME carepace.conf)
install(FILES deploy/systemd/site.conf.in DESTINATION share/carepace)
install(FILES deploy/policy.yaml DESTINATION /etc/carepace)
install(FILES README.md deploy/debian/copyright ${DEBIAN}/changelog.gz DESTINATION ${DOC})
install(FILES deploy/carepace.yaml deploy/policy.yaml DESTINATION ${DOC}/examples)
install(DIRECTORY deploy/guide proto DESTINATION ${DOC})
install(DIRECTORY deploy/prometheus deploy/grafana DESTINATION ${DOC}/examples)
# Manual pages and completions: the program prints them from the tables of --help.
set(MANUAL ${CMAKE_BINARY_DIR}/manual)
file(MAKE_DIRECTORY ${MANUAL})
add_custom_command(OUTPUT ${MANUAL}/carepace.1.gz ${MANUAL}/carepace.yaml.5.gz
		${MANUAL}/carepace ${MANUAL}/_carepace
	COMMAND sh -ec "$<TARGET_FILE:carepace> help bash >carepace"
	COMMAND sh -ec "$<TARGET_FILE:carepace> help zsh >_carepace"
	COMMAND sh -ec "$<TARGET_FILE:carepace> help carepace.1 | ${GZIP} -9nc >carepace.1.gz"
	COMMAND sh -ec "$<TARGET_FILE:carepace> help carepace.yaml.5 | ${GZIP} -9nc >carepace.yaml.5.gz"
	DEPENDS carepace WORKING_DIRECTORY ${MANUAL} VERBATIM)
add_custom_target(manual ALL DEPENDS ${MANUAL}/carepace.1.gz)
install(FILES ${MANUAL}/carepace.1.gz DESTINATION share/man/man1)
install(FILES ${MANUAL}/carepace.yaml.5.gz DESTINATION share/man/man5)
install(FILES ${MANUAL}/carepace DESTINATION share/bash-completion/completions)
install(FILES ${MANUAL}/_carepace DESTINATION share/zsh/vendor-completions)
install(FILES deploy/debian/lintian-overrides DESTINATION share/lintian/overrides RENAME carepace)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME carepace)
set(CPACK_PACKAGE_CONTACT "Carepace maintainers <maintainers@carepace.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
	OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_VERSION ${CAREPACE_PACKAGE_VERSION})
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# systemd makes the user, hands over the keys and restarts; tzdata has the calendar days.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd (>= 252), tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "systemd-timesyncd | time-daemon")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "telemetry gateway for treatment devices")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Receives what the treatment devices of a clinic report (MQTT over mutual TLS),
checks each use against recommended intervals and maintenance schedules,
answers while the client is still on the chair, keeps everything safe on disk
and tells head office.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
	${CMAKE_SOURCE_DIR}/deploy/debian/postinst ${CMAKE_SOURCE_DIR}/deploy/debian/prerm
	${CMAKE_SOURCE_DIR}/deploy/debian/postrm ${CMAKE_SOURCE_DIR}/deploy/debian/conffiles
	${CMAKE_SOURCE_DIR}/deploy/debian/triggers)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
