// The OpenSSL object behind tls.h, for the .cpp files of the transport.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "wire/tls.h"

namespace tandem {

class TlsContext {
 public:
  explicit TlsContext(SSL_CTX* owned) : context_(owned) {}
  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace tandem
