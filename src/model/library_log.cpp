// See library_log.h.
#include "model/library_log.h"

#include <llama.h>

#include <algorithm>

namespace tandem {

namespace {

constexpr size_t kMaxText = 600;  // an error message, not a log

thread_local std::string* capture = nullptr;

void Sink(ggml_log_level level, const char* text, void*) {
  if (level == GGML_LOG_LEVEL_ERROR && capture != nullptr && capture->size() < kMaxText) *capture += text;
}

}  // namespace

LogCapture::LogCapture() : outer_(capture) {
  [[maybe_unused]] static const bool installed = [] {
    llama_log_set(Sink, nullptr);  // sets ggml's as well
    return true;
  }();
  capture = &text_;
}

LogCapture::~LogCapture() {
  capture = outer_;
}

std::string LogCapture::Errors(const std::string& otherwise) const {
  std::string text = text_.substr(0, kMaxText);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 32) c = ' ';
  }
  return text.empty() ? otherwise : text;
}

}  // namespace tandem
