#!/usr/bin/env bash
# Tandem's engine against libllama on the demo target and on random models of TinyLlama-1.1B's shape (Q4_0, Q4_K, Q8_0;
# 0.6 to 1.2 GB each, written once into the cache). Options go to `tandem bench engine`; with --json one object a model.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=${TANDEM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tandem}/bench
mkdir -p "$cache"

models=(models/demo-target-q8_0.gguf)
for type in q4_0 q4_k q8_0; do
  model=$cache/tinyllama-shape-$type.gguf
  if [ ! -f "$model" ]; then
    build/tandem model random --like models/demo-target-q8_0.gguf --layers 22 --width 2048 --heads 32 --kv-heads 4 \
      --ff 5632 --vocab 32000 --ctx 2048 --type "$type" --seed 1 -o "$model" >&2
  fi
  models+=("$model")
done
for model in "${models[@]}"; do build/tandem bench engine --model "$model" "$@"; done
