// Certificates, keys and the store of trusted issuers, see tls.h.
#include "wire/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

namespace tandem {
namespace {

// The cause of the oldest error that OpenSSL noted, and a clean slate for the next call.
std::string Cause() {
  const unsigned long code = ERR_get_error();
  const char* reason = ERR_reason_error_string(code);
  ERR_clear_error();
  return reason != nullptr ? reason : "no reason given";
}

// OpenSSL says of a missing file what it says of many other troubles.
Status CheckReadable(std::string_view what, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char byte = 0;
  if (file && (file.get(byte) || file.eof())) return {};
  return Fail(ErrorCode::kFile, "cannot read the {} {}: {}", what, path, std::strerror(errno));
}

// OpenSSL would ask for the password of an encrypted key on the terminal.
int NoPassword(char*, int, int, void*) {
  return -1;
}

Result<std::shared_ptr<TlsContext>> MakeContext(const SSL_METHOD* method) {
  ERR_clear_error();
  SSL_CTX* raw = SSL_CTX_new(method);
  if (raw == nullptr) return Fail(ErrorCode::kResource, "no TLS here: {}", Cause());
  auto context = std::make_shared<TlsContext>(raw);
  SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
  SSL_CTX_set_default_passwd_cb(raw, NoPassword);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  return context;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsOfEdge(const std::string& ca_file) {
  auto context = MakeContext(TLS_client_method());
  if (!context) return Forward(context);
  SSL_CTX* raw = (*context)->get();
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(raw) != 1)
      return Fail(ErrorCode::kFile, "cannot read the system's store of certificates: {}", Cause());
    return *context;
  }
  if (Status s = CheckReadable("trusted certificates in", ca_file); !s) return Forward(s);
  if (SSL_CTX_load_verify_file(raw, ca_file.c_str()) != 1)
    return Fail(ErrorCode::kFile, "{} holds no certificate in PEM form: {}", ca_file, Cause());
  return *context;
}

Result<std::shared_ptr<const TlsContext>> TlsOfCloud(const std::string& cert_file,
                                                     const std::string& key_file) {
  auto context = MakeContext(TLS_server_method());
  if (!context) return Forward(context);
  SSL_CTX* raw = (*context)->get();
  SSL_CTX_set_num_tickets(raw, 0);  // nobody resumes: a text's connection is long, and tickets cost 500 bytes
  if (Status s = CheckReadable("certificate", cert_file); !s) return Forward(s);
  if (Status s = CheckReadable("key", key_file); !s) return Forward(s);
  if (SSL_CTX_use_certificate_chain_file(raw, cert_file.c_str()) != 1)
    return Fail(ErrorCode::kFile, "{} holds no certificate in PEM form: {}", cert_file, Cause());
  const bool loaded = SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  const bool other_pair = !loaded && ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
  if (!loaded && !other_pair)
    return Fail(ErrorCode::kFile, "{} holds no key in PEM form without a password: {}", key_file, Cause());
  // A key of another kind (RSA beside an EC certificate) loads, and shows only here.
  if (other_pair || SSL_CTX_check_private_key(raw) != 1) {
    ERR_clear_error();
    return Fail(ErrorCode::kFile, "the key in {} does not belong to the certificate in {}", key_file,
                cert_file);
  }
  return *context;
}

}  // namespace tandem
