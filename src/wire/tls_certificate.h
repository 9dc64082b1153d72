// What is wrong with a peer's certificate, for people. Internal to the transport.
#pragma once

#include <openssl/x509.h>

#include <string>

namespace tandem {

// Of a check that just failed: the rest of a sentence that begins with "the certificate of HOST:PORT ...".
// `host`: what it should have been made out to.
std::string CertificateFlaw(X509_STORE_CTX* check, const std::string& host);

}  // namespace tandem
