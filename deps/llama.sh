#!/usr/bin/env bash
# Builds the pinned llama.cpp once into the user's cache and prints the install prefix on stdout.
#
#   deps/llama.sh prefix             build if needed, print the prefix that CMake finds ggml and llama in
#   deps/llama.sh fixtures           the same, plus tiny random models by llama.cpp's own test-llama-archs; prints their folder
#
# The source is an npm package whose integrity hash stands in deps/llama.pin, or TANDEM_LLAMA_DIR when it names a source
# tree (an install prefix is handled by CMake alone). An entry is keyed by pin, flags, compiler and CPU, because
# GGML_NATIVE code from another machine's cache could hold instructions that this one lacks.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${TANDEM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tandem}
jobs=${TANDEM_JOBS:-$(nproc)}
# shellcheck source=/dev/null
source "$here/llama.pin"

say() { echo "llama.cpp: $*" >&2; }

# No OpenMP: its barriers spin and collapse beside other load; Tandem brings its own ggml_threadpool.
# No AMX: virtual machines exist that announce it and then fault on the first tile (seen: SIGILL in a Q8_0 product), and
# whether its tiles keep products row-invariant (docs/exactness.md) has not been tested.
flags=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON
  -DGGML_NATIVE=ON -DGGML_LLAMAFILE=ON -DGGML_OPENMP=OFF -DGGML_CCACHE=OFF -DLLAMA_OPENSSL=OFF
  -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF
  -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF
  -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_TESTS=OFF
  ${TANDEM_GGML_FLAGS:-})
no_amx=
if [ "$(uname -m)" = x86_64 ]; then no_amx="-mno-amx-tile -mno-amx-int8 -mno-amx-bf16"; fi

key() {
  { cat "$here/llama.pin"; echo "${flags[*]} $no_amx ${TANDEM_LLAMA_DIR:-}"; "${CXX:-c++}" --version | head -n 1
    "${CXX:-c++}" -march=native -Q --help=target 2>/dev/null; } | sha256sum | cut -c1-12
}
entry=$cache/llama-$version-$(key)
mkdir -p "$cache"
exec 9>"$cache/lock" && flock 9  # two configures at once build it once

fetch_source() {
  [ -f "$entry/src/CMakeLists.txt" ] && return
  mkdir -p "$entry"
  if [ -n "${TANDEM_LLAMA_DIR:-}" ]; then ln -sfn "$TANDEM_LLAMA_DIR" "$entry/src"; return; fi
  say "fetching $package@$version"
  rm -rf "$entry/fetch" && mkdir -p "$entry/fetch"
  local work=$entry/fetch
  (cd "$work" && npm pack --loglevel=error "$package@$version" >/dev/null) ||
    { say "npm cannot fetch $package@$version (its own words above)"; exit 1; }
  local got; got=sha512-$(openssl dgst -sha512 -binary "$work"/*.tgz | base64 -w0)
  [ "$got" = "$integrity" ] || { say "integrity of $package@$version is $got, expected $integrity"; exit 1; }
  tar -xzf "$work"/*.tgz -C "$work" package/llama/gitRelease.bundle
  git -c advice.detachedHead=false clone -q "$work/package/llama/gitRelease.bundle" "$entry/src.new"
  rm -rf "$work" && mv "$entry/src.new" "$entry/src"
}

build() {
  [ -f "$entry/prefix/.complete" ] && return
  fetch_source
  say "building into $entry (once; 4 to 12 minutes on two cores)"
  cmake -S "$entry/src" -B "$entry/build" -G Ninja "${flags[@]}" -DCMAKE_C_FLAGS="$no_amx" -DCMAKE_CXX_FLAGS="$no_amx" \
    -DCMAKE_INSTALL_PREFIX="$entry/prefix" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >"$entry/configure.log" 2>&1 ||
    { cat "$entry/configure.log" >&2; exit 1; }
  # ninja's own progress line, on stderr, so that the first build is seen to move
  NINJA_STATUS='llama.cpp [%f/%t %es] ' cmake --build "$entry/build" -j "$jobs" --target llama ggml >&2
  cmake --install "$entry/build" >"$entry/install.log" 2>&1 || { cat "$entry/install.log" >&2; exit 1; }
  cp "$entry/src/LICENSE" "$entry/prefix/LICENSE.llama.cpp"
  touch "$entry/prefix/.complete"
}

fixtures() {
  local out=$entry/fixtures archs='llama|qwen2|qwen3|gptneox|gpt2'
  [ -f "$out/.complete" ] && [ "$(<"$out/.complete")" = "$archs" ] && return
  say "building llama.cpp's test-llama-archs for its tiny random models (once)"
  cmake -S "$entry/src" -B "$entry/build-tests" -G Ninja "${flags[@]}" -DLLAMA_BUILD_COMMON=ON -DLLAMA_BUILD_TESTS=ON \
    -DCMAKE_C_FLAGS="$no_amx" -DCMAKE_CXX_FLAGS="$no_amx" \
    -DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache >"$entry/configure-tests.log" 2>&1 ||
    { cat "$entry/configure-tests.log" >&2; exit 1; }
  NINJA_STATUS='test-llama-archs [%f/%t %es] ' cmake --build "$entry/build-tests" -j "$jobs" --target test-llama-archs >&2
  rm -rf "$out.new" && mkdir -p "$out" "$out.new"
  "$entry/build-tests/bin/test-llama-archs" -a "^($archs)\$" -s 1 -o "$out.new" >"$entry/fixtures.log" 2>&1 ||
    { tail -n 20 "$entry/fixtures.log" >&2; exit 1; }
  mv "$out.new"/*.gguf "$out" && rmdir "$out.new"
  echo "$archs" >"$out/.complete"
}

case ${1:-} in
  prefix) build; echo "$entry/prefix" ;;
  fixtures) build; fixtures; echo "$entry/fixtures" ;;
  *) echo "usage: deps/llama.sh prefix|fixtures" >&2; exit 2 ;;
esac
