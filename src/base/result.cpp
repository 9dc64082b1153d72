// Names and exit codes of errors.
#include "base/result.h"

#include <iterator>

namespace tandem {
namespace {

struct CodeRow {
  ErrorCode code;
  int exit_code;
  const char* name;
};

constexpr CodeRow kCodes[] = {
    {ErrorCode::kInternal, 1, "internal"}, {ErrorCode::kUsage, 2, "usage"},
    {ErrorCode::kFile, 3, "file"},         {ErrorCode::kModel, 4, "model"},
    {ErrorCode::kContext, 5, "context"},   {ErrorCode::kNetwork, 6, "network"},
    {ErrorCode::kBusy, 7, "busy"},         {ErrorCode::kProtocol, 8, "protocol"},
    {ErrorCode::kAuth, 9, "auth"},         {ErrorCode::kResource, 10, "resource"},
};

const CodeRow& Find(ErrorCode code) {
  for (const CodeRow& row : kCodes) {
    if (row.code == code) return row;
  }
  return kCodes[0];
}

}  // namespace

int ExitCode(ErrorCode code) {
  return Find(code).exit_code;
}
const char* ErrorName(ErrorCode code) {
  return Find(code).name;
}

}  // namespace tandem
