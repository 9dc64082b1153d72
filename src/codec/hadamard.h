// Block-Hadamard rotation of a row: every block of 2^k values is multiplied by the Sylvester-Hadamard matrix
// over sqrt(2^k), by the fast Walsh-Hadamard transform. The matrix is symmetric and orthogonal: it keeps a
// row's length, and applied twice it gives the row back (to float rounding). One outlying channel becomes
// 2^k even ones, which is why integers with few levels want it (QuaRot, arXiv 2404.00456).
#pragma once

#include <cstddef>
#include <span>

namespace tandem {

// The largest power of two that divides `width` >= 1, in values: 32 for 288, 128 for 896, 2048 for 2048.
size_t HadamardBlock(size_t width);

// In place. row.size() is a multiple of `block`, a power of two; `scratch` holds `block` floats. log2(block)
// additions a value.
void Rotate(std::span<float> row, size_t block, std::span<float> scratch);

}  // namespace tandem
