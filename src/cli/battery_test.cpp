// Batteries as /sys tells of them, in a folder made up.
#include "cli/battery.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tandem {
namespace {

class Supplies : public testing::Test {
 protected:
  Supplies() : folder_(testing::TempDir() + "tandem-battery-" + std::to_string(getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~Supplies() override { std::filesystem::remove_all(folder_); }

  void Add(const std::string& name, const std::string& type, const std::string& status,
           const std::string& capacity, const std::string& scope = "") {
    const std::string supply = folder_ + "/" + name;
    std::filesystem::create_directories(supply);
    for (const auto& [file, text] : {std::pair("type", type), std::pair("status", status),
                                     std::pair("capacity", capacity), std::pair("scope", scope)}) {
      if (!text.empty()) std::ofstream(supply + "/" + file) << text << "\n";
    }
  }

  std::string folder_;
};

TEST_F(Supplies, NoneIsMains) {
  EXPECT_FALSE(BatteryLevel(folder_));
  EXPECT_FALSE(BatteryLevel(folder_ + "/not-there"));
}

TEST_F(Supplies, TheFullestBatteryThatDischargesCounts) {
  Add("AC", "Mains", "", "");
  Add("BAT0", "Battery", "Discharging", "12");
  Add("BAT1", "Battery", "Discharging", "40");
  Add("BAT2", "Battery", "Full", "100");
  Add("hid-mouse", "Battery", "Discharging", "90", "Device");
  ASSERT_TRUE(BatteryLevel(folder_));
  EXPECT_DOUBLE_EQ(*BatteryLevel(folder_), 0.4);
}

TEST_F(Supplies, OnMainsABatteryDoesNotCount) {
  Add("BAT0", "Battery", "Charging", "12");
  EXPECT_FALSE(BatteryLevel(folder_));
}

TEST_F(Supplies, NonsenseIsPassedOver) {
  Add("BAT0", "Battery", "Discharging", "lots");
  Add("BAT1", "Battery", "Discharging", "400");
  EXPECT_FALSE(BatteryLevel(folder_));
}

TEST(Battery, WordsAreReadOrRefused) {
  EXPECT_TRUE(ParseBattery("auto")->automatic);
  EXPECT_FALSE(ParseBattery("mains")->level);
  EXPECT_DOUBLE_EQ(*ParseBattery("35%")->level, 0.35);
  for (const char* word : {"", "35", "101%", "-1%", "full", "%"}) EXPECT_FALSE(ParseBattery(word)) << word;
}

TEST(Battery, WeighsMoreAsItEmpties) {
  EXPECT_EQ(EdgeWeightOf(std::nullopt), 0);
  EXPECT_EQ(EdgeWeightOf(1.0), 0);
  EXPECT_DOUBLE_EQ(EdgeWeightOf(0.5), 1);
  EXPECT_DOUBLE_EQ(EdgeWeightOf(0.0), 19);
}

}  // namespace
}  // namespace tandem
