# Finds ggml and llama: an install prefix or source tree in TANDEM_LLAMA_DIR, else the pinned build in the user's cache.
set(TANDEM_LLAMA_DIR "$ENV{TANDEM_LLAMA_DIR}" CACHE PATH "llama.cpp source tree or install prefix")

if(TANDEM_LLAMA_DIR AND EXISTS "${TANDEM_LLAMA_DIR}/lib/cmake/llama/llama-config.cmake")
  set(TANDEM_LLAMA_PREFIX "${TANDEM_LLAMA_DIR}")
else()
  execute_process(COMMAND ${CMAKE_COMMAND} -E env "TANDEM_LLAMA_DIR=${TANDEM_LLAMA_DIR}" CXX= CC=
                          ${CMAKE_SOURCE_DIR}/deps/llama.sh prefix
                  OUTPUT_VARIABLE TANDEM_LLAMA_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
endif()
message(STATUS "llama.cpp: ${TANDEM_LLAMA_PREFIX}")
find_package(ggml 0.25 REQUIRED CONFIG PATHS "${TANDEM_LLAMA_PREFIX}" NO_DEFAULT_PATH)
find_package(llama 0.5 REQUIRED CONFIG PATHS "${TANDEM_LLAMA_PREFIX}" NO_DEFAULT_PATH)
