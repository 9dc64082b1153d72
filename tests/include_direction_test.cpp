// The direction of includes between the rooms of src/: a file includes only its own room, the rooms its row
// of the table names, and what those may include. And third-party types stay where they belong: nothing
// outside src/wire sees a Boost header, nothing of the rooms that work with plain ids and floats sees one of
// ggml or libllama, directly or through another header.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tandem {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string>;

struct Room {
  std::string name;
  Names may_include;
  bool sees_ggml = false;  // may include ggml and libllama
};

// docs/architecture.md, "Rooms", with the places of the rooms to come.
const std::vector<Room>& Rooms() {
  static const std::vector<Room> rooms = {
      {"base", {}},
      {"model", {"base"}, true},
      {"decode", {"model"}, true},
      {"sample", {"base"}},
      {"thin", {"decode"}, true},
      {"codec", {"base"}},
      {"wire", {"base", "codec"}},
      {"cloud", {"decode", "sample", "codec", "wire"}},
      {"edge", {"decode", "sample", "thin", "codec", "wire"}},
      {"api", {"edge"}},
      {"learn", {"decode", "codec", "wire"}, true},
      {"lab", {"cloud", "edge", "learn"}},
      {"serve", {"edge"}},
      {"cli", {"cloud", "edge", "learn", "lab", "serve"}},
  };
  return rooms;
}

// Single files that may name ggml or libllama in a room that otherwise may not: the other side of the
// benchmark, and the version of ggml for `tandem version`.
const std::set<std::string> kNamesGgml = {"cli/llama_peer.cpp", "cli/version.cpp"};
// The only files that may name Boost.
const std::set<std::string> kNamesBoost = {"wire/beast.h", "wire/asio_src.cpp", "wire/tls_stream.cpp"};

const Room* FindRoom(const std::string& name) {
  for (const Room& room : Rooms()) {
    if (room.name == name) return &room;
  }
  return nullptr;
}

std::set<std::string> Reachable(const Room& room) {
  std::set<std::string> all{room.name};
  for (const std::string& name : room.may_include) all.merge(Reachable(*FindRoom(name)));
  return all;
}

// A file's includes, as written between the quotes or brackets, by the file's path under src/.
using Sources = std::map<std::string, Names>;

std::string RoomOf(const std::string& path) {
  return path.substr(0, path.find('/'));
}

bool IsBoost(const std::string& header) {
  return header.starts_with("boost/");
}
bool IsGgml(const std::string& header) {
  return header.starts_with("ggml") || header.starts_with("gguf") || header.starts_with("llama");
}

// What a file sees through all headers it includes.
void Collect(const Sources& sources, const std::string& path, std::set<std::string>& seen) {
  const auto file = sources.find(path);
  if (file == sources.end()) return;
  for (const std::string& header : file->second) {
    if (seen.insert(header).second) Collect(sources, header, seen);
  }
}

bool Sees(const std::set<std::string>& seen, bool (*kind)(const std::string&)) {
  return std::any_of(seen.begin(), seen.end(), kind);
}

Names DirectionFaults(const Sources& sources) {
  Names faults;
  for (const auto& [path, headers] : sources) {
    const Room* room = FindRoom(RoomOf(path));
    if (room == nullptr) {
      faults.push_back(path + " lies in no room of the table");
      continue;
    }
    const std::set<std::string> allowed = Reachable(*room);
    for (const std::string& header : headers) {
      if (FindRoom(RoomOf(header)) != nullptr && !allowed.contains(RoomOf(header))) {
        faults.push_back(path + " includes " + header);
      }
    }
  }
  return faults;
}

Names BoostFaults(const Sources& sources) {
  Names faults;
  for (const auto& [path, headers] : sources) {
    if (!kNamesBoost.contains(path) && std::any_of(headers.begin(), headers.end(), IsBoost)) {
      faults.push_back(path + " names a Boost header");
    }
    std::set<std::string> seen;
    Collect(sources, path, seen);
    if (RoomOf(path) != "wire" && Sees(seen, IsBoost)) faults.push_back(path + " sees Boost");
  }
  return faults;
}

// The program's verbs (cli) do see ggml through model/ headers; they only may not name it.
Names GgmlFaults(const Sources& sources) {
  Names faults;
  for (const auto& [path, headers] : sources) {
    const Room* room = FindRoom(RoomOf(path));
    if (room == nullptr || room->sees_ggml || kNamesGgml.contains(path)) continue;
    std::set<std::string> seen;
    Collect(sources, path, seen);
    if (std::any_of(headers.begin(), headers.end(), IsGgml)) {
      faults.push_back(path + " names a header of ggml or libllama");
    } else if (room->name != "cli" && Sees(seen, IsGgml)) {
      faults.push_back(path + " sees ggml or libllama");
    }
  }
  return faults;
}

// The header of an #include line; empty for any other line.
std::string HeaderOf(const std::string& line) {
  const size_t hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || line[hash] != '#') return {};
  const size_t word = line.find_first_not_of(" \t", hash + 1);
  if (word == std::string::npos || line.compare(word, 7, "include") != 0) return {};
  const size_t open = line.find_first_of("\"<", word + 7);
  if (open == std::string::npos) return {};
  const size_t close = line.find(line[open] == '<' ? '>' : '"', open + 1);
  return close == std::string::npos ? std::string() : line.substr(open + 1, close - open - 1);
}

Names HeadersIn(const std::filesystem::path& file) {
  Names headers;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (std::string header = HeaderOf(line); !header.empty()) headers.push_back(std::move(header));
  }
  return headers;
}

Sources ReadSources() {
  const std::filesystem::path root = std::filesystem::path(TANDEM_SOURCE_DIR) / "src";
  Sources sources;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string extension = entry.path().extension().string();
    const std::string path = entry.path().lexically_relative(root).generic_string();
    const bool is_test = path.ends_with("_test.cpp");
    if ((extension == ".h" || extension == ".cpp") && !is_test) sources[path] = HeadersIn(entry.path());
  }
  return sources;
}

TEST(IncludeDirection, NoRoomIncludesDownwards) {
  const Sources sources = ReadSources();
  ASSERT_GT(sources.size(), 50u) << "the sources were not found";
  EXPECT_THAT(DirectionFaults(sources), IsEmpty());
}

TEST(IncludeDirection, BoostStaysInTheWireRoom) {
  EXPECT_THAT(BoostFaults(ReadSources()), IsEmpty());
}

TEST(IncludeDirection, GgmlStaysBelowTheEngine) {
  EXPECT_THAT(GgmlFaults(ReadSources()), IsEmpty());
}

// No type of ours, of ggml, Boost, fmt or tl::expected can stand in a header that includes none of them.
TEST(IncludeDirection, ThePublicFaceNamesTheStandardLibraryOnly) {
  const std::filesystem::path folder = std::filesystem::path(TANDEM_SOURCE_DIR) / "include/tandem";
  size_t headers = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    for (const std::string& header : HeadersIn(entry.path())) {
      EXPECT_EQ(header.find_first_of("/."), std::string::npos) << entry.path() << " includes " << header;
      ++headers;
    }
  }
  EXPECT_GT(headers, 3u) << "the public header was not found";
}

// The checks themselves, on sources that break the rules.
TEST(IncludeDirection, FaultsAreFound) {
  const Sources sources = {
      {"base/a.h", {"sample/warp.h"}},
      {"sample/b.cpp", {"decode/engine.h", "base/types.h", "vector"}},
      {"cloud/c.cpp", {"wire/frame.h", "model/model.h", "edge/runner.h"}},
      {"attic/d.cpp", {}},
  };
  EXPECT_THAT(DirectionFaults(sources),
              ElementsAre("attic/d.cpp lies in no room of the table", "base/a.h includes sample/warp.h",
                          "cloud/c.cpp includes edge/runner.h", "sample/b.cpp includes decode/engine.h"));
}

TEST(IncludeDirection, LeaksThroughHeadersAreFound) {
  const Sources sources = {
      {"wire/beast.h", {"boost/asio.hpp"}},      {"wire/link.h", {"wire/beast.h"}},
      {"wire/frame.cpp", {"boost/version.hpp"}}, {"edge/a.cpp", {"wire/link.h"}},
      {"decode/kv_cache.h", {"ggml-backend.h"}}, {"cloud/b.cpp", {"decode/kv_cache.h"}},
      {"cli/bench.cpp", {"decode/kv_cache.h"}},  {"cli/show.cpp", {"llama.h"}},
      {"cli/version.cpp", {"ggml.h"}},
  };
  EXPECT_THAT(BoostFaults(sources),
              ElementsAre("edge/a.cpp sees Boost", "wire/frame.cpp names a Boost header"));
  EXPECT_THAT(GgmlFaults(sources), ElementsAre("cli/show.cpp names a header of ggml or libllama",
                                               "cloud/b.cpp sees ggml or libllama"));
}

TEST(IncludeDirection, IncludeLinesAreRead) {
  EXPECT_EQ(HeaderOf("#include \"base/types.h\""), "base/types.h");
  EXPECT_EQ(HeaderOf("  #  include <vector>  // why"), "vector");
  EXPECT_EQ(HeaderOf("// #include \"base/types.h\""), "");
  EXPECT_EQ(HeaderOf("#include"), "");
  EXPECT_EQ(HeaderOf("#define X \"y\""), "");
}

}  // namespace
}  // namespace tandem
