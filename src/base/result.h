// Errors as values. A function that can fail returns Result<T> or Status; the error is a code for programs
// and one sentence, holding the offending figures, for people. Nothing in Tandem throws across a room's edge.
#pragma once

#include <fmt/format.h>

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace tandem {

// What went wrong, as coarse as a caller or a script needs to react. ExitCode() makes a process exit code of
// it.
enum class ErrorCode {
  kUsage,     // flags or arguments that make no sense
  kFile,      // a file that is missing, unreadable, truncated or hostile
  kModel,     // a model that this program cannot run, or two that do not fit each other
  kContext,   // more positions asked for than the context has
  kNetwork,   // nobody answers, or the link was lost for good
  kBusy,      // the cloud has no room for another session now
  kProtocol,  // a peer of another protocol version, or one that breaks the protocol
  kAuth,      // wrong or missing token
  kResource,  // out of memory, threads or ports
  kInternal,  // a bug in Tandem
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // one sentence without a trailing newline

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

// Returns an error: `return Fail(ErrorCode::kFile, "cannot read {}: {}", path, why);`
template <class... Args>
tl::unexpected<Error> Fail(ErrorCode code, fmt::format_string<Args...> text, Args&&... args) {
  return tl::unexpected(Error{code, fmt::format(text, std::forward<Args>(args)...)});
}

// The same error, passed on from a Result of another type.
template <class T>
tl::unexpected<Error> Forward(const Result<T>& failed) {
  return tl::unexpected(failed.error());
}

// Process exit code of an error: 1 internal, 2 usage, 3 file, 4 model, 5 context, 6 network, 7 busy, 8
// protocol, 9 auth, 10 resource. 0 is success and 130 an interrupt; docs/cli.md lists them for users.
int ExitCode(ErrorCode code);

// Short lower-case name of a code ("file", "network", ...), as in --json output.
const char* ErrorName(ErrorCode code);

}  // namespace tandem
