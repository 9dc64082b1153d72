#!/usr/bin/env bash
# What a cut costs in quality: the recipes of bench/sweeps/recipes.json at one and at half of the layers, then system 1's
# experiment (bench/sweeps/system1.json) and codecs without its cliff (planted.json), with sinks as they are and planted,
# on both story models. Prints the tables and
# leaves a folder a sweep, which an interrupted run is taken up from. Counts, not times: a loaded machine does.
#   bench/quality.sh [FOLDER (build/quality)] [options of tandem perplexity]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-build/quality}
shift || true
shared=../shared
text=$shared/data/tinystories-sample-197k.txt
if [ ! -f "$text" ]; then echo "bench/quality.sh: $text is not there: nothing to measure on" >&2; exit 3; fi

for model in models/demo-target-q8_0.gguf $shared/models/stories15M-q8_0.gguf; do
  name=$(basename "$model" .gguf)
  build/tandem perplexity --model "$model" -f "$text" --sweep bench/sweeps/recipes.json --form chunks \
    -o "$out/recipes-$name" "$@"
  build/tandem perplexity --model "$model" -f "$text" --sweep bench/sweeps/system1.json --stride 128 \
    --max-windows 100 -o "$out/system1-$name" "$@"
  build/tandem perplexity --model "$model" -f "$text" --sweep bench/sweeps/planted.json --form chunks \
    --max-windows 100 -o "$out/planted-$name" "$@"
done
