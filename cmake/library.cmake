# libtandem.a: the rooms up to api and the llama.cpp they are built with in one archive, so that a consumer needs
# neither our build nor that cache. `cmake --install` puts it, its header and a package file for
# find_package(tandem) under the prefix; consumers link tandem::tandem.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(TANDEM_LIBRARY ${CMAKE_BINARY_DIR}/libtandem.a)
set(members "")
foreach(room base model decode sample codec wire edge api)
  list(APPEND members $<TARGET_FILE:tandem_${room}>)
endforeach()

# Archives of llama.cpp go in; shared libraries of an install prefix of one's own stay where they are.
set(TANDEM_LIBRARY_NEEDS "")
foreach(target llama ggml::ggml ${GGML_AVAILABLE_BACKENDS} ggml::ggml-base)
  if(TARGET ggml::${target})
    set(target ggml::${target})
  endif()
  get_target_property(file ${target} IMPORTED_LOCATION)
  if(file MATCHES "\\.a$")
    list(APPEND members ${file})
  else()
    list(APPEND TANDEM_LIBRARY_NEEDS ${file})
  endif()
endforeach()

list(TRANSFORM members PREPEND "ADDLIB ")
list(JOIN members "\n" script)
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/libtandem.mri CONTENT "CREATE libtandem.a\n${script}\nSAVE\nEND\n")
add_custom_command(
  OUTPUT ${TANDEM_LIBRARY}
  COMMAND ${CMAKE_COMMAND} -E rm -f ${TANDEM_LIBRARY}
  COMMAND ${CMAKE_AR} -M < libtandem.mri
  DEPENDS tandem_base tandem_model tandem_decode tandem_sample tandem_codec tandem_wire tandem_edge
          tandem_api
          ${CMAKE_BINARY_DIR}/libtandem.mri
  WORKING_DIRECTORY ${CMAKE_BINARY_DIR} COMMENT "Joining libtandem.a")
add_custom_target(tandem_library ALL DEPENDS ${TANDEM_LIBRARY})
add_library(tandem::tandem ALIAS tandem_api)  # for those who take this tree in by add_subdirectory

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tandem)
configure_package_config_file(cmake/tandem-config.cmake.in ${CMAKE_BINARY_DIR}/tandem-config.cmake
                              INSTALL_DESTINATION ${package_dir}
                              PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/tandem-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${TANDEM_LIBRARY} DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/tandem DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_BINARY_DIR}/tandem-config.cmake ${CMAKE_BINARY_DIR}/tandem-config-version.cmake
        DESTINATION ${package_dir})
install(TARGETS tandem RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
