// See tls_certificate.h. Names and dates are the peer's words: cleaned before they reach a message.
#include "wire/tls_certificate.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <memory>

#include "wire/text.h"

namespace tandem {
namespace {

constexpr size_t kMaxWords = 200;  // bytes of a peer's words in a message

struct FreeAny {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
using Memory = std::unique_ptr<BIO, FreeAny>;

std::string WordsOf(const Memory& memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return ToWireText({data, std::min(static_cast<size_t>(std::max(size, 0L)), kMaxWords)});
}

std::string Date(const ASN1_TIME* time) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || ASN1_TIME_print(memory.get(), time) != 1) return "an unreadable date";
  return WordsOf(memory);
}

std::string NameOf(const X509_NAME* name) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) < 0) {
    return "an unreadable name";
  }
  return WordsOf(memory);
}

// "DNS:example.org, IP Address:10.0.0.1"; empty for a certificate without alternative names.
std::string MadeOutTo(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeAny> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!names || !memory) return {};
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (i > 0) BIO_puts(memory.get(), ", ");
    GENERAL_NAME_print(memory.get(), sk_GENERAL_NAME_value(names.get(), i));
  }
  return WordsOf(memory);
}

}  // namespace

std::string CertificateFlaw(X509_STORE_CTX* check, const std::string& host) {
  const int verdict = X509_STORE_CTX_get_error(check);
  const X509* certificate = X509_STORE_CTX_get_current_cert(check);  // it, or one on the way to its issuer
  if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(check);
  if (certificate == nullptr) return "is missing";
  switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("has expired: it was good until {}", Date(X509_get0_notAfter(certificate)));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("is not valid before {}", Date(X509_get0_notBefore(certificate)));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::string names = MadeOutTo(certificate);
      return fmt::format("is made out to {}, not to {}", names.empty() ? "nobody" : names, host);
    }
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return fmt::format("is signed by {}, whom nobody here vouches for",
                         NameOf(X509_get_issuer_name(certificate)));
    default:
      return fmt::format("is not to be trusted: {}", X509_verify_cert_error_string(verdict));
  }
}

}  // namespace tandem
