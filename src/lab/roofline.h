// What a decode step would cost on a device that was not measured, from its datasheet: the larger of moving
// the weights and computing the rows (Williams et al., "Roofline", CACM 52-4, 2009). A floor: real kernels
// reach neither peak.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace tandem {

struct RooflineDevice {
  std::string_view name;
  double bytes_per_second = 0;
  double flops_per_second = 0;  // dense, of the type computed in
  std::string_view source;
};

struct RooflineModel {
  std::string_view name;
  double weight_bytes = 0;   // read once a step
  double flops_per_row = 0;  // two for each weight
  double kv_bytes = 0;       // of one text's cache at the context meant, read once a step
};

// us of a step of `rows` rows that belong to `texts` texts.
double RooflineUs(const RooflineDevice& device, const RooflineModel& model, int rows, int texts,
                  double overhead_us = 0);

// Rows that a step over one text computes while it moves the weights: beyond them rows cost.
double RooflineKnee(const RooflineDevice& device, const RooflineModel& model);

// [i]: a step of i + 1 rows of up to `texts` texts, up to `most` rows.
std::vector<Micros> RooflineCosts(const RooflineDevice& device, const RooflineModel& model, int texts,
                                  int most);

// A server, what it serves, and the draft: on the server, and at an edge.
struct RooflinePair {
  RooflineDevice server;
  RooflineModel target, draft;
  RooflineDevice edge;
  RooflineModel edge_draft;
};

// The pairs that `tandem bench capacity` reckons with.
std::span<const RooflinePair> RooflinePairs();

}  // namespace tandem
