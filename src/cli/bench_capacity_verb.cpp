// tandem bench capacity: how many clients one server carries, three ways.
#include <nlohmann/json.hpp>
#include <set>

#include "cli/bench_capacity.h"
#include "cli/interruptible.h"
#include "cli/numbers.h"
#include "cli/output.h"
#include "cli/prompt_file.h"
#include "cli/verbs.h"
#include "lab/roofline.h"

namespace tandem {

namespace {

constexpr int64_t kMostClients = 256;
constexpr size_t kPrompts = 8;

// "1,4,16" as numbers.
Result<std::vector<int>> ParseClients(const std::string& text) {
  std::vector<int> clients;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    const auto count = ParseInteger(std::string_view(text).substr(begin, end - begin));
    if (!count || *count < 1 || *count > kMostClients)
      return Fail(ErrorCode::kUsage,
                  "--clients is '{}' but must be whole numbers of 1 to {} with commas between",
                  Printable(text), kMostClients);
    clients.push_back(static_cast<int>(*count));
    begin = end + 1;
  }
  return clients;
}

Result<CapacityOptions> OptionsOf(const Arguments& arguments) {
  auto clients = ParseClients(arguments.Text("clients"));
  if (!clients) return Forward(clients);
  auto prompts = ReadPrompts(arguments.Text("prompts"), kPrompts);
  if (!prompts) return Forward(prompts);
  CapacityOptions options;
  options.clients = std::move(*clients);
  options.prompts = std::move(*prompts);
  options.rtt = arguments.Duration("rtt");
  options.tokens = static_cast<int32_t>(arguments.Integer("predict"));
  options.rounds = static_cast<int>(arguments.Integer("rounds"));
  options.seed = arguments.Seed("seed");
  options.threads = static_cast<int>(arguments.Integer("threads"));
  options.quick = arguments.Switch("quick");
  return options;
}

nlohmann::ordered_json CurveJson(const CapacityCurve& curve) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const RowCost& cost : curve.points)
    points.push_back({{"rows", cost.rows},
                      {"texts", cost.texts},
                      {"ms", Rounded(cost.ms, 3)},
                      {"median_ms", Rounded(cost.median_ms, 3)}});
  return {{"model", curve.model},
          {"rows_at_1_5", curve.knee_half},
          {"rows_at_2", curve.knee_double},
          {"points", std::move(points)}};
}

nlohmann::ordered_json RowJson(const CapacityRow& row) {
  nlohmann::ordered_json json = {{"how", row.how},
                                 {"target", row.target},
                                 {"clients", row.clients},
                                 {"scheme", row.scheme},
                                 {"k", row.k},
                                 {"server_tokens_per_s", Rounded(row.server_tokens_per_s, 2)},
                                 {"client_ms_per_token", Rounded(row.client_ms_per_token, 3)},
                                 {"server_ms_per_token", Rounded(row.server_ms_per_token, 4)},
                                 {"acceptance", Rounded(row.acceptance, 4)},
                                 {"rtt_ms", row.rtt_ms}};
  if (row.how == "live") {
    json["speed_ratio"] = Rounded(row.speed_ratio, 3);
    json["server_ratio"] = Rounded(row.server_ratio, 3);
  }
  return json;
}

nlohmann::ordered_json ToJson(const Capacity& capacity) {
  nlohmann::ordered_json curves = nlohmann::ordered_json::array(), rows = curves, devices = curves;
  for (const CapacityCurve& curve : capacity.curves) curves.push_back(CurveJson(curve));
  for (const CapacityRow& row : capacity.rows) rows.push_back(RowJson(row));
  for (const RooflinePair& pair : RooflinePairs())
    devices.push_back({{"device", pair.server.name},
                       {"source", pair.server.source},
                       {"model", pair.target.name},
                       {"knee_rows", Rounded(RooflineKnee(pair.server, pair.target), 1)}});
  return {{"cores", capacity.cores},
          {"threads", capacity.threads},
          {"acceptance", Rounded(capacity.acceptance, 4)},
          {"edge_draft_ms", Rounded(capacity.edge_draft_ms, 3)},
          {"curves", std::move(curves)},
          {"rooflines", std::move(devices)},
          {"rows", std::move(rows)}};
}

std::string Knee(int rows) {
  return rows == 0 ? "never" : fmt::format("{}", rows);
}

void PrintCurve(const CapacityCurve& curve) {
  fmt::print("{}: rows that cost 1.5 steps of one: {}, 2 steps: {} (of many texts)\n", curve.model,
             Knee(curve.knee_half), Knee(curve.knee_double));
  std::set<int> rows;
  for (const RowCost& cost : curve.points) rows.insert(cost.rows);
  const auto line = [&](std::string_view name, const auto& wanted, const auto& value) {
    fmt::print("  {:<22}", name);
    for (const int r : rows) {
      std::string cell = "-";
      for (const RowCost& cost : curve.points)
        if (cost.rows == r && wanted(cost)) cell = fmt::format("{:.4g}", value(cost));
      fmt::print("{:>8}", cell);
    }
    fmt::print("\n");
  };
  const auto one = [](const RowCost& cost) { return cost.texts == 1; };
  const auto many = [](const RowCost& cost) { return cost.texts > 1 || cost.rows == 1; };
  const auto quickest = [](const RowCost& cost) { return cost.ms; };
  line("rows", many, [](const RowCost& cost) { return double(cost.rows); });
  line("one text, ms", one, quickest);
  line("many texts, ms", many, quickest);
  line("many texts, median ms", many, [](const RowCost& cost) { return cost.median_ms; });
  fmt::print("\n");
}

void PrintRow(const CapacityRow& row) {
  fmt::print("{:<11}{:<24}{:>8}  {:<8}{:>3}{:>12.1f}{:>14.2f}{:>14}{:>12}{}\n", row.how, row.target,
             row.clients, row.scheme, row.scheme == "server" ? std::to_string(row.k) : "-",
             row.server_tokens_per_s, row.client_ms_per_token,
             row.server_ms_per_token > 0 ? fmt::format("{:.3f}", row.server_ms_per_token) : "-",
             row.acceptance > 0 ? fmt::format("{:.2f}", row.acceptance) : "-",
             row.how == "live" ? fmt::format("  against its simulation: speed {:.2f}, server's time {:.2f}",
                                             row.speed_ratio, row.server_ratio)
                               : "");
}

void Print(const Capacity& capacity) {
  for (const CapacityCurve& curve : capacity.curves) PrintCurve(curve);
  fmt::print("a draft at the edge {:.2f} ms; acceptance {:.2f}\n", capacity.edge_draft_ms,
             capacity.acceptance);
  fmt::print("live rows: the server has {} of {} cores, {}\n", std::min(capacity.threads, capacity.cores),
             capacity.cores,
             capacity.cores > capacity.threads ? "all clients the rest" : "and shares them with all clients");
  for (const RooflinePair& pair : RooflinePairs())
    fmt::print("{} on {} ({}): rows cost beyond {:.0f}\n", pair.target.name, pair.server.name,
               pair.server.source, RooflineKnee(pair.server, pair.target));
  fmt::print("roofline rows are reckoned from datasheets, not measured\n\n");
  fmt::print("{:<11}{:<24}{:>8}  {:<8}{:>3}{:>12}{:>14}{:>14}{:>12}\n", "how", "target", "clients", "scheme",
             "k", "tokens/s", "client ms/t", "server ms/t", "acceptance");
  for (const CapacityRow& row : capacity.rows) PrintRow(row);
}

}  // namespace

int BenchCapacityVerb(const Arguments& arguments) {
  const auto measure = [&](const std::function<bool()>& stopped) -> Result<Capacity> {
    auto options = OptionsOf(arguments);
    if (!options) return Forward(options);
    return MeasureCapacity(*options, Tell, stopped);
  };
  return MeasureAndPrint(arguments.Switch("json"), measure, ToJson, Print);
}

}  // namespace tandem
