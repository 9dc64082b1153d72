// Keys and trust of one side of wss://: which certificates an edge believes, which one a cloud shows. TLS 1.3
// only, through OpenSSL, whose types stay in the .cpp files.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace tandem {

class TlsContext;  // immutable, thread-safe, shared by all connections of a side

// An edge that believes certificates signed by one of those in ca_file (PEM, one or more); empty: by the
// system's store. kFile, with the path and the cause, when ca_file cannot be read or holds no certificate.
Result<std::shared_ptr<const TlsContext>> TlsOfEdge(const std::string& ca_file);

// A cloud that shows the first certificate of cert_file (PEM; those that follow lead to an issuer that edges
// know) and holds its key, which must not be encrypted. kFile, with the path and the cause: a file that
// cannot be read or holds none, or a key that belongs to another certificate.
Result<std::shared_ptr<const TlsContext>> TlsOfCloud(const std::string& cert_file,
                                                     const std::string& key_file);

}  // namespace tandem
