# Debian packages, and the FlatBuffers header that is generated at build time by the flatc of the installed version.
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(tl-expected REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(zstd 1.5 REQUIRED)
find_package(CLI11 2 REQUIRED)
find_package(nlohmann_json 3 REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)  # header-only: linear algebra of the lab
find_path(TANDEM_TOMLPLUSPLUS toml++/toml.h REQUIRED)  # used header-only: no library at run time
find_package(FlatBuffers REQUIRED CONFIG NAMES FlatBuffers flatbuffers)
find_program(TANDEM_FLATC flatc REQUIRED)
if(TANDEM_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()

set(TANDEM_SCHEMA_DIR ${CMAKE_BINARY_DIR}/generated)
add_custom_command(
  OUTPUT ${TANDEM_SCHEMA_DIR}/wire/messages_generated.h
  COMMAND ${TANDEM_FLATC} --cpp --cpp-std c++17 --scoped-enums --warnings-as-errors
          -o ${TANDEM_SCHEMA_DIR}/wire ${CMAKE_SOURCE_DIR}/src/wire/messages.fbs
  DEPENDS ${CMAKE_SOURCE_DIR}/src/wire/messages.fbs VERBATIM)
add_custom_target(tandem_schema_header DEPENDS ${TANDEM_SCHEMA_DIR}/wire/messages_generated.h)
add_library(tandem_schema INTERFACE)
add_dependencies(tandem_schema tandem_schema_header)
target_include_directories(tandem_schema SYSTEM INTERFACE ${TANDEM_SCHEMA_DIR})
