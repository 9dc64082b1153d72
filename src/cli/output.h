// Where a verb's words go. stdout carries the answer alone: the text, or with --json one object. Everything
// else is a line on stderr.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem {

// One line on stderr, after "tandem: ".
void Tell(const std::string& line);

// Text from outside for a message: control characters replaced, cut to 80 bytes.
std::string Printable(std::string_view text);

// One line without its end; bytes that are no UTF-8 become U+FFFD.
std::string JsonText(const nlohmann::ordered_json& object);

// Prints one object to stdout, in one line.
void PrintJson(const nlohmann::ordered_json& object);

// {code, message}, as every verb reports an error inside its object.
nlohmann::ordered_json ErrorJson(const Error& error);

// Says what went wrong, as a line on stderr and with `json` as {"error": ...} on stdout too, and returns the
// exit code.
int Report(const Error& error, bool json);

// Numbers of a report are rounded to this many places: more would claim a precision that no run has.
double Rounded(double value, int places);

}  // namespace tandem
